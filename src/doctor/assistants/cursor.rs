//! Cursor: registers three callbacks at once, and forgets the challenge on its way, so the documents must lie where they belong.

use reqwest::Method;

use super::{Finding, Outcome, Road};

pub(super) const NAME: &str = "Cursor";
const CALLBACKS: [&str; 3] = [
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
    "http://localhost:8787/callback",
];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let resource = road.resource().await?;
    resource.covers(road.target)?;
    let server = road.server(&resource).await?;
    // Of the three, the desktop is answered at the last, and Cloud Agents at the second.
    road.onward(&server, &CALLBACKS, &[CALLBACKS[2], CALLBACKS[1]]).await
}
