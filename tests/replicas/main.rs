//! Replicas that come and go while keys and secrets turn: nothing is lost, and what may be is counted.

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
#[path = "../e2e/part.rs"]
mod part;
#[path = "../store/redis_server.rs"]
#[expect(dead_code, reason = "the tests of the store use the rest")]
mod redis_server;
use doors::harness;

mod agreement;
mod browser;
mod deployment;
mod driver;
mod edge;
mod flow;
mod load;
mod mount;
mod proxy;
mod replica;
mod signals;
mod spell;
mod steps;
mod turns;
mod verifier;
mod ways;
