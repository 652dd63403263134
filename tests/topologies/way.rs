//! The whole way of an assistant: from the 401 over registration, sign-in and consent to a token.

use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials, Tokens},
    jose,
    journey::{Attempt, Way},
    person::Person,
    stack::Site,
};

/// Both sites answer there.
const WAY: Way = Way {
    callback: "cursor://anysphere.cursor-mcp/oauth/callback",
    scope: "mcp",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};

/// What the assistant holds in the end, all of it from the site.
#[derive(Debug)]
pub(crate) struct Held {
    pub client_id: String,
    pub tokens: Tokens,
    assistant: Assistant,
    client: Credentials,
}

impl Held {
    pub(crate) async fn after_the_whole_way(site: &Site, person: &Person) -> Self {
        let held = Self::from("/mcp", "/mcp", site, person).await;
        jose::verify(site, &held.tokens.access, &person.address).await;
        held
    }

    /// From what is typed into a client to the resource that it is part of.
    pub(crate) async fn from(asked: &str, resource: &str, site: &Site, person: &Person) -> Self {
        let (assistant, client) = registered(asked, resource, site).await;
        let attempt = Attempt::new(&assistant, &client, &WAY);
        let code = attempt.is_allowed(&assistant, person).await;
        let tokens = assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
        Self { client_id: client.id().to_owned(), tokens, assistant, client }
    }

    /// One that was never redeemed.
    pub(crate) async fn a_code(&self, person: &Person) -> String {
        let attempt = Attempt::new(&self.assistant, &self.client, &WAY);
        attempt.is_allowed(&self.assistant, person).await
    }
}

pub(crate) async fn authorize_url(site: &Site) -> String {
    let (assistant, client) = registered("/mcp", "/mcp", site).await;
    assistant.authorize_url(&Attempt::new(&assistant, &client, &WAY).request)
}

async fn registered(asked: &str, resource: &str, site: &Site) -> (Assistant, Credentials) {
    let assistant = Assistant::discover_from(site, asked, resource).await;
    let registration = json!({"client_name": "topologies", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    (assistant, client)
}
