//! Everything on one machine: a sign-in page in oauth2-proxy's place, the sidecar, and an MCP server behind it.
//!
//! `make run` starts it on port 4180, `make run PORT=…` on another (0: any that is free). `make demo` is the same with
//! the real oauth2-proxy.
//!
//! * [`front`]: stands where oauth2-proxy stands, with [`sign_in`] for Google
//! * [`oauth2_proxy`]: the real one, and an OIDC provider with a sign-in form for Google
//! * [`sidecar`]: the real binary as a child process, with its keys and settings
//! * [`running`]: a child process that ends with the demo
//! * [`tools`]: the MCP server
//! * [`welcome`]: what to type into which assistant

mod front;
mod oauth2_proxy;
mod running;
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

use crate::{front::Front, oauth2_proxy::OAuth2Proxy, sidecar::Sidecar};

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
    let doorkeeper = Doorkeeper::wanted();
    let (port, doors) = open_doors(wanted_port(doorkeeper)?, doorkeeper).await?;
    let tools = TcpListener::bind(local(0)).await?;
    let tools_address = tools.local_addr()?;
    tokio::spawn(tools::serve(tools));
    match doorkeeper {
        Doorkeeper::OAuth2Proxy => behind_oauth2_proxy(port, doors, tools_address).await,
        Doorkeeper::StandIn => behind_the_stand_in(port, doors, tools_address).await,
    }
}

async fn behind_the_stand_in(
    port: u16,
    doors: Vec<TcpListener>,
    tools: SocketAddr,
) -> Result<Infallible, Failure> {
    let mut sidecar = Sidecar::start(port, tools, vec![]).await?;
    let front = Arc::new(Front::new(sidecar.address(), sidecar.secret())?);
    for door in doors {
        tokio::spawn(front::serve(door, front.clone()));
    }
    println!("{}", welcome::text(port, tools, &sidecar, front::ABOUT));
    Err(sidecar.ended().await)
}

async fn behind_oauth2_proxy(
    port: u16,
    doors: Vec<TcpListener>,
    tools: SocketAddr,
) -> Result<Infallible, Failure> {
    let provider = running::free_address()?;
    let mut sidecar = Sidecar::start(port, tools, oauth2_proxy::settings(provider)).await?;
    // They are its own from here on.
    drop(doors);
    let mut proxy = OAuth2Proxy::start(port, provider, &sidecar).await?;
    println!("{}", welcome::text(port, tools, &sidecar, &proxy.about()));
    tokio::select! {
        failure = sidecar.ended() => Err(failure),
        failure = proxy.ended() => Err(failure),
    }
}

/// Who asks people who they are.
#[derive(Clone, Copy)]
enum Doorkeeper {
    OAuth2Proxy,
    StandIn,
}

impl Doorkeeper {
    fn wanted() -> Self {
        if env::args().any(|argument| argument == "--oauth2-proxy") {
            Self::OAuth2Proxy
        } else {
            Self::StandIn
        }
    }

    /// How people start it.
    fn command(self) -> &'static str {
        match self {
            Self::OAuth2Proxy => "make demo",
            Self::StandIn => "make run",
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("PORT={0} is not a port number: try `{1} PORT=4190`.")]
    NoPort(String, &'static str),
    #[error("Port {0} is taken: move the demo with `{1} PORT={next}`.", next = .0.saturating_add(10))]
    PortTaken(u16, &'static str),
    #[error("Port {0} cannot be listened on ({1}): move the demo with `{2} PORT=4190`.")]
    PortRefused(u16, io::Error, &'static str),
    #[error("The sidecar is not built ({0} is missing): run `cargo build` first, or `make run`.")]
    NotBuilt(String),
    #[error("{0} is missing: run `make demo`, which installs it.")]
    NotInstalled(String),
    #[error("The sidecar could not run `{0}`: {1}")]
    Command(&'static str, String),
    #[error("{0} ended by itself ({1}); what it said is {2}.")]
    Ended(&'static str, ExitStatus, String),
    #[error("{0} was not ready within {1} seconds.")]
    NotReady(&'static str, u64),
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

fn wanted_port(doorkeeper: Doorkeeper) -> Result<u16, Failure> {
    let Some(text) = env::var_os("PORT") else { return Ok(4180) };
    let text = text.to_string_lossy();
    text.parse().map_err(|_| Failure::NoPort(text.into_owned(), doorkeeper.command()))
}

/// A browser may try `localhost` on `[::1]` first, so nobody else may answer there.
async fn open_doors(port: u16, doorkeeper: Doorkeeper) -> Result<(u16, Vec<TcpListener>), Failure> {
    let refused = |port, error| refused(port, error, doorkeeper.command());
    let ipv4 = TcpListener::bind(local(port)).await.map_err(|error| refused(port, error))?;
    let port = ipv4.local_addr()?.port();
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
        Ok(ipv6) => Ok((port, vec![ipv4, ipv6])),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(refused(port, error)),
        Err(_no_ipv6) => Ok((port, vec![ipv4])),
    }
}

fn refused(port: u16, error: io::Error, command: &'static str) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => Failure::PortTaken(port, command),
        _ => Failure::PortRefused(port, error, command),
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}
