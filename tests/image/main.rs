//! The container image as `make image` left it: what is in it, what the process does that a runtime would make of it, and how a
//! release is signed and verified. Wants root, for the namespaces and mounts that a runtime makes.

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

mod apart;
mod container;
mod contents;
mod flow;
mod ground;
mod image;
mod names;
mod release;
mod road;
