//! What strangers can send, thrown at its readers: each target asserts what must hold of whatever was read.
//!
//! `make fuzz` mutates the files of `fuzz/corpus`, and a test replays them as they are.

#![expect(clippy::unwrap_used, clippy::missing_panics_doc, reason = "to panic is how a target tells")]

mod clients;
mod files;
mod fixed;
mod headers;
mod keyholder;
mod queries;
mod sealed;

pub use clients::{client_document, redirect_uri, registration};
pub use files::{deny_file, people_file, ring};
pub use headers::{basic, identity_headers};
pub use keyholder::keyholder;
pub use queries::{authorize_query, token_form};
pub use sealed::{access_token, client_id, code, question, refresh_token};

/// Panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its fuzzer and of its corpus.
pub const TARGETS: [(&str, Target); 16] = [
    ("access_token", access_token),
    ("authorize_query", authorize_query),
    ("basic", basic),
    ("client_document", client_document),
    ("client_id", client_id),
    ("code", code),
    ("deny_file", deny_file),
    ("identity_headers", identity_headers),
    ("keyholder", keyholder),
    ("people_file", people_file),
    ("question", question),
    ("redirect_uri", redirect_uri),
    ("refresh_token", refresh_token),
    ("registration", registration),
    ("ring", ring),
    ("token_form", token_form),
];

#[cfg(test)]
mod tests;
