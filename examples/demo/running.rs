//! A child process that ends with the demo.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{Failure, local};

const PATIENCE_SECS: u64 = 30;

/// Whatever ends the demo, a panic included, ends it first; it keeps nothing that a kill could break.
pub(crate) struct Running {
    name: &'static str,
    said: String,
    child: Child,
}

impl Running {
    /// `said` is where what it says can be read.
    pub(crate) fn start(name: &'static str, command: &mut Command, said: String) -> io::Result<Self> {
        // A Ctrl-C at the terminal would otherwise reach it too, and look like a failure of its own.
        let child = command.stdin(Stdio::null()).process_group(0).spawn()?;
        Ok(Self { name, said, child })
    }

    pub(crate) async fn until_it_answers(&mut self, url: String) -> Result<(), Failure> {
        let not_ready = Failure::NotReady(self.name, PATIENCE_SECS);
        tokio::select! {
            ready = tokio::time::timeout(Duration::from_secs(PATIENCE_SECS), answers(url)) => {
                ready.map_err(|_| not_ready)?
            }
            failure = self.ended() => Err(failure),
        }
    }

    pub(crate) async fn ended(&mut self) -> Failure {
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Failure::Ended(self.name, status, self.said.clone()),
                Ok(None) => tokio::time::sleep(Duration::from_millis(100)).await,
                Err(error) => return error.into(),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_address() -> io::Result<SocketAddr> {
    let [address, _] = free_addresses()?;
    Ok(address)
}

/// Held together, so that they differ.
pub(crate) fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    let (one, other) = (TcpListener::bind(local(0))?, TcpListener::bind(local(0))?);
    Ok([one.local_addr()?, other.local_addr()?])
}

async fn answers(url: String) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    while !client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
