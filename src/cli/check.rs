//! `check`: the whole effective configuration and the state of the keys, without secrets.

use std::fmt::Write as _;

use super::{CliError, status};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::rules::Rules;
use crate::seal::keys_dir::Keys;
use crate::server::StartError;
use crate::spent::Spent;

/// Gives what `serve` would run with; fails where it would.
pub(super) fn check(config: &Config, now: Timestamp) -> Result<String, CliError> {
    let rings =
        Keys::read(&config.keys_dir).map_err(|error| StartError::Keys(config.keys_dir.clone(), error))?;
    let rules = Rules::read(config)?;
    let mut text = String::new();
    for (name, value) in &config.effective {
        let _ = writeln!(text, "{name}={value}");
    }
    let _ = write!(text, "\n{}\nproofs of the proxy:", status::table(&rings.current(), now));
    if let Some(secrets) = rules.secrets() {
        let _ = write!(text, " shared secret ({} accepted)", secrets.len());
    }
    if config.proofs.id_token.is_some() {
        text.push_str(" ID token");
    }
    if config.proofs.unix_socket {
        text.push_str(" unix socket");
    }
    text.push('\n');
    for warning in config.warnings.iter().chain(&of_the_store(config)?) {
        let _ = writeln!(text, "note: {warning}");
    }
    Ok(text)
}

/// Waits for a store, but not for a resolver of names that does not answer.
fn of_the_store(config: &Config) -> Result<Vec<String>, CliError> {
    let spent = Spent::new(&config.store, config.lifetimes.access)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return Ok(Vec::new()) };
    let warnings = runtime.block_on(spent.warnings());
    runtime.shutdown_background();
    Ok(warnings)
}
