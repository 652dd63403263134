//! Claude on the desktop and on the web: from Anthropic's cloud, by the challenge, under names that firewalls know.

use reqwest::Method;

use super::super::cause::Guard;
use super::{Finding, Outcome, Road, documented};

pub(super) const NAME: &str = "Claude Desktop";
const CALLBACKS: [&str; 1] = ["https://claude.ai/api/mcp/auth_callback"];
const PROBING: [(&str, &str); 1] = [("user-agent", "python-httpx/0.28.1")];
const CALLING: [(&str, &str); 1] = [("user-agent", "Claude-User")];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    let challenge = road.in_the_manner_of(&CALLING).knock(Method::POST).await?;
    challenge.ok_or_else(|| Finding::new(Guard::ChallengeLost, "POST: no resource_metadata"))?;
    let road = road.in_the_manner_of(&PROBING);
    let resource = road.resource().await?;
    resource.is_exactly(road.target)?;
    let server = road.server(&resource).await?;
    documented(road, &server, &CALLBACKS).await
}
