//! Files of the operator's that are read again when they change.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tracing::{error, info};

use crate::clock::Timestamp;
use crate::telemetry::Telemetry;

/// What a file said when it was last right. A broken file keeps that in force.
pub struct Watched<T> {
    /// What the file is, in logs and metrics.
    name: &'static str,
    path: PathBuf,
    parse: fn(&str) -> Result<T, String>,
    current: RwLock<Arc<T>>,
    seen: Mutex<Option<String>>,
}

impl<T> Watched<T> {
    /// Reads a file for the first time; gives a sentence where it cannot be used.
    pub fn read(
        name: &'static str,
        path: PathBuf,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Self, String> {
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        let first = parse(unmarked(&text)).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { name, path, parse, current: RwLock::new(Arc::new(first)), seen: Mutex::new(Some(text)) })
    }

    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Looks whether the file changed. A mistake is logged once for each change of the file.
    pub fn look(&self, telemetry: &Telemetry, now: Timestamp) {
        let text = fs::read_to_string(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen == text.as_ref().ok().cloned() {
            return;
        }
        let parsed = match &text {
            Ok(text) => (self.parse)(unmarked(text)),
            Err(error) => Err(error.to_string()),
        };
        *seen = text.ok();
        match parsed {
            Ok(parsed) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(parsed);
                telemetry.file_read(self.name, now);
                info!(target: "audit", event = "file reloaded", file = self.name);
            }
            Err(reason) => {
                telemetry.file_failed(self.name);
                error!(file = self.name, reason, "a file is broken; what it said before stays in force");
            }
        }
    }
}

/// Some programs that export lists begin a file of UTF-8 with a mark, which would be a part of the first name.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl<T> std::fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Watched({})", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn number(text: &str) -> Result<u32, String> {
        text.trim().parse().map_err(|_| "no number".to_owned())
    }

    #[test]
    fn a_changed_file_is_in_force_and_a_broken_or_missing_one_leaves_the_last() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("number");
        assert!(Watched::read("number", path.clone(), number).is_err());
        fs::write(&path, "one").unwrap();
        assert!(Watched::read("number", path.clone(), number).is_err());
        fs::write(&path, "\u{feff}1").unwrap();
        let (watched, telemetry) =
            (Watched::read("number", path.clone(), number).unwrap(), Telemetry::default());
        for (text, in_force, failures) in
            [("2", 2, 0), ("two", 2, 1), ("two", 2, 1), ("", 2, 2), ("\u{feff}4", 4, 2), ("3", 3, 2)]
        {
            fs::write(&path, text).unwrap();
            watched.look(&telemetry, NOW);
            assert_eq!(*watched.current(), in_force, "{text}");
            let counted = format!("mcp_auth_file_failures_total{{file=\"number\"}} {failures}");
            assert!(failures == 0 || telemetry.text().contains(&counted), "{text}: {}", telemetry.text());
        }
        fs::remove_file(&path).unwrap();
        watched.look(&telemetry, NOW);
        assert_eq!(*watched.current(), 3);
    }
}
