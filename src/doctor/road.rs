//! The steps of a way: what every assistant does before it opens a browser, in the manner of each.

use reqwest::Method;
use serde_json::json;
use url::Url;

use super::answer::{Answer, short};
use super::assistants::Outcome;
use super::cause::{Cause, Finding};
use super::documents::{Registered, ResourceMetadata, ServerMetadata};
use super::probe::{Ask, Probe};
use super::sign_in::{self, Gate};
use super::stranger::stranger;
use super::target::Target;
use crate::flow::verify::PROTECTED_RESOURCE;

pub(super) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";

/// One assistant on its way.
#[derive(Clone, Copy)]
pub(super) struct Road<'a> {
    pub(super) probe: &'a Probe,
    pub(super) target: &'a Target,
    manner: &'a [(&'static str, &'static str)],
}

/// A client of the doctor's own, and where it would be answered.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) redirect_uri: String,
}

impl<'a> Road<'a> {
    pub(super) fn new(probe: &'a Probe, target: &'a Target) -> Self {
        Self { probe, target, manner: &[] }
    }

    /// The same way with headers that an assistant sends with every request.
    #[must_use]
    pub(super) fn in_the_manner_of(self, manner: &'a [(&'static str, &'static str)]) -> Self {
        Self { manner, ..self }
    }

