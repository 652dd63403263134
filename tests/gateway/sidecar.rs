//! One sidecar as a process, and what the kernel says of it.

use std::fs::{self, File};
use std::mem;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::harness::{self, PUBLIC, TestServer, browser};
use crate::room::{free_address, make_room, within};

/// It ends with its handle.
pub(crate) struct Sidecar {
    pub(crate) address: String,
    admin: String,
    process: Child,
    log: PathBuf,
    /// Signs the tokens: the keys are its own.
    issuer: TestServer,
}

impl Sidecar {
    /// In front of this MCP server.
    pub(crate) async fn start(upstream: &str) -> Self {
        Self::start_by(Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar")), upstream).await
    }

    /// A command that becomes the sidecar.
    pub(crate) async fn start_by(mut command: Command, upstream: &str) -> Self {
        make_room();
        let issuer = TestServer::spawn_today([("MCP_AUTH_ACCESS_TOKEN_SECS", "86400")]);
        let (address, admin) = (free_address(), free_address());
        command.envs(harness::vars(issuer.home())).envs([
            ("MCP_AUTH_LISTEN", address.as_str()),
            ("MCP_AUTH_ADMIN_LISTEN", admin.as_str()),
            ("MCP_AUTH_UPSTREAM", upstream),
            ("MCP_AUTH_LOG", "warn"),
        ]);
        let log = issuer.home().join("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let process = command.spawn().unwrap();
        let sidecar = Self { address, admin, process, log, issuer };
        within("ready", async || sidecar.asked("/readyz").await.is_some()).await;
        sidecar
    }

    pub(crate) async fn token(&self) -> String {
        self.issuer.tokens(&self.issuer.client().await).await.access
    }

    /// The head of the only request on its connection, with a token; each of the other headers ends in `\r\n`.
    pub(crate) async fn request(&self, method: &str, headers: &str) -> String {
        let token = self.token().await;
        format!(
            "{method} /mcp HTTP/1.1\r\nHost: {PUBLIC}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
        )
    }

    /// At the admin port; None while it does not answer.
    pub(crate) async fn asked(&self, path: &str) -> Option<String> {
        browser().get(format!("http://{}{path}", self.admin)).send().await.ok()?.text().await.ok()
    }

    /// Told to end, as an operator would.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let told = Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        assert!(told.success());
        let mut ended = None;
        within("the end", async || {
            ended = self.process.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap().code()
    }

    /// By their names, of which the kernel keeps fifteen characters.
    pub(crate) fn threads(&self) -> Vec<String> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        tasks.map(|task| name(task.unwrap()).trim().to_owned()).collect()
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// By its own clock, in seconds.
    pub(crate) async fn time(&self) -> i64 {
        let answer = browser().get(format!("http://{}/healthz", self.admin)).send().await.unwrap();
        let date = answer.headers()["date"].to_str().unwrap();
        jiff::fmt::rfc2822::parse(date).unwrap().timestamp().as_second()
    }

    /// Resident, in kilobytes.
    pub(crate) fn memory(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most that it ever was.
    pub(crate) fn most_memory(&self) -> usize {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }

    /// Descriptors once nothing is opened or closed any more.
    pub(crate) async fn at_rest(&self) -> usize {
        let mut before = 0;
        within("at rest", async || mem::replace(&mut before, self.descriptors()) == before).await;
        before
    }

    /// Of a processor, since it began.
    pub(crate) fn busy(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let ticks = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap());
        // A hundredth of a second on every Linux.
        Duration::from_millis(ticks.sum::<u64>() * 10)
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
