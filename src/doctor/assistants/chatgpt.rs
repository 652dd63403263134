//! `ChatGPT`: its callback is one of its own for each connector unless the server says `iss`.

use reqwest::Method;

use super::super::cause::Guard;
use super::{Finding, Outcome, Road, documented};

pub(super) const NAME: &str = "ChatGPT";
const CALLBACKS: [&str; 1] = ["https://chatgpt.com/connector_platform_oauth_redirect"];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    let challenge = road.knock(Method::POST).await?;
    challenge.ok_or_else(|| Finding::new(Guard::ChallengeLost, "POST: no resource_metadata"))?;
    let resource = road.resource().await?;
    resource.covers(road.target)?;
    let server = road.server(&resource).await?;
    server.is_for_public_clients()?;
    server.says_iss()?;
    documented(road, &server, &CALLBACKS).await
}
