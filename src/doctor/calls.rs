//! With a token: does the MCP server answer, and does a stream begin at once?

use reqwest::Method;

use super::answer::{Answer, Silence};
use super::cause::{Cause, Finding};
use super::probe::Ask;
use super::road::{Road, knocking};
use crate::artifact::AccessToken;
use crate::seal::Sealed;

pub(super) async fn findings(road: &Road<'_>, token: &Sealed<AccessToken>) -> Option<Finding> {
    let authorization = format!("Bearer {}", token.as_str());
    let ask = knocking(Method::POST, road.target).with("authorization", &authorization);
    let answer = match road.probe.ask(&ask).await {
        Ok(answer) => answer,
        Err(silence) => return Some(Finding::silent(&silence, &ask.shown())),
    };
    if let Some(cause) = refused(&answer) {
        return Some(Finding::new(cause, format!("{}, with the token", answer.shown())));
    }
    let session = answer.header("mcp-session-id").map(str::to_owned);
    let within = |method| {
        let ask = knocking(method, road.target).with("authorization", &authorization);
        session.iter().fold(ask, |ask, session| ask.with("mcp-session-id", session))
    };
    // Who compresses a stream waits until there is enough of it.
    let held = held(road, &within(Method::GET).with("accept-encoding", "gzip")).await;
    // A courtesy: what it answers does not matter.
    let _ = road.probe.ask(&within(Method::DELETE)).await;
    held
}

fn refused(answer: &Answer) -> Option<Cause> {
    Some(match answer.status {
        200..300 => return None,
        401 | 403 if answer.challenge().is_some() => Cause::TOKEN_REFUSED,
        502 if answer.error().as_deref() == Some("bad_gateway") => Cause::MCP_SERVER_AWAY,
        502..=504 => Cause::UPSTREAM_AWAY,
        _ => Cause::MCP_SERVER_REFUSES,
    })
}

/// The head of a stream comes when it is opened, long before there is an event.
async fn held(road: &Road<'_>, ask: &Ask) -> Option<Finding> {
    let Err(silence @ Silence::TimedOut(_)) = road.probe.ask(ask).await else { return None };
    Some(Finding::new(Cause::STREAM_HELD, format!("{} with the token: {silence}", ask.shown())))
}
