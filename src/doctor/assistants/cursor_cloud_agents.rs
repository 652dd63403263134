//! Cursor Cloud Agents: register Cursor's three callbacks at once, and forget the challenge on their way, so the documents must lie
//! where they belong.

use reqwest::Method;

use super::{Card, Finding, HOSTED, Outcome, ResourceMetadata, Road};

pub(super) const CARD: Card =
    Card { name: "Cursor Cloud Agents", word: "cursor-cloud-agents", preset: "cursor", provided: HOSTED };
const CALLBACKS: [&str; 3] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let server = road.discovers(ResourceMetadata::covers).await?;
    road.onward(&server, &CALLBACKS, &CALLBACKS[1..2]).await
}
