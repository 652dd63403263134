//! Files of the operator's, and waiting until the server has read them.

use std::fs;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Rules(TempDir);

impl Rules {
    pub(crate) fn new(text: &str) -> Self {
        let rules = Self(TempDir::new().unwrap());
        rules.write(text);
        rules
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("rules").to_str().unwrap().to_owned()
    }

    /// Moved into place, as a file that is never half written.
    pub(crate) fn write(&self, text: &str) {
        let draft = self.0.path().join("draft");
        fs::write(&draft, text).unwrap();
        fs::rename(draft, self.path()).unwrap();
    }
}

/// Asks until the answer is yes.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
