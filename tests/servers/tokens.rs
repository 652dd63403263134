//! A token for each of the servers.

use serde_json::json;
use tokio::sync::OnceCell;

use crate::{
    assistant::{Assistant, Credentials},
    door::Door,
    journey::{Attempt, Way},
    person::Person,
    server::{Server, servers},
    stack::{Stack, stack},
};

const WAY: Way = Way {
    callback: "http://localhost:53031/callback",
    scope: "mcp",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};

impl Door {
    /// As an assistant comes in.
    pub(crate) async fn guarded(server: &Server, stack: &Stack) -> Self {
        Self::new(stack.internal.issuer.clone(), server.path, Some(token(server).await))
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
