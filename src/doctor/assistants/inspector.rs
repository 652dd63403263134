//! The MCP Inspector: also a page in a browser, which asks before it calls and reads only what it may.

use reqwest::Method;

use super::super::pages;
use super::{Card, Finding, Outcome, ResourceMetadata, Road};

pub(super) const CARD: Card = Card { name: "Inspector", word: "inspector", preset: "loopback", provided: "" };
const CALLBACKS: [&str; 2] = ["http://127.0.0.1:6276/oauth/callback", "http://localhost:6274/oauth/callback"];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let server = road.discovers(ResourceMetadata::covers).await?;
    let outcome = road.onward(&server, &CALLBACKS, &CALLBACKS).await?;
    let lost = pages::findings(&road, &server).await.into_iter().find(|finding| !finding.cause.is_note());
    lost.map_or(Ok(outcome), Err)
}
