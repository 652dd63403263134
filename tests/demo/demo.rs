//! The demo as a child process.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

pub(crate) struct Demo {
    /// Where it says that it and its parts listen; its own address comes first.
    pub(crate) addresses: Vec<String>,
    child: Child,
    /// Kept open: the demo goes on printing.
    _said: BufReader<ChildStdout>,
}

impl Demo {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(binary());
        let command = command.args(arguments).env("PORT", "0");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let addresses = addresses(&welcome(&mut said));
        Self { addresses, child, _said: said }
    }

    pub(crate) fn port(&self) -> &str {
        self.addresses[0].split_once(':').unwrap().1
    }

    pub(crate) fn end_with(&mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        // The shell's own `kill`, for not every machine has the program.
        Command::new("sh").args(["-c", "kill -$0 $1", signal, &pid]).status().unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.end_with("TERM");
        }
        let home = binary().ancestors().nth(3).unwrap().join("demo").join(self.port());
        fs::remove_dir_all(home).unwrap();
    }
}

pub(crate) fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar")).with_file_name("examples").join("demo");
    assert!(binary.exists(), "the demo is not built: cargo build --example demo");
    binary
}

fn welcome(said: &mut impl BufRead) -> String {
    let mut welcome = String::new();
    while !welcome.contains("Claude Code") {
        assert_ne!(
            said.read_line(&mut welcome).unwrap(),
            0,
            "the demo ended, run it by hand to see why: {welcome}"
        );
    }
    welcome
}

fn addresses(welcome: &str) -> Vec<String> {
    let found = welcome.split(|c: char| !c.is_ascii_digit() && !".:".contains(c));
    found
        .filter_map(|word| word.trim_matches(':').parse::<SocketAddr>().ok())
        .map(|a| a.to_string())
        .collect()
}
