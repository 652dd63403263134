//! A Redis of its own for each test, on a socket in a folder of its own, that can be stopped and frozen.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::harness::{Ask, TestServer};

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Redis {
    home: TempDir,
    settings: Vec<String>,
    process: Option<Child>,
}

impl Redis {
    /// As docs/settings.md wants it.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(settings: &[&str]) -> Self {
        let mut redis = Self::prepared(settings);
        redis.begin();
        redis
    }

    /// Not yet there.
    pub(crate) fn prepared(settings: &[&str]) -> Self {
        let settings = settings.iter().map(|word| (*word).to_owned()).collect();
        Self { home: TempDir::new().unwrap(), settings, process: None }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.socket())
    }

    /// On the same folder again, after a stop: what it wrote there is what it knows.
    pub(crate) fn begin(&mut self) {
        let (home, socket) = (self.home.path().to_str().unwrap(), self.socket());
        let usual =
            ["--port", "0", "--unixsocket", &socket, "--dir", home, "--save", "", "--appendonly", "yes"];
        let mut command = Command::new("redis-server");
        command.args(usual).args(&self.settings).stdin(Stdio::null()).stdout(Stdio::null());
        self.process = Some(command.spawn().expect("redis-server; `make tools` installs it"));
        let begun = Instant::now();
        while !["PONG", "NOAUTH"].iter().any(|ready| self.asked(&["PING"]).contains(ready)) {
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn stop(&mut self) {
        self.signal("-TERM");
        self.process.take().unwrap().wait().unwrap();
    }

    /// Connections stay and nothing is answered.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    pub(crate) fn asked(&self, command: &[&str]) -> String {
        let output = Command::new("redis-cli").args(["-s", &self.socket()]).args(command).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// The same without a process, for who asks thousands of times: a whole command for one line.
    pub(crate) fn said(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        write!(stream, "{command}\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn socket(&self) -> String {
        self.home.path().join("redis.sock").to_str().unwrap().to_owned()
    }

    fn signal(&self, signal: &str) {
        let id = self.process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Three replicas with the same keys, the same clock and the same Redis.
pub(crate) fn replicas(redis: &Redis) -> [TestServer; 3] {
    replicas_with(redis, ("MCP_AUTH_CONSENT", ""))
}

pub(crate) fn replicas_with(redis: &Redis, more: (&str, &str)) -> [TestServer; 3] {
    let url = redis.url();
    // Each test has one client, who is refused more often than a client should be.
    let settings = [("MCP_AUTH_STORE", url.as_str()), ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0"), more];
    let first = TestServer::spawn_with(settings);
    let [second, third] = [first.again_with(settings), first.again_with(settings)];
    [first, second, third]
}

/// Asks until the answer is yes, and for how long at most.
pub(crate) async fn within(limit: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(crate) async fn readiness(server: &TestServer) -> (u16, String) {
    let answer = server.admin("/readyz").answer().await;
    (answer.status, answer.text())
}
