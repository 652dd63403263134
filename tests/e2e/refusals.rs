//! Each wrong thing once, refused in the protocol's words: the same request as the good one, but for one thing.

use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::{
    assistant::{Assistant, Credentials, Tokens},
    cursor,
    gemini_enterprise::{self, minted},
    journey::{Attempt, Way, with},
    mcp::{self, Mcp},
    person::{Landing, Person},
    secrets,
    stack::{Site, stack},
};

const LOOPBACK: Way = Way { callback: "http://127.0.0.1:53010/callback", ..cursor::WAY };

#[tokio::test]
async fn callbacks_of_the_other_site_or_of_nobody_we_know_cannot_be_registered() {
    let stack = stack();
    for (site, callback) in [
        (&stack.internal, "https://claude.ai/api/mcp/auth_callback"),
        (&stack.internal, "https://vertexaisearch.cloud.google.com/oauth-redirect"),
        (&stack.public, "http://127.0.0.1:53010/callback"),
        (&stack.public, "https://vertexaisearch.cloud.google.com/oauth-redirect"),
        (&stack.public, "https://evil.example/callback"),
    ] {
        let registration = json!({"client_name": "x", "redirect_uris": [callback]});
        let reply = Assistant::discover(site).await.try_to_register(&registration).await;
        reply.is_refused(400, "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_a_callback_that_the_client_did_not_register_nor_for_a_client_of_the_other_site() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let good = Attempt::new(&assistant, &client, &LOOPBACK).request;
    alice.asked(&assistant.authorize_url(&good)).await;
    for (name, value) in [("redirect_uri", "https://evil.example/callback"), ("client_id", "unknown")] {
        let page = alice.page(&assistant.authorize_url(&with(&good, name, value))).await;
        assert_eq!(page.status, 400, "{name}={value}");
        assert!(page.headers["Content-Type"].to_str().unwrap().starts_with("text/html"), "{name}={value}");
    }
    let elsewhere = Assistant::discover(&stack.public).await;
    assert_eq!(alice.page(&elsewhere.authorize_url(&good)).await.status, 400);
}

#[tokio::test]
async fn a_code_needs_its_own_verifier_and_its_own_client_and_a_failed_attempt_does_not_burn_it() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let (_, another) = registered(&stack.internal).await;
    let attempt = Attempt::new(&assistant, &client, &LOOPBACK);
    let good = attempt.redemption(&attempt.is_allowed(&assistant, &alice).await);
    for (name, value) in [
        ("code_verifier", secrets::noted("v".repeat(43)).as_str()),
        ("redirect_uri", "http://127.0.0.1:53010/elsewhere"),
    ] {
        assistant.ask_for_tokens(&client, &with(&good, name, value)).await.is_refused(400, "invalid_grant");
    }
    assistant.ask_for_tokens(&another, &good).await.is_refused(400, "invalid_grant");
    assistant
        .ask_for_tokens(&client, &with(&good, "resource", "https://elsewhere.example/mcp"))
        .await
        .is_refused(400, "invalid_target");
    let tokens = assistant.ask_for_tokens(&client, &good).await.tokens();
    assistant.calls_a_tool_as(&alice, &tokens).await;
}

#[tokio::test]
async fn a_code_that_comes_twice_is_refused_and_takes_its_family_with_it() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let attempt = Attempt::new(&assistant, &client, &LOOPBACK);
    let redemption = attempt.redemption(&attempt.is_allowed(&assistant, &alice).await);
    let tokens = assistant.ask_for_tokens(&client, &redemption).await.tokens();
    assistant.ask_for_tokens(&client, &redemption).await.is_refused(400, "invalid_grant");
    assistant.ask_for_tokens(&client, &attempt.refreshment(&tokens)).await.is_refused(400, "invalid_grant");
}

