//! VS Code: registers four callbacks at once; the resource must be the address letter by letter.

use reqwest::Method;

use super::{Card, Finding, Outcome, ResourceMetadata, Road, documented};

pub(super) const CARD: Card = Card { name: "VS Code", word: "vs-code", preset: "vscode", provided: "" };
const CALLBACKS: [&str; 4] = [
    "https://insiders.vscode.dev/redirect",
    "https://vscode.dev/redirect",
    "http://127.0.0.1/",
    "http://127.0.0.1:33418/",
];

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    let server = road.discovers(ResourceMetadata::is_exactly).await?;
    documented(road, &server, &CALLBACKS, &[CALLBACKS[3], CALLBACKS[1]]).await
}
