//! Reading one variable: its text or its default, parsed, with its name on every mistake.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;

use crate::clock::Seconds;

/// A mistake in the environment, by the variable that holds it.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{variable}: {reason}")]
pub struct ConfigError {
    variable: String,
    reason: String,
}

impl ConfigError {
    /// `variable` without its prefix.
    pub fn new(variable: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::of_all(format!("MCP_AUTH_{}", variable.into()), reason)
    }

    /// Of a variable that other programs have, too.
    pub(super) fn of_all(variable: impl Into<String>, reason: impl Into<String>) -> Self {
        // One sentence, whatever was in the value.
        let reason = reason.into().replace(|c: char| c.is_control(), " ");
        Self { variable: variable.into(), reason }
    }
}

/// Reads variables and keeps what is in force. Empty means unset.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) effective: Vec<(String, String)>,
}

impl Read {
    pub(super) fn value<T, E: Display>(
        &mut self,
        name: &str,
        text: Option<String>,
        default: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let text = set(text).unwrap_or_else(|| default.to_owned());
        self.effective.push((format!("MCP_AUTH_{name}"), text.clone()));
        parse(&text).map_err(|error| ConfigError::new(name, error.to_string()))
    }

    pub(super) fn optional<T, E: Display>(
        &mut self,
        name: &str,
        text: Option<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, ConfigError> {
        self.value(name, text, "", |text| Some(text).filter(|text| !text.is_empty()).map(parse).transpose())
    }
}

/// Items between commas, trimmed.
pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

pub(super) fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "a whole number is needed".to_owned())
}

/// The path after `unix:`. The system takes no longer one than 107 bytes for a socket.
pub(super) fn socket(path: &str) -> Result<PathBuf, &'static str> {
    if !path.starts_with('/') {
        return Err("unix: needs an absolute path");
    }
    SocketAddr::from_pathname(path).map_err(|_| "unix: needs a path of at most 107 bytes")?;
    Ok(path.into())
}

/// A limit; 0 means none.
pub(super) fn per_minute(text: &str) -> Result<Option<NonZeroU32>, String> {
    text.parse().map(NonZeroU32::new).map_err(|_| "a whole number is needed; 0 means no limit".to_owned())
}

pub(super) fn seconds(text: &str) -> Result<Seconds, String> {
    let secs: u32 = text.parse().map_err(|_| "a whole number of seconds is needed".to_owned())?;
    Ok(Seconds(i64::from(secs)))
}

pub(super) fn lifetime(text: &str) -> Result<Seconds, String> {
    let secs = seconds(text)?;
    if secs > Seconds(0) { Ok(secs) } else { Err("it must be at least one second".to_owned()) }
}

/// RFC 6749 §4.1.2: ten minutes at most.
pub(super) fn code_lifetime(text: &str) -> Result<Seconds, String> {
    let secs = lifetime(text)?;
    if secs <= Seconds(600) { Ok(secs) } else { Err("it must be at most 600 seconds".to_owned()) }
}

fn set(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
