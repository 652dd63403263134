//! VS Code: registers four callbacks at once; the resource must be the address letter by letter.

use reqwest::Method;

use super::{Finding, Outcome, Road};

pub(super) const NAME: &str = "VS Code";
const CALLBACKS: [&str; 4] = [
    "https://insiders.vscode.dev/redirect",
    "https://vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let resource = road.resource().await?;
    resource.is_exactly(road.target)?;
    let server = road.server(&resource).await?;
    road.onward(&server, &CALLBACKS, &[CALLBACKS[3], CALLBACKS[1]]).await
}
