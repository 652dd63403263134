//! `ChatGPT`: its callback is one of its own for each connector unless the server says `iss`.

use super::{Card, Finding, HOSTED, Outcome, ResourceMetadata, Road, documented};

pub(super) const CARD: Card = Card { name: "ChatGPT", word: "chatgpt", preset: "chatgpt", provided: HOSTED };
const CALLBACKS: [&str; 1] = ["https://chatgpt.com/connector_platform_oauth_redirect"];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.is_challenged().await?;
    let server = road.discovers(ResourceMetadata::covers).await?;
    server.is_for_public_clients()?;
    server.says_iss()?;
    documented(road, &server, &CALLBACKS, &CALLBACKS).await
}
