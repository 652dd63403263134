//! Replicas that share keys and a real Redis: what one of them spent or revoked is spent or revoked at all.

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
#[path = "../start_up"]
#[expect(dead_code, reason = "the tests of the start use the rest")]
mod start_up {
    pub(crate) mod harness;
}
use doors::harness;

mod agreement;
mod away;
mod gateways;
mod inspected;
mod redis_server;
mod replicas;
mod road;
mod settings;
mod warnings;
