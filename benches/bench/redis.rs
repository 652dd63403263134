//! A real Redis, as README wants it, and what it says it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Outcome;
use crate::process::{Process, until};
use crate::sidecar::free_address;

const MARK: &str = "counted-until-here";

pub(crate) struct Redis {
    pub(crate) process: Process,
    address: SocketAddr,
    _home: TempDir,
}

impl Redis {
    pub(crate) fn start() -> Outcome<Self> {
        let (home, address) = (TempDir::new()?, free_address()?);
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &address.port().to_string(), "--save", ""]);
        command.args(["--appendonly", "yes", "--dir"]).arg(home.path()).stdout(Stdio::null());
        let redis = Self { process: Process::start(&mut command)?, address, _home: home };
        until("redis-server answers", || redis.tell("PING"))?;
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// What clients sent, command by command, until it is asked for.
    pub(crate) fn monitor(&self) -> Outcome<Monitor> {
        self.tell("MONITOR").map(Monitor)
    }

    /// Sends a line and waits for the first line of the answer.
    fn tell(&self, command: &str) -> Outcome<BufReader<TcpStream>> {
        let mut stream = BufReader::new(TcpStream::connect(self.address)?);
        write!(stream.get_mut(), "{command}\r\n")?;
        let mut line = String::new();
        stream.read_line(&mut line)?;
        if line.starts_with(['+', '$']) { Ok(stream) } else { Err(line.into()) }
    }
}

/// Redis writes to it each command that it takes, also those of its own scripts.
pub(crate) struct Monitor(BufReader<TcpStream>);

impl Monitor {
    /// How often each command came from a client.
    pub(crate) fn counted(self, redis: &Redis) -> Outcome<BTreeMap<String, u32>> {
        redis.tell(&format!("ECHO {MARK}"))?;
        let mut counts = BTreeMap::new();
        for line in self.0.lines() {
            let line = line?;
            if line.contains(MARK) {
                return Ok(counts);
            }
            let command = line.split('"').nth(1).unwrap_or_default().to_ascii_uppercase();
            // `[0 lua]` where the address of a client would stand.
            if !line.contains(" lua] ") {
                *counts.entry(command).or_default() += 1;
            }
        }
        Err("Redis went away".into())
    }
}