    /// The answer, unless somebody answers who has no business here.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Answer, Finding> {
        let plain = ask.clone();
        let ask = self.manner.iter().fold(ask, |ask, (name, value)| ask.with(name, *value));
        let answer = self.probe.ask(&ask).await.map_err(|silence| Finding::silent(&silence, &ask.shown()))?;
        let Some(cause) = stranger(&ask, &answer) else { return Ok(answer) };
        let seen = answer.shown();
        let agent = self.manner.iter().find(|(name, _)| *name == "user-agent");
        let Some((_, agent)) = agent else { return Err(Finding::new(cause, seen)) };
        let with_our_own_name = self.probe.ask(&plain).await;
        let blocked = with_our_own_name.is_ok_and(|answer| stranger(&plain, &answer).is_none());
        let cause = if blocked { Cause::AGENT_BLOCKED } else { cause };
        Err(Finding::new(cause, format!("{seen}, as {agent}")))
    }

    /// Calls the MCP server without a token. Says whether it names the document of this address.
    pub(super) async fn knock(&self, method: Method) -> Result<bool, Finding> {
        let answer = self.ask(knocking(method, self.target)).await?;
        let wrong = |cause| Err(Finding::new(cause, answer.shown()));
        match answer.status {
            401 => self.names_the_document(&answer),
            405 => Ok(false),
            404 => wrong(Cause::NOT_SERVED),
            // The MCP server's own word for what is wrong: it was asked.
            200..300 | 400 | 406 | 415 => wrong(Cause::UNGUARDED),
            _ => wrong(Cause::UNEXPECTED),
        }
    }

    fn names_the_document(&self, answer: &Answer) -> Result<bool, Finding> {
        let Some(named) = answer.challenge().and_then(|challenge| challenge.resource_metadata) else {
            return Ok(false);
        };
        let ours = self.resource_metadata();
        let seen = || format!("resource_metadata is {named:?}, not {:?}", ours.as_str());
        if named == ours.as_str() { Ok(true) } else { Err(Finding::new(Cause::CHALLENGE_ELSEWHERE, seen())) }
    }

    /// As who finds the document by the challenge alone.
    pub(super) async fn is_challenged(&self) -> Result<(), Finding> {
        let lost = || Finding::new(Cause::CHALLENGE_LOST, "POST: no resource_metadata");
        if self.knock(Method::POST).await? { Ok(()) } else { Err(lost()) }
    }

    /// Reads both documents, and compares the address as an assistant does.
    pub(super) async fn discovers(
        &self,
        compares: fn(&ResourceMetadata, &Target) -> Result<(), Finding>,
    ) -> Result<ServerMetadata, Finding> {
        let resource = self.resource().await?;
        compares(&resource, self.target)?;
        self.server(&resource).await
    }

    /// Where the document of this address lies (RFC 9728 §3.1).
    pub(super) fn resource_metadata(&self) -> Url {
        self.target.at(&format!("{PROTECTED_RESOURCE}{}", self.target.path()))
    }

    pub(super) async fn resource(&self) -> Result<ResourceMetadata, Finding> {
        self.document(Ask::get(self.resource_metadata())).await
    }

    /// The authorization server that the resource names.
    pub(super) async fn server(&self, resource: &ResourceMetadata) -> Result<ServerMetadata, Finding> {
        let (named, issuer) = resource.issuer(self.target)?;
        let url = Url::parse(&issuer.at(AUTHORIZATION_SERVER)).map_err(|_| lost(named))?;
        let server: ServerMetadata = self.document(Ask::get(url)).await?;
        server.is_of(named)?;
        server.endpoints_are_at_home()?;
        Ok(server)
    }

    async fn document<T: serde::de::DeserializeOwned>(&self, ask: Ask) -> Result<T, Finding> {
        let answer = self.ask(ask.with("accept", "application/json")).await?;
        if answer.status != 200 {
            return Err(Finding::new(Cause::METADATA_MISSING, answer.shown()));
        }
        let seen = || format!("{}, not the JSON that belongs there", answer.shown());
        answer.json().ok_or_else(|| Finding::new(Cause::UNEXPECTED, seen()))
    }

    /// Registers with all callbacks of an assistant, and goes on with one that it can be answered at.
    pub(super) async fn registered(
        &self,
        server: &ServerMetadata,
        callbacks: &[&str],
        usable: &[&str],
    ) -> Result<Option<Client>, Finding> {
        let Some(url) = server.registration_endpoint() else { return Ok(None) };
        let answer = self.ask(Ask::json(url, metadata(callbacks))).await?;
        if answer.error().as_deref() == Some("invalid_redirect_uri") {
            return Ok(None);
        }
        let wrong = |cause| Finding::new(cause, answer.shown());
        if ![200, 201].contains(&answer.status) {
            return Err(wrong(Cause::UNEXPECTED));
        }
        let registered: Registered = answer.json().ok_or_else(|| wrong(Cause::REGISTRATION_SHAPE))?;
        registered.is_well_formed()?;
        let kept = usable.iter().find(|uri| registered.redirect_uris.iter().any(|kept| kept == *uri));
        Ok(kept.map(|uri| Client { id: registered.client_id, redirect_uri: (*uri).to_owned() }))
    }

    /// Opens the browser's first page, as far as one gets without signing in.
    pub(super) async fn signs_in(&self, server: &ServerMetadata, client: &Client) -> Result<(), Finding> {
        let gate = sign_in::gate(self, server, client, &[]).await?;
        match gate {
            Gate::Refused(seen) => Err(Finding::new(Cause::SIGN_IN_REFUSED, seen)),
            Gate::NobodyAsks(seen) => Err(Finding::new(Cause::SIGN_IN_MISSING, seen)),
            // The way is open, if not always as it should be.
            Gate::Button(_) | Gate::LeadsAway(_) | Gate::Open(_) | Gate::Page => Ok(()),
        }
    }

    /// Asks for tokens with a code that nobody issued.
    pub(super) async fn asks_for_tokens(
        &self,
        server: &ServerMetadata,
        client: &Client,
        turn: usize,
    ) -> Result<(), Finding> {
        let Some(url) = server.token_endpoint() else { return Ok(()) };
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "none"),
            ("redirect_uri", &client.redirect_uri),
            ("client_id", &client.id),
            ("code_verifier", sign_in::VERIFIER),
            ("resource", self.target.resource().as_str()),
        ];
        let answer = self.ask(Ask::form(url, &form).again(turn)).await?;
        let seen = |error: &str| format!("{} {}", answer.shown(), short(error));
        match answer.error().as_deref() {
            Some("invalid_grant") => Ok(()),
            Some("invalid_client") => Err(Finding::new(Cause::CLIENT_FORGOTTEN, seen("invalid_client"))),
            other => Err(Finding::new(Cause::UNEXPECTED, seen(other.unwrap_or("without an error in JSON")))),
        }
    }

    /// The whole way of an assistant that registers itself, from the documents on.
    pub(super) async fn onward(
        &self,
        server: &ServerMetadata,
        callbacks: &[&str],
        usable: &[&str],
    ) -> Result<Outcome, Finding> {
        server.is_for_public_clients()?;
        let Some(client) = self.registered(server, callbacks, usable).await? else {
            return Ok(Outcome::NotInvited);
        };
        self.signs_in(server, &client).await?;
        self.asks_for_tokens(server, &client, 0).await?;
        Ok(Outcome::Connects(client))
    }
}

fn lost(named: &str) -> Finding {
    Finding::new(Cause::ISSUER_DIFFERS, format!("authorization_servers begins with {named:?}"))
}

/// A first call as every MCP client makes it.
pub(super) fn knocking(method: Method, target: &Target) -> Ask {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "doctor", "version": env!("CARGO_PKG_VERSION")},
    }});
    let ask = if method == Method::POST {
        Ask::json(target.url().clone(), body.to_string())
    } else {
        Ask::new(method, target.url().clone())
    };
    ask.with("accept", "application/json, text/event-stream")
}

fn metadata(callbacks: &[&str]) -> String {
    json!({
        "client_name": "mcp-auth-sidecar doctor",
        "redirect_uris": callbacks,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
    .to_string()
}
