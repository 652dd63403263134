//! What no log may hold: every token, code, secret and verifier of the flows, collected as they occur.

use std::{collections::BTreeSet, sync::Mutex};

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Parts of tokens count as well, but for the first: the header of a JOSE value is no secret.
pub(crate) fn note(secret: &str) {
    let parts = secret.split('.').skip(1).filter(|part| part.len() > 40);
    let mut seen = SEEN.lock().unwrap();
    seen.extend(parts.map(str::to_owned));
    if secret.len() >= 16 {
        seen.insert(secret.to_owned());
    }
}

pub(crate) fn noted(secret: impl Into<String>) -> String {
    let secret = secret.into();
    note(&secret);
    secret
}

/// The line that holds one of them.
pub(crate) fn leaking_line(log: &str) -> Option<String> {
    let seen = SEEN.lock().unwrap();
    log.lines().find(|line| seen.iter().any(|secret| line.contains(secret))).map(str::to_owned)
}
