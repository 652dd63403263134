//! What the MCP server's address does with every method and with a token that is none.

use reqwest::Method;

use super::answer::Answer;
use super::cause::{Cause, Finding};
use super::documents::ServerMetadata;
use super::probe::Ask;
use super::road::{Road, knocking};

/// The ones that some assistant begins or ends with.
const METHODS: [Method; 4] = [Method::POST, Method::GET, Method::HEAD, Method::DELETE];

pub(super) async fn findings(road: &Road<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for method in METHODS {
        match road.knock(method.clone()).await {
            Err(finding) => found.push(finding),
            // Where the first has no challenge, the others need none to be wrong.
            Ok(false) if method == Method::POST => {
                return vec![Finding::new(Cause::CHALLENGE_LOST, "POST: no resource_metadata")];
            }
            Ok(false) if method == Method::HEAD && found.is_empty() => {
                found.push(Finding::new(Cause::METHOD_REFUSED, "HEAD: no resource_metadata"));
            }
            // Some servers have nothing to say by GET.
            Ok(_) => {}
        }
    }
    found.extend(stripped(road).await);
    found
}

/// A bad token is told from none, or none arrives.
async fn stripped(road: &Road<'_>) -> Option<Finding> {
    let ask = knocking(Method::POST, road.target).with("authorization", "Bearer doctor");
    let answer = road.ask(ask).await.ok()?;
    let error = answer.challenge().and_then(|challenge| challenge.error);
    let says_so = error.as_deref() == Some("invalid_token");
    let seen =
        || format!("{}, error {}, with a bad token", answer.shown(), error.as_deref().unwrap_or("none"));
    (answer.status == 401 && !says_so).then(|| Finding::new(Cause::AUTHORIZATION_STRIPPED, seen()))
}

/// The endpoint that no assistant needs before it leaves.
pub(super) async fn revoking(road: &Road<'_>, server: &ServerMetadata) -> Option<Finding> {
    let ask = Ask::form(server.revocation_endpoint()?, &[("token", "none"), ("client_id", "none")]);
    road.ask(ask).await.map(|_: Answer| ()).err()
}
