//! What a sidecar of thousands of connections needs of the machine, and of whoever waits for it.

use std::net::TcpListener;
use std::process::{self, Command};
use std::time::{Duration, Instant};

use tokio::time::sleep;

const A_MOMENT: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_mins(1);

/// For both ends of thousands of connections, here and in the sidecar, which inherits it.
pub(crate) fn make_room() {
    let own = process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &own, "--nofile=8192:"]).status().unwrap();
    assert!(raised.success(), "this machine lets nobody open 8,192 files");
}

/// Asks until the answer is yes.
pub(crate) async fn within(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(A_MOMENT).await;
    }
}

/// Another process may take it before we do, but not often.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
