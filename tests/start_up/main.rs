//! The binary as an operator starts it: what it refuses, what it says, what its commands make.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect stops there")]

mod addresses;
mod commands;
mod documentation;
mod files;
mod harness;
mod healthcheck;
mod help;
mod inspect;
mod logging;
mod refused;
mod serving;
mod sockets;
