//! Gemini Enterprise: discovers nothing; an administrator types the addresses of a client that the operator minted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;

use super::super::cause::Cause;
use super::super::probe::Ask;
use super::super::road::Client;
use super::{Card, Finding, Outcome, Road};
use crate::site::GEMINI_ENTERPRISE;

pub(super) const CARD: Card = Card {
    name: "Gemini Enterprise",
    word: "gemini-enterprise",
    preset: "",
    provided: ", with what `client mint --for gemini-enterprise` prints",
};

pub(super) async fn walk(road: Road<'_>) -> Result<Outcome, Finding> {
    road.knock(Method::POST).await?;
    // The addresses that the administrator would copy.
    let server = road.server(&road.resource().await?).await?;
    let client = Client { id: "minted".to_owned(), redirect_uri: GEMINI_ENTERPRISE.to_owned() };
    road.signs_in(&server, &client).await?;
    let Some(url) = server.token_endpoint() else { return Ok(Outcome::Known) };
    let form = [("grant_type", "authorization_code"), ("code", "none"), ("redirect_uri", GEMINI_ENTERPRISE)];
    let basic = format!("Basic {}", STANDARD.encode("minted:secret"));
    let answer = road.ask(Ask::form(url, &form).with("authorization", basic)).await?;
    if answer.error().as_deref() == Some("invalid_client") {
        return Ok(Outcome::Known);
    }
    let seen =
        format!("{}, not invalid_client, with a client_id and a secret that are invented", answer.shown());
    Err(Finding::new(Cause::UNEXPECTED, seen))
}
