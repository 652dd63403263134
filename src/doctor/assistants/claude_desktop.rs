//! Claude on the desktop and on the web: from Anthropic's cloud, by the challenge, under names that firewalls know.

use super::{Card, Finding, HOSTED, Outcome, ResourceMetadata, Road, documented};

pub(super) const CARD: Card =
    Card { name: "Claude Desktop", word: "claude-desktop", preset: "claude", provided: HOSTED };
const CALLBACKS: [&str; 1] = ["https://claude.ai/api/mcp/auth_callback"];
const PROBING: [(&str, &str); 1] = [("user-agent", "python-httpx/0.28.1")];
const CALLING: [(&str, &str); 1] = [("user-agent", "Claude-User")];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.in_the_manner_of(&CALLING).is_challenged().await?;
    let road = road.in_the_manner_of(&PROBING);
    let server = road.discovers(ResourceMetadata::is_exactly).await?;
    documented(road, &server, &CALLBACKS, &CALLBACKS).await
}
