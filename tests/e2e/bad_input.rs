//! Whatever comes in, through the proxy or straight: an answer that blames the sender, a server that lives on, a log that keeps its secrets.

use std::{fs, thread};

use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials, form},
    bad_requests::{DOORS, Headers, bad_requests, header, whole},
    cursor,
    journey::{Attempt, Way, with},
    person::Person,
    proofs::proofs,
    raw::{self, request},
    stack::{OIDC_CLIENT, Stack, stack},
};

const WAY: Way = Way { callback: "http://127.0.0.1:53012/callback", ..cursor::WAY };

#[tokio::test]
async fn bad_input_through_the_proxy_is_answered_and_never_by_a_5xx() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    alice.asked(&authorize_url(&stack).await).await;
    let session = header("Cookie", &alice.cookies("localhost"));
    sweep(&stack, stack.ports.proxy, &vec![host(&stack), session]);
    lives_on(&stack, &alice).await;
}

#[tokio::test]
async fn bad_input_straight_at_the_sidecar_is_answered_and_never_by_a_5xx() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let proofs = proofs(&stack, "alice", OIDC_CLIENT).await;
    let proofs = proofs.into_iter().map(|(name, value)| (name.to_owned(), value));
    sweep(&stack, stack.ports.sidecar, &[host(&stack)].into_iter().chain(proofs).collect());
    lives_on(&stack, &alice).await;
}

/// The proxy shares its connections among all: one that the sidecar closes without a word is somebody else's 502.
#[tokio::test]
async fn a_request_that_is_refused_unread_harms_nobody_elses() {
    let stack = stack();
    let port = stack.ports.proxy;
    let host = host(&stack);
    let upgrade = [host.clone(), header("Connection", "upgrade, close"), header("Upgrade", "h2c")];
    let form = [host.clone(), header("Content-Type", "application/x-www-form-urlencoded")];
    let innocent = whole("POST", "/oauth/token", &form, b"grant_type=x");
    for (what, bad) in [
        ("a long URL", whole("POST", &format!("/oauth/token?{}", "a".repeat(100_000)), &form, b"")),
        ("an odd target", whole("GET", "/oauth/jwks?<", &form, b"")),
        ("a large body", whole("POST", "/mcp", &form, &vec![b'a'; 1024 * 1024])),
        ("an upgrade", whole("GET", "/oauth/jwks", &upgrade, b"")),
    ] {
        let harmed = thread::scope(|both| {
            both.spawn(|| (0..100).for_each(|_| answered(port, &bad).unwrap()));
            let innocents = both.spawn(|| (0..200).filter(|_| answered(port, &innocent).is_err()).count());
            innocents.join().unwrap()
        });
        assert_eq!(harmed, 0, "of 200 beside {what}");
    }
}

/// Clients do put secrets where they do not belong; the stack looks through the log when the test is over.
#[tokio::test]
async fn secrets_in_the_wrong_place_are_not_logged() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = json!({"client_name": "careless", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    let attempt = Attempt::new(&assistant, &client, &WAY);
    let code = attempt.is_allowed(&assistant, &alice).await;
    let tokens = assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens();
    let everything = form(&[
        ("access_token", tokens.access.clone()),
        ("refresh_token", tokens.refresh.clone()),
        ("code", code.clone()),
        ("code_verifier", attempt.verifier.clone()),
        ("client_secret", attempt.verifier.clone()),
    ]);
    let as_json = json!({"refresh_token": tokens.refresh, "grant_type": "refresh_token"}).to_string();
    for (method, path, content_type) in DOORS {
        for secret in [&tokens.access, &tokens.refresh, &code, &attempt.verifier] {
            let headers = [
                host(&stack),
                header("Authorization", &format!("Basic {secret}")),
                header("Content-Type", content_type),
            ];
            for body in [everything.as_str(), &as_json] {
                answered(
                    stack.ports.proxy,
                    &whole(method, &format!("{path}?{everything}"), &headers, body.as_bytes()),
                )
                .unwrap();
            }
        }
    }
}

fn sweep(stack: &Stack, port: u16, headers: &Headers) {
    let bad: Vec<_> = DOORS.iter().flat_map(|door| bad_requests(door, headers)).collect();
    let refused =
        |(what, bytes): &(String, Vec<u8>)| Some(format!("{what}: {}", answered(port, bytes).err()?));
    let failures: Vec<_> = thread::scope(|both| {
        let halves = bad.chunks(bad.len().div_ceil(2));
        let threads: Vec<_> = halves
            .map(|half| both.spawn(move || half.iter().filter_map(refused).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(bad.len() > 500, "a sweep of {} requests is none", bad.len());
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), bad.len(), failures.join("\n"));
    let log = fs::read_to_string(stack.folder.join("sidecar.log")).unwrap();
    assert!(!log.contains("panicked"), "something panicked");
}

fn answered(port: u16, bytes: &[u8]) -> Result<(), String> {
    let reply = raw::send(port, bytes)?;
    if (200..500).contains(&reply.status) { Ok(()) } else { Err(reply.text.chars().take(300).collect()) }
}

async fn lives_on(stack: &Stack, alice: &Person) {
    answered(stack.ports.admin, &request("GET", "/readyz", &[("Host", "localhost")], b"")).unwrap();
    alice.asked(&authorize_url(stack).await).await;
}

fn host(stack: &Stack) -> (String, String) {
    header("Host", stack.internal.host())
}

async fn authorize_url(stack: &Stack) -> String {
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = json!({"client_name": "swept", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    assistant.authorize_url(&with(&Attempt::new(&assistant, &client, &WAY).request, "scope", "mcp"))
}
