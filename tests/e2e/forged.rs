//! Who tries to be somebody else: straight at the sidecar without the proxy's proofs, or through the proxy with headers of their own.

use reqwest::{Method, Response};
use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials},
    cursor,
    journey::{Attempt, Way},
    mcp::Mcp,
    person::{Landing, Person},
    proofs::{Headers, and, answer_straight, proofs, straight, unsigned, without},
    raw, spellings,
    stack::{OIDC_CLIENT, Stack, stack},
};

const WAY: Way = Way { callback: "http://127.0.0.1:53011/callback", ..cursor::WAY };

#[tokio::test]
async fn straight_at_the_sidecar_every_proof_of_the_proxy_must_hold() {
    let stack = stack();
    let url = authorize_url(&stack).await;
    let good = proofs(&stack, "alice", OIDC_CLIENT).await;
    let page = straight(&stack, &url, &good).await;
    assert_eq!(page.status(), 200, "with all of them there is a consent page");
    assert!(page.text().await.unwrap().contains("alice@example.com"));

    let of_mallory = proofs(&stack, "mallory", OIDC_CLIENT).await;
    let of_bob = proofs(&stack, "bob", OIDC_CLIENT).await;
    let for_another = proofs(&stack, "alice", "another.apps.example").await;
    let id_token = |of: &Headers| of["X-Forwarded-Id-Token"].clone();
    for (what, forged) in [
        ("no secret", without(&good, "X-Sidecar-Auth")),
        ("a wrong secret", and(&good, "X-Sidecar-Auth", "x".repeat(43))),
        ("no ID token", without(&good, "X-Forwarded-Id-Token")),
        ("an ID token for another client", and(&good, "X-Forwarded-Id-Token", id_token(&for_another))),
        ("an ID token of another person", and(&good, "X-Forwarded-Id-Token", id_token(&of_bob))),
        ("an unsigned ID token", and(&good, "X-Forwarded-Id-Token", unsigned(&id_token(&good)))),
        ("nothing at all", Headers::new()),
    ] {
        is_turned_away(401, what, straight(&stack, &url, &forged).await).await;
    }
    is_turned_away(403, "a person of another domain", straight(&stack, &url, &of_mallory).await).await;
}

#[tokio::test]
async fn a_consent_that_is_answered_past_the_proxy_gives_no_code() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let consent = alice.asked(&authorize_url(&stack).await).await;
    let good = proofs(&stack, "alice", OIDC_CLIENT).await;
    for (what, forged) in [
        ("no secret", without(&good, "X-Sidecar-Auth")),
        ("no ID token", without(&good, "X-Forwarded-Id-Token")),
    ] {
        is_turned_away(401, what, answer_straight(&stack, &consent, &forged).await).await;
    }
    let of_bob = proofs(&stack, "bob", OIDC_CLIENT).await;
    is_turned_away(403, "another person", answer_straight(&stack, &consent, &of_bob).await).await;
    assert_eq!(
        answer_straight(&stack, &consent, &good).await.status(),
        303,
        "with all proofs it is an answer"
    );
}

#[tokio::test]
async fn through_the_proxy_identity_headers_in_any_spelling_change_nobody_and_nothing() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let url = authorize_url(&stack).await;
    alice.asked(&url).await;
    let target = url.strip_prefix(&stack.internal.issuer).unwrap();
    let forged = proofs(&stack, "bob", OIDC_CLIENT).await;
    let cookies = alice.cookies("localhost");
    for (name, value) in &forged {
        for spelled in spellings(name, value) {
            let headers =
                [vec![("Host", stack.internal.host()), ("Cookie", &cookies)], borrowed(&spelled)].concat();
            let reply = raw::send(stack.ports.proxy, &raw::request("GET", target, &headers, b"")).unwrap();
            assert_eq!(reply.status, 200, "{spelled:?}: {}", reply.text);
            assert!(reply.text.contains("alice@example.com") && !reply.text.contains("bob@"), "{spelled:?}");
        }
    }
}

