//! The manifests that `deploy/kubernetes` ships: what kustomize makes of them is valid, does what its README says, and
//! its containers' commands, files and variables are good for the real programs.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

#[path = "../rotation/api_server.rs"]
mod api_server;
mod containers;
mod edges;
mod overlay;
mod redis;
mod rotation;
mod users;
