//! The Kubernetes files and the nightly job on a real API server: what an operator does is done, and nobody is warned.
//!
//! There is no kubelet, scheduler or controller, so no pod ever runs. It takes an installation of minutes, so these
//! tests are run by their name alone: `make apiserver`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test, panics")]

#[path = "../rotation/api_server.rs"]
#[expect(dead_code, reason = "the tests of the job use the rest")]
mod api_server;
#[path = "../http"]
#[expect(dead_code, unused_imports, reason = "the tests of the doors use the rest")]
mod doors {
    pub(crate) mod harness;
}
#[path = "../e2e/part.rs"]
mod part;
use doors::harness;

mod cluster;
mod files;
mod job;
mod kubelet;
mod manifests;
mod mounted;
mod operator;
mod rights;
mod rival;
mod rivals;
mod templates;