#[tokio::test]
async fn a_confidential_client_without_its_secret_gets_nothing() {
    let stack = stack();
    let bob = Person::named("bob", &stack);
    let gemini = Assistant::discover(&stack.public).await;
    let (id, secret) = minted(&stack);
    let wrong = secrets::noted("w".repeat(43));
    let good = Credentials::Basic { id: id.clone(), secret };
    let attempt = Attempt::new(&gemini, &good, &gemini_enterprise::WAY);
    let redemption = attempt.redemption(&attempt.is_allowed(&gemini, &bob).await);
    let challenged = Credentials::Basic { id: id.clone(), secret: wrong.clone() };
    let reply = gemini.ask_for_tokens(&challenged, &redemption).await;
    reply.is_refused(401, "invalid_client");
    assert!(reply.headers["WWW-Authenticate"].to_str().unwrap().starts_with("Basic "));
    for bad in [Credentials::Post { id: id.clone(), secret: wrong }, Credentials::Public { id }] {
        gemini.ask_for_tokens(&bad, &redemption).await.is_refused(401, "invalid_client");
    }
    gemini.ask_for_tokens(&good, &redemption).await.tokens();
}

#[tokio::test]
async fn what_one_site_issued_the_other_refuses() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let attempt = Attempt::new(&assistant, &client, &LOOPBACK);
    let code = attempt.is_allowed(&assistant, &alice).await;
    let elsewhere = Assistant::discover(&stack.public).await;
    let redemption = attempt.redemption(&code);
    elsewhere.ask_for_tokens(&client, &redemption).await.is_refused(401, "invalid_client");

    let tokens = assistant.ask_for_tokens(&client, &redemption).await.tokens();
    let refreshment = attempt.refreshment(&tokens);
    elsewhere.ask_for_tokens(&client, &refreshment).await.is_refused(401, "invalid_client");
    let (_, client_there) = registered_at(&stack.public, cursor::CLOUD).await;
    elsewhere
        .ask_for_tokens(&client_there, &with(&refreshment, "resource", &elsewhere.resource))
        .await
        .is_refused(400, "invalid_grant");
    is_challenged(&Mcp::without_session(&stack.public, &tokens.access).post(&mcp::initialize()).await);
    assistant.calls_a_tool_as(&alice, &tokens).await;
}

#[tokio::test]
async fn only_an_access_token_opens_the_gateway_and_only_in_its_header() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let attempt = Attempt::new(&assistant, &client, &LOOPBACK);
    let code = attempt.is_allowed(&assistant, &alice).await;
    let Tokens { access, refresh, .. } =
        assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
    let (content, signature) = access.rsplit_once('.').unwrap();
    let edited = format!("{content}.{}", signature.chars().rev().collect::<String>());
    for not_a_token in [&refresh, &code, client.id(), &edited, "x"] {
        is_challenged(&Mcp::without_session(&stack.internal, not_a_token).post(&mcp::initialize()).await);
    }
    let in_the_query = format!("{}?access_token={access}", stack.internal.url("/mcp"));
    let response = Client::new().post(in_the_query).json(&mcp::initialize()).send().await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn a_person_of_another_domain_is_refused_by_the_proxy_and_never_asked() {
    let stack = stack();
    let mallory = Person::named("mallory", &stack);
    let (assistant, client) = registered(&stack.internal).await;
    let url = assistant.authorize_url(&Attempt::new(&assistant, &client, &LOOPBACK).request);
    for _ in 0..2 {
        match mallory.open(&url).await {
            Landing::Page(page) => {
                assert_eq!(page.status, 403);
                assert_eq!(page.url.path(), "/oauth2/callback", "the proxy's own page");
            }
            Landing::Away(to, _) => panic!("sent to {to}"),
        }
    }
}

async fn registered(site: &Site) -> (Assistant, Credentials) {
    registered_at(site, LOOPBACK.callback).await
}

async fn registered_at(site: &Site, callback: &str) -> (Assistant, Credentials) {
    let assistant = Assistant::discover(site).await;
    let registered: Value =
        assistant.register(&json!({"client_name": "one of many", "redirect_uris": [callback]})).await;
    (assistant, Credentials::public(&registered))
}

fn is_challenged(response: &Response) {
    assert_eq!(response.status(), 401);
    let challenge = response.headers()["WWW-Authenticate"].to_str().unwrap();
    assert!(
        challenge.starts_with("Bearer ") && challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
}
