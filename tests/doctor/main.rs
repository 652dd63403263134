//! `doctor` against a real deployment that is broken in one thing: it names that cause, and no other.
//!
//! The ground: [`ground`] is a healthy deployment, the real oauth2-proxy before a real sidecar; [`twin`] starts another of its parts with one
//! change, [`edge`] a real nginx before it, [`relay`] a proxy that bends what passes; [`said`] runs the command and reads its answer.
//! Then a file for each place where something may be wrong.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

#[path = "../e2e"]
mod e2e {
    pub(crate) mod part;
    pub(crate) mod run_folder;
}
use e2e::{part, run_folder};

mod edge;
mod ground;
mod relay;
mod said;
mod twin;

mod causes;
mod documents;
mod edges;
mod healthy;
mod nothing;
mod oauth2_proxy;
mod page;
mod scheme;
mod sidecars;
mod tls;
