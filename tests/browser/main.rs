//! The pages that people see, in Debian's Chromium: how they look, who can read them, and what the browser does with an answer.
//!
//! The ground: [`chromium`] is the browser, [`server`] the sidecar with two sites, [`front`] stands in for the proxy before it,
//! [`listener`] is any other origin: a client's callback or a stranger's page. [`client`] registers and asks, [`provider`]
//! signs ID tokens, [`pages`] leads to each page.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

mod chromium;
mod client;
mod front;
mod listener;
mod pages;
mod provider;
mod server;

mod answers;
mod looks;
mod reading;
mod strangers;
