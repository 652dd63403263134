//! `keys init` and `keys status`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::CliError;
use crate::clock::Timestamp;
use crate::seal::keys_dir::{self, Keys, KeysError};
use crate::seal::{Purpose, Rings};

/// `--dir`, else the variable, else its default.
pub(super) fn dir(given: Option<PathBuf>, vars: &super::Vars) -> PathBuf {
    let set = vars.iter().find(|(name, value)| name == "MCP_AUTH_KEYS_DIR" && !value.trim().is_empty());
    given.or_else(|| set.map(|(_, value)| value.trim().into())).unwrap_or_else(|| "keys".into())
}

/// Makes the three rings in a directory, which is made if need be. Refuses to overwrite.
pub fn init(dir: &Path, now: Timestamp) -> Result<Vec<PathBuf>, KeysError> {
    keys_dir::init(dir, now)
}

pub(super) fn init_text(dir: &Path, now: Timestamp) -> Result<String, CliError> {
    let mut text = String::new();
    for path in init(dir, now)? {
        let _ = writeln!(text, "made {}", path.display());
    }
    Ok(text)
}

/// A line for each key.
pub(super) fn status(dir: &Path, now: Timestamp) -> Result<String, CliError> {
    Ok(table(&Keys::read(dir)?.current(), now))
}

pub(super) fn table(rings: &Rings, now: Timestamp) -> String {
    let mut table = format!("{:<13} {:<8} {:>8}  {}\n", "ring", "state", "age", "kid");
    for purpose in Purpose::ALL {
        for key in rings.of(purpose).iter() {
            let record = key.record();
            let age = age(now.since(record.since).0);
            // Writing to a string does not fail.
            let _ = writeln!(
                table,
                "{:<13} {:<8} {age:>8}  {}",
                purpose.name(),
                record.state.to_string(),
                record.kid()
            );
        }
    }
    table
}

fn age(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / 86_400),
    }
}
