//! The assistants themselves, each connected by what the page at `/` tells and by nothing else, through the real oauth2-proxy.
//!
//! Nobody has an account or a model: what is seen is the sign-in, the connection, and the tools where a program lists or calls them without
//! one. The ground is that of the end-to-end tests, where those run that are small. The programs are two gigabytes, so these tests are
//! run by their name alone: `make assistants`.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

#[path = "../e2e"]
#[expect(dead_code, reason = "the end-to-end tests use the rest")]
mod e2e {
    pub(crate) mod behind;
    pub(crate) mod desk;
    pub(crate) mod landing;
    pub(crate) mod part;
    pub(crate) mod person;
    pub(crate) mod run_folder;
    pub(crate) mod secrets;
    pub(crate) mod seen;
    pub(crate) mod stack;
    pub(crate) mod talk;
    pub(crate) mod terminal;
}
use e2e::{desk, landing, part, person, run_folder, secrets, seen, stack, talk, terminal};

mod behind;
mod ground;

mod claude_code;
mod codex;
mod copilot;
mod documents;
mod mcporter;
mod opencode;
mod vs_code;
