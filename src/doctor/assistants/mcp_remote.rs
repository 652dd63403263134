//! mcp-remote: begins with GET, wants documents as they are, and looks at the authorize URL before the browser does.

use reqwest::Method;

use super::{Finding, Outcome, Road};

pub(super) const NAME: &str = "mcp-remote";
const CALLBACKS: [&str; 1] = ["http://localhost:3335/oauth/callback"];
const MANNER: [(&str, &str); 2] = [("accept-encoding", "identity"), ("mcp-protocol-version", "2025-11-25")];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    let road = road.in_the_manner_of(&MANNER);
    road.knock(Method::GET).await?;
    let resource = road.resource().await?;
    resource.covers(road.target)?;
    let server = road.server(&resource).await?;
    road.knock(Method::POST).await?;
    road.onward(&server, &CALLBACKS, &CALLBACKS).await
}
