//! mcp-remote: begins with GET, wants documents as they are, and looks at the authorize URL before the browser does.

use reqwest::Method;

use super::{Card, Finding, Outcome, ResourceMetadata, Road};

pub(super) const CARD: Card =
    Card { name: "mcp-remote", word: "mcp-remote", preset: "loopback", provided: "" };
const CALLBACKS: [&str; 1] = ["http://localhost:3335/oauth/callback"];
const MANNER: [(&str, &str); 2] = [("accept-encoding", "identity"), ("mcp-protocol-version", "2025-11-25")];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    let road = road.in_the_manner_of(&MANNER);
    road.knock(Method::GET).await?;
    let server = road.discovers(ResourceMetadata::covers).await?;
    road.knock(Method::POST).await?;
    road.onward(&server, &CALLBACKS, &CALLBACKS).await
}
