//! The ways to an MCP server that are compared: straight, through nginx, and through the gateway.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Outcome;
use crate::assistant::Assistant;
use crate::nginx::Nginx;
use crate::process::Process;
use crate::sidecar::{HOST, Home, Sidecar};
use crate::stub::Stub;
use crate::wire::request;

const CALL: &str =
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}"#;

pub(crate) struct Ways {
    pub(crate) home: Home,
    pub(crate) stub: Stub,
    nginx: Nginx,
    sidecar: Sidecar,
    /// One that the gateway has seen.
    pub(crate) token: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Gateway,
    Nginx,
    Straight,
}

impl Ways {
    pub(crate) fn open() -> Outcome<Self> {
        let (home, stub) = (Home::new()?, Stub::start()?);
        let nginx = Nginx::before(stub.address)?;
        let upstream = format!("http://{}", stub.address);
        let sidecar = home.sidecar(&[("MCP_AUTH_UPSTREAM", &upstream)])?;
        let mut assistant = Assistant::of(&home, &[&sidecar])?;
        let code = assistant.code()?;
        let token = assistant.exchange(&code)?.access;
        Ok(Self { home, stub, nginx, sidecar, token })
    }

    pub(crate) fn address(&self, way: Way) -> SocketAddr {
        match way {
            Way::Gateway => self.sidecar.address,
            Way::Nginx => self.nginx.address,
            Way::Straight => self.stub.address,
        }
    }

    /// CPU of what stands in between, so far.
    pub(crate) fn cpu(&self, way: Way) -> Outcome<Duration> {
        let between: &Process = match way {
            Way::Gateway => &self.sidecar.process,
            Way::Nginx => &self.nginx.process,
            Way::Straight => return Ok(Duration::ZERO),
        };
        between.cpu()
    }
}

/// A tool call with its token; `more` are further headers.
pub(crate) fn call(token: &str, more: &[&str]) -> Vec<u8> {
    let (host, token) = (format!("Host: {HOST}"), format!("Authorization: Bearer {token}"));
    let head = [
        "POST /mcp",
        &host,
        &token,
        "Content-Type: application/json",
        "Accept: application/json, text/event-stream",
        "MCP-Protocol-Version: 2025-06-18",
    ];
    request(&[&head[..], more].concat(), CALL)
}

/// A stream of so many events, so many microseconds apart.
pub(crate) fn stream(token: &str, events: u32, every: u32) -> Vec<u8> {
    let target = format!("GET /mcp/events?events={events}&every={every}");
    let (host, token) = (format!("Host: {HOST}"), format!("Authorization: Bearer {token}"));
    request(&[&target, &host, &token, "Accept: text/event-stream"], "")
}
