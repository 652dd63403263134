//! MCP servers that know nothing of OAuth, each a real one: what of MCP works with them through proxy and gateway is what works without.
//!
//! The ground is that of the end-to-end tests, with many servers ([`server`], [`rust_sdk`]) [`behind`] one sidecar, each a
//! resource of its own with [`tokens`] of its own. A [`door`] is a way to such a server, with a token or straight; [`session`], [`stateless`] and
//! [`legacy`] speak the protocol's three ways as a [`client`] does, [`events`] reads answers as they arrive, [`count`] is
//! the call that takes long; [`trial`] is what is tried and [`table`] what comes out. [`resources`] and [`sdk_clients`] are
//! the rest.

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
    pub(crate) mod run_folder;
    pub(crate) mod secrets;
    pub(crate) mod stack;
    pub(crate) mod talk;
}

#[path = "../topologies/ports.rs"]
#[expect(dead_code, reason = "the tests of the topologies use the rest")]
mod ports;

use e2e::{assistant, jose, journey, mcp, part, person, run_folder, secrets, stack, stack::tool, talk};

mod behind;
mod client;
mod count;
mod door;
mod events;
mod legacy;
mod rust_sdk;
mod server;
mod session;
mod stateless;
mod tokens;

mod resources;
mod sdk_clients;
mod table;
mod trial;
