//! The topologies of `deploy/`: each is started from its own files, as they stand but for a listed substitution, and gone through whole.
//!
//! The ground: [`shipped`] fits a file for loopback, [`stack`] starts the parts, [`edge`] nginx or Caddy before them, [`folder`] holds their files,
//! [`user`] is who runs one, [`wire`] sees what reaches the MCP server, [`way`] goes from a 401 to a token, [`forgery`] is what a client may send
//! to be somebody else, [`examined`] what `doctor` says. The rest of it is that of the end-to-end tests. Then one file for each topology, and the [`table`]
//! of all topologies and MCP servers, each pair [`tried`].

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test, panics")]

#[path = "../e2e"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod e2e {
    pub(crate) mod assistant;
    pub(crate) mod jose;
    pub(crate) mod journey;
    pub(crate) mod mcp;
    pub(crate) mod part;
    pub(crate) mod person;
    pub(crate) mod raw;
    pub(crate) mod secrets;
}

/// The servers that were tried, and what a client does with one.
#[path = "../servers"]
#[expect(dead_code, reason = "the tests of the servers use the rest")]
mod servers {
    pub(crate) mod client;
    pub(crate) mod count;
    pub(crate) mod door;
    pub(crate) mod events;
    pub(crate) mod legacy;
    pub(crate) mod rust_sdk;
    pub(crate) mod server;
    pub(crate) mod session;
    pub(crate) mod stateless;
    pub(crate) mod trial;
}

use e2e::{assistant, jose, journey, mcp, part, person, raw, secrets};
use program::tool;
use servers::{client, count, door, events, legacy, rust_sdk, server, session, stateless, trial};

mod counterfeit;
mod edge;
mod examined;
mod folder;
mod forgery;
mod guard;
mod ports;
mod program;
mod services;
mod shipped;
mod stack;
mod user;
mod way;
mod wire;

mod caddy;
mod compose;
mod direct;
mod gateway;
mod handshakes;
mod nginx;
mod resource_servers;
mod sockets;
mod systemd;
mod table;
mod tried;
