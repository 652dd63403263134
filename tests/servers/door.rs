//! A way to a server: straight, or through proxy and gateway with a token for its resource.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::{
    assistant::{Assistant, Credentials},
    behind::{Server, servers},
    journey::{Attempt, Way},
    person::Person,
    stack::{Stack, stack},
};

const WAY: Way = Way {
    callback: "http://localhost:53031/callback",
    scope: "mcp",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};

#[derive(Clone, Debug)]
pub(crate) struct Door {
    pub origin: String,
    pub path: String,
    pub token: Option<String>,
    http: Client,
}

impl Door {
    /// As the server itself listens: what works here is what must work behind the gateway.
    pub(crate) fn straight(server: &Server) -> Self {
        Self::new(server.origin(), server.path, None)
    }

    /// As an assistant comes in.
    pub(crate) async fn guarded(server: &Server, stack: &Stack) -> Self {
        Self::new(stack.internal.issuer.clone(), server.path, Some(token(server).await))
    }

    pub(crate) fn new(origin: String, path: &str, token: Option<String>) -> Self {
        Self { origin, path: path.to_owned(), token, http: Client::new() }
    }

    pub(crate) fn request(&self, method: Method) -> RequestBuilder {
        self.request_at(method, &self.path)
    }

    /// At another path of the same server.
    pub(crate) fn request_at(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.origin));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// Got by the whole flow: discovery from the server's own challenge, registration, sign-in, consent, code.
pub(crate) async fn token(server: &Server) -> String {
    static TOKENS: OnceCell<Vec<(&str, String)>> = OnceCell::const_new();
    let tokens = TOKENS.get_or_init(|| async { all_tokens(&stack()).await }).await;
    tokens.iter().find(|(path, _)| *path == server.path).unwrap().1.clone()
}

async fn all_tokens(stack: &Stack) -> Vec<(&'static str, String)> {
    let alice = Person::named("alice", stack);
    let mut tokens = Vec::new();
    for server in servers() {
        let assistant = Assistant::discover_at(&stack.internal, server.resource).await;
        let registration = json!({"client_name": server.name, "redirect_uris": [WAY.callback]});
        let client = Credentials::public(&assistant.register(&registration).await);
        let attempt = Attempt::new(&assistant, &client, &WAY);
        let code = attempt.is_allowed(&assistant, &alice).await;
        let granted = assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
        tokens.push((server.path, granted.access));
    }
    tokens
}
