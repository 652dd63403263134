//! `check`: the whole effective configuration and the state of the keys, without secrets.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, json};

use super::{CliError, keys, wait_for};
use crate::clock::Timestamp;
use crate::config::Config;
use crate::rules::Rules;
use crate::seal::{Rings, keys_dir};
use crate::spent::Spent;

pub(super) const EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar check && systemctl restart mcp-auth-sidecar

JSON, with every setting and every ring; times are seconds since 1970:
  {"settings": {"MCP_AUTH_CONSENT": "always"},
   "keys": {"access": [{"kid": "…", "state": "active", "since": 1796083200, "until": null,
                        "age_secs": 60}]},
   "proofs": {"shared_secrets": 1, "id_token": true, "unix_socket": false},
   "notes": ["…"]}"#;

/// Gives what `serve` would run with; fails where it would.
pub(super) fn check(config: &Config, as_json: bool, now: Timestamp) -> Result<String, CliError> {
    let rings = super::keys(config)?.current();
    let secrets = Rules::read(config)?.secrets().map_or(0, |secrets| secrets.len());
    let spent = Spent::new(&config.store, config.lifetimes.access)?;
    let warnings = config.warnings.iter().cloned().chain(keys_dir::warning(&config.keys_dir));
    let notes = warnings.chain(wait_for(spent.warnings())?).collect();
    let found = Found { config, rings, secrets, notes };
    Ok(if as_json { found.json(now) } else { found.text(now) })
}

struct Found<'a> {
    config: &'a Config,
    rings: Arc<Rings>,
    /// How many shared secrets are good.
    secrets: usize,
    notes: Vec<String>,
}

impl Found<'_> {
    fn text(&self, now: Timestamp) -> String {
        let mut text = String::new();
        for (name, value) in &self.config.effective {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}={value}");
        }
        let _ = write!(text, "\n{}\nproofs of the proxy:", keys::table(&self.rings, now));
        if self.secrets > 0 {
            let _ = write!(text, " shared secret ({} accepted)", self.secrets);
        }
        if self.config.proofs.id_token.is_some() {
            text.push_str(" ID token");
        }
        if self.config.proofs.unix_socket {
            text.push_str(" unix socket");
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text
    }

    fn json(&self, now: Timestamp) -> String {
        let settings = self.config.effective.iter().map(|(name, value)| (name.clone(), json!(value)));
        let proofs = &self.config.proofs;
        let found = json!({
            "settings": settings.collect::<Map<_, _>>(),
            "keys": keys::rings_json(&self.rings, now),
            "proofs": {
                "shared_secrets": self.secrets,
                "id_token": proofs.id_token.is_some(),
                "unix_socket": proofs.unix_socket,
            },
            "notes": self.notes,
        });
        found.to_string() + "\n"
    }
}
