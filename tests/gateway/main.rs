//! The gateway as a process of its own: many streams, large bodies, few file descriptors, and hours that go by.

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
use doors::harness;

mod bodies;
mod collector;
mod descriptors;
mod held;
mod restart;
mod room;
mod sidecar;
mod streams;
mod traces;
