//! One program of the stack. It ends with its handle, and with the test run however that ends: a killed run leaves nothing behind.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Runs `"$@"` until standard input closes, which the system does for us when the test process is gone.
const UNTIL_STDIN_CLOSES: &str = r#"
    exec 3<&0
    "$@" 3<&- &
    child=$!
    { while read -r _; do :; done; kill -9 "$child"; } <&3 2>/dev/null &
    watch=$!
    wait "$child"
    code=$?
    kill "$watch" 2>/dev/null
    exit "$code"
"#;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Part {
    pub name: &'static str,
    pub log: PathBuf,
    supervisor: Child,
}

impl Part {
    /// The program sees no variable but `environment`; `log` gets all that it prints.
    pub(crate) fn start(
        name: &'static str,
        log: PathBuf,
        program: &[String],
        environment: &[(String, String)],
    ) -> Self {
        let output = File::create(&log).unwrap();
        let supervisor = Command::new("/bin/sh")
            .args(["-c", UNTIL_STDIN_CLOSES, "supervise"])
            .args(program)
            .env_clear()
            .envs(environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { name, log, supervisor }
    }

    pub(crate) fn wait_until_it_answers(&mut self, port: u16, path: &str) -> Result<(), String> {
        let began = Instant::now();
        while !answers(port, path) {
            if let Ok(Some(status)) = self.supervisor.try_wait() {
                return Err(format!("{} ended at its start ({status}):\n{}", self.name, self.tail()));
            }
            if began.elapsed() > PATIENCE {
                return Err(format!("{} did not answer in {PATIENCE:?}:\n{}", self.name, self.tail()));
            }
            thread::sleep(Duration::from_millis(30));
        }
        Ok(())
    }

    fn tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.supervisor.stdin.take());
        let _ = self.supervisor.wait();
    }
}

/// What there is to read when something went wrong.
pub(crate) fn tail(log: &Path) -> String {
    let log = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(25)..].join("\n")
}

fn answers(port: u16, path: &str) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 12];
        stream.read_exact(&mut head)?;
        // Whatever it says, but for a failure of its own.
        Ok(head[9] != b'5')
    };
    ask().unwrap_or(false)
}
