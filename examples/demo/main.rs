//! Everything on one machine: a sign-in page in oauth2-proxy's place, the sidecar, and an MCP server behind it.
//!
//! `make run` starts it on port 4180, `make run PORT=…` on another (0: any that is free).
//!
//! * [`front`]: stands where oauth2-proxy stands, with [`sign_in`] for Google
//! * [`sidecar`]: the real binary as a child process, with its keys and settings
//! * [`tools`]: the MCP server
//! * [`welcome`]: what to type into which assistant

mod front;
mod sidecar;
mod sign_in;
mod tools;
mod welcome;

use std::{
    convert::Infallible,
    env, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::{ExitCode, ExitStatus},
    sync::Arc,
};

use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use crate::{front::Front, sidecar::Sidecar};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // Whichever branch loses is dropped, and the sidecar with it.
    tokio::select! {
        biased;
        Ok(()) = told_to_end() => ExitCode::SUCCESS,
        Err(failure) = run() => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<Infallible, Failure> {
    let (port, doors) = open_doors(wanted_port()?).await?;
    let tools = TcpListener::bind(local(0)).await?;
    let tools_address = tools.local_addr()?;
    tokio::spawn(tools::serve(tools));

    let mut sidecar = Sidecar::start(port, tools_address).await?;
    let front = Arc::new(Front::new(sidecar.address(), sidecar.secret())?);
    for door in doors {
        tokio::spawn(front::serve(door, front.clone()));
    }
    println!("{}", welcome::text(port, tools_address, &sidecar));
    Err(sidecar.ended().await)
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("PORT={0} is not a port number: try `make run PORT=4190`.")]
    NoPort(String),
    #[error("Port {0} is taken: move the demo with `make run PORT={next}`.", next = .0.saturating_add(10))]
    PortTaken(u16),
    #[error("Port {0} cannot be listened on ({1}): move the demo with `make run PORT=4190`.")]
    PortRefused(u16, io::Error),
    #[error("The sidecar is not built ({0} is missing): run `cargo build` first, or `make run`.")]
    NotBuilt(String),
    #[error("The sidecar could not run `{0}`: {1}")]
    Command(&'static str, String),
    #[error("The sidecar ended by itself ({0}); what it said is above.")]
    SidecarEnded(ExitStatus),
    #[error("The sidecar was not ready within {0} seconds.")]
    NotReady(u64),
    #[error("The demo cannot go on: {0}.")]
    Io(#[from] io::Error),
    #[error("The demo cannot go on: {0}.")]
    Http(#[from] reqwest::Error),
}

/// A closed terminal too: the sidecar has a process group of its own and would outlive it.
async fn told_to_end() -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hangup.recv() => {}
    }
    Ok(())
}

fn wanted_port() -> Result<u16, Failure> {
    let Some(text) = env::var_os("PORT") else { return Ok(4180) };
    let text = text.to_string_lossy();
    text.parse().map_err(|_| Failure::NoPort(text.into_owned()))
}

/// A browser may try `localhost` on `[::1]` first, so nobody else may answer there.
async fn open_doors(port: u16) -> Result<(u16, Vec<TcpListener>), Failure> {
    let ipv4 = TcpListener::bind(local(port)).await.map_err(|error| refused(port, error))?;
    let port = ipv4.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(ipv6) => Ok((port, vec![ipv4, ipv6])),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(refused(port, error)),
        Err(_no_ipv6) => Ok((port, vec![ipv4])),
    }
}

fn refused(port: u16, error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::PortTaken(port),
        _ => Failure::PortRefused(port, error),
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
