//! An address with http whose port speaks TLS: each edge answers such a call in its own words, or hangs up.

use std::net::SocketAddr;

use super::answer::{Answer, Silence};
use super::cause::{Cause, Finding};
use super::probe::{Ask, Probe, Trust};
use super::target::Target;

/// Looks for TLS where the first answer is none of this protocol's.
pub(super) async fn mistaken(
    target: &Target,
    at: Option<SocketAddr>,
    first: &Result<Answer, Silence>,
) -> Option<Finding> {
    let seen = match first {
        Ok(answer) if answer.status == 400 => answer.shown(),
        Err(silence @ Silence::Unreached(_)) => silence.to_string(),
        _ => return None,
    };
    let ask = Ask::get(target.with_tls()?);
    // Whether assistants trust it is another matter.
    let probe = Probe::new(target.url().host_str()?, at, Trust::Anybody).ok()?;
    let answer = probe.ask(&ask).await.ok()?;
    Some(Finding::new(Cause::TLS_THERE, format!("by http {seen}; by https {}", answer.shown())))
}
