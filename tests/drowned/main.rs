//! A server that is flooded, and one that works for hours: whoever behaves is served, and nothing grows.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets what it did not expect stops there"
)]

#[path = "../http"]
#[expect(dead_code, unused_imports, reason = "the tests of the doors use the rest")]
mod doors {
    pub(crate) mod harness;
}
#[path = "../replicas/mount.rs"]
#[expect(dead_code, reason = "the tests of the replicas use the rest")]
mod mount;
#[path = "../gateway/room.rs"]
mod room;
use doors::harness;

mod complaints;
mod drowned;
mod figures;
mod floods;
mod mcp_server;
mod patience;
mod server;
mod soak;
mod stranger;
mod walk;
