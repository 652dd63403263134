//! The whole way on real parts: oauth2-proxy, an OIDC provider, the sidecar, a `FastMCP` server, real clients, a real browser.
//!
//! The ground: [`part`], [`behind`] and [`stack`] run the parts, whose files lie in a [`run_folder`], [`person`] is a browser, [`assistant`] and [`mcp`] speak as clients do,
//! [`talk`] with client programs, [`jose`] verifies tokens with another implementation, [`secrets`] knows what no log may hold,
//! [`raw`] and [`wire`] send any bytes, [`proofs`] makes what the proxy would send; [`guarded`] is a second proxy and sidecar before
//! [`echo`], an MCP server that keeps every byte.
//! [`landing`] is the page that a person connects an assistant by, at a [`desk`] with a [`terminal`]; [`seen`] is what the sidecar's log has of it.
//! Then one file for each assistant, one for the official clients, and one each for a real browser, for refusals and for bad input.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test, panics")]

mod assistant;
mod behind;
mod desk;
mod echo;
mod framings;
mod guarded;
mod jose;
mod journey;
mod landing;
mod line_ends;
mod long_way;
mod mcp;
mod part;
mod person;
mod probes;
mod proofs;
mod raw;
mod real_server;
mod run_folder;
mod secrets;
mod seen;
mod spellings;
mod stack;
mod talk;
mod targets;
#[expect(dead_code, reason = "the tests of the assistants use the rest")]
mod terminal;
mod wire;

mod claude_code;
mod claude_desktop;
mod cursor;
mod cursor_cloud;
mod gemini_cli;
mod gemini_enterprise;
mod mcp_remote;
mod sdk_clients;

mod bad_input;
mod bad_requests;
mod browser;
mod discovery;
mod forged;
mod lost;
mod refusals;
mod smuggling;
mod what_the_client_hears;
mod what_the_server_sees;
