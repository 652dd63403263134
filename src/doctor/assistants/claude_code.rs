//! Claude Code: on the person's machine; the resource must be the address letter by letter.

use reqwest::Method;

use super::{Card, Finding, Outcome, ResourceMetadata, Road, documented};

pub(super) const CARD: Card =
    Card { name: "Claude Code", word: "claude-code", preset: "loopback", provided: "" };
const CALLBACKS: [&str; 1] = ["http://localhost:53682/callback"];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let server = road.discovers(ResourceMetadata::is_exactly).await?;
    documented(road, &server, &CALLBACKS, &CALLBACKS).await
}
