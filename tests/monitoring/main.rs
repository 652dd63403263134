//! What `deploy/monitoring` ships: the alerts, judged by Prometheus' own tool, and the dashboard, asked of a real Prometheus.
//!
//! [`traffic`] keeps two sidecars busy, well and badly, [`prometheus`] scrapes them, [`dashboard`] reads the panels, and [`panels`]
//! asks for each what Grafana would ask; `parts/picture.mjs` draws the answers.

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
#[path = "../drowned/figures.rs"]
#[expect(dead_code, reason = "the tests under floods use the rest")]
mod figures;
#[path = "../drowned/mcp_server.rs"]
mod mcp_server;
#[path = "../replicas/mount.rs"]
#[expect(dead_code, reason = "the tests of the replicas use the rest")]
mod mount;
#[path = "../store/redis_server.rs"]
#[expect(dead_code, reason = "the tests of the store use the rest")]
mod redis_server;
#[path = "../gateway/room.rs"]
mod room;
#[path = "../drowned/server.rs"]
#[expect(dead_code, reason = "the tests under floods use the rest")]
mod server;
#[path = "../drowned/walk.rs"]
mod walk;
use doors::harness;

mod dashboard;
mod panels;
mod prometheus;
mod rules;
mod traffic;
