//! Claude Desktop and claude.ai: from Anthropic's cloud, on the public site, public, answered at claude.ai.

use serde_json::{Value, json};

use crate::{
    assistant::{Assistant, Credentials},
    journey::{Attempt, Way},
    person::Person,
    stack::stack,
};

const WAY: Way = Way {
    callback: "https://claude.ai/api/mcp/auth_callback",
    scope: " offline_access",
    sends_resource: true,
    sends_challenge: true,
    extras: &[("prompt", "consent")],
};

#[tokio::test]
async fn claude_registers_itself_and_asks_with_a_blank_before_its_scope() {
    let stack = stack();
    let bob = Person::named("bob", &stack);
    let claude = Assistant::discover(&stack.public).await;
    let client = Credentials::public(&claude.register(&registration(&claude.scope)).await);
    let url = claude.authorize_url(&Attempt::new(&claude, &client, &WAY).request);
    bob.asked(&url).await.names(&["Claude", "claude.ai"]);
    let tokens = claude.goes_all_the_way(&client, &WAY, &bob).await;
    assert!(
        tokens.scope.split(' ').any(|scope| scope == "mcp"),
        "the default, as no scope of ours was named"
    );
}

#[tokio::test]
async fn who_says_no_sends_claude_the_protocols_word_for_it() {
    let stack = stack();
    let bob = Person::named("bob", &stack);
    let claude = Assistant::discover(&stack.public).await;
    let client = Credentials::public(&claude.register(&registration(&claude.scope)).await);
    let attempt = Attempt::new(&claude, &client, &WAY);
    let answer = bob.deny(&claude.authorize_url(&attempt.request)).await;
    assert!(answer.url.as_str().starts_with(WAY.callback), "{}", answer.url);
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
    assert_eq!((answer.param("state"), answer.param("code")), (Some(attempt.state), None));
}

fn registration(scope: &str) -> Value {
    json!({
        "client_name": "Claude",
        "redirect_uris": [WAY.callback],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": scope,
    })
}
