//! Claude Code: on the person's machine; the resource must be the address letter by letter.

use reqwest::Method;

use super::{Finding, Outcome, Road, documented};

pub(super) const NAME: &str = "Claude Code";
const CALLBACKS: [&str; 1] = ["http://localhost:53682/callback"];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let resource = road.resource().await?;
    resource.is_exactly(road.target)?;
    let server = road.server(&resource).await?;
    documented(road, &server, &CALLBACKS).await
}