#[tokio::test]
async fn through_the_proxy_without_a_session_identity_headers_are_worth_nothing() {
    let stack = stack();
    let url = authorize_url(&stack).await;
    let target = url.strip_prefix(&stack.internal.issuer).unwrap();
    for (name, value) in &proofs(&stack, "bob", OIDC_CLIENT).await {
        for spelled in spellings(name, value) {
            let headers = [vec![("Host", stack.internal.host())], borrowed(&spelled)].concat();
            let ask = |method, target: &str, body: &[u8]| {
                raw::send(stack.ports.proxy, &raw::request(method, target, &headers, body)).unwrap()
            };
            assert_eq!(ask("GET", target, b"").status, 302, "authorize asks to sign in: {spelled:?}");
            assert_eq!(ask("POST", "/mcp", b"{}").status, 401, "{spelled:?}");
            assert_eq!(ask("POST", "/oauth/token", b"").status, 400, "{spelled:?}");
            assert_eq!(ask("GET", "/oauth/jwks", b"").status, 200, "{spelled:?}");
        }
    }
}

#[tokio::test]
async fn at_the_gateway_the_token_says_who_calls_whatever_session_and_headers_come_along() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let bob = Person::named("bob", &stack);
    let (assistant, client) = registered(&stack).await;
    let attempt = Attempt::new(&assistant, &client, &WAY);
    let code = attempt.is_allowed(&assistant, &alice).await;
    let tokens = assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
    bob.asked(&assistant.authorize_url(&attempt.request)).await;
    let mut headers = proofs(&stack, "bob", OIDC_CLIENT).await;
    headers.insert("Cookie", bob.cookies("localhost"));
    let mut mcp = Mcp::connect_with(&stack.internal, &tokens.access, headers).await;
    mcp.knows(&stack.internal, &alice.address).await;
}

#[tokio::test]
async fn a_connection_header_that_deletes_the_proxys_proofs_gets_no_question_and_no_code() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let url = authorize_url(&stack).await;
    let consent = alice.asked(&url).await;
    for deleted in [
        "X-Sidecar-Auth",
        "X-Forwarded-Id-Token",
        "X-Forwarded-Email, X-Sidecar-Auth",
        "X-Forwarded-User, X-Forwarded-Email, X-Forwarded-Id-Token, X-Sidecar-Auth",
        "x-sidecar-auth, close",
    ] {
        let asked = alice
            .walk(Method::GET, consent.page.url.clone(), |request| request.header("Connection", deleted));
        let answered = alice.submit(&consent, "allow", |request| request.header("Connection", deleted));
        for landing in [asked.await, answered.await] {
            match landing {
                Landing::Page(page) => {
                    assert_eq!(page.status, 401, "Connection: {deleted}: {}", page.html);
                    assert!(!page.html.contains(r#"name="question""#), "Connection: {deleted}");
                }
                Landing::Away(to, _) => panic!("Connection: {deleted} was answered at {to}"),
            }
        }
    }
    alice.answer(&consent, "allow").await.code();
}

async fn registered(stack: &Stack) -> (Assistant, Credentials) {
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = json!({"client_name": "forged", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    (assistant, client)
}

async fn authorize_url(stack: &Stack) -> String {
    let (assistant, client) = registered(stack).await;
    assistant.authorize_url(&Attempt::new(&assistant, &client, &WAY).request)
}

async fn is_turned_away(status: u16, what: &str, response: Response) {
    assert_eq!(response.status(), status, "{what}");
    assert!(!response.text().await.unwrap().contains(r#"name="question""#), "{what}");
}

/// The name in every spelling, alone and together.
fn spellings(name: &str, value: &str) -> Vec<Vec<(String, String)>> {
    let names = spellings::names(name).map(|(_, name)| name);
    let header = |name: &String| (name.clone(), value.to_owned());
    let twice = vec![header(&names[0]), header(&names[0])];
    let three_at_once = vec![header(&names[0]), header(&names[1]), header(&names[5])];
    let empty = vec![(names[0].clone(), String::new())];
    names.iter().map(|name| vec![header(name)]).chain([twice, three_at_once, empty]).collect()
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}
