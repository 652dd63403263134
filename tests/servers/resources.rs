//! Several servers behind one sidecar: each a resource with metadata, a challenge and tokens of its own.

use std::collections::BTreeSet;

use reqwest::{Client, Method, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::{
    client::initialize,
    door::Door,
    server::{Server, servers},
    stack::{Stack, stack},
    tokens::token,
};

#[tokio::test]
async fn each_resource_has_its_own_metadata() {
    let stack = stack();
    let mut resources = BTreeSet::new();
    for server in servers() {
        let document: Value =
            Client::new().get(metadata(&stack, server)).send().await.unwrap().json().await.unwrap();
        assert_eq!(document["resource"], stack.internal.url(server.resource));
        assert_eq!(document["authorization_servers"], json!([stack.internal.issuer]));
        resources.insert(document["resource"].to_string());
    }
    assert_eq!(resources.len(), servers().len());
}

#[tokio::test]
async fn without_a_token_everything_at_and_below_a_resource_is_answered_with_its_challenge() {
    let stack = stack();
    for server in servers() {
        for below in ["", "/messages", "/messages/?session_id=00000000000000000000000000000000"] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let path = format!("{}{below}", if below.is_empty() { server.path } else { server.resource });
                let door = Door::new(stack.internal.issuer.clone(), &path, None);
                let response = door.request(method.clone()).send().await.unwrap();
                let what = format!("{method} {path}");
                assert_eq!(response.status(), 401, "{what}");
                assert!(challenge(response.headers()).contains(&quoted(&metadata(&stack, server))), "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_path_that_only_begins_like_a_resource_is_not_part_of_it() {
    let stack = stack();
    let at_the_origin = servers().iter().find(|server| server.needs_the_origin()).unwrap();
    for server in servers().iter().filter(|server| !server.needs_the_origin()) {
        let path = format!("{}s", server.resource);
        for token in [None, Some(token(server).await)] {
            let door = Door::new(stack.internal.issuer.clone(), &path, token);
            let response = door.request(Method::GET).send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            assert!(
                challenge(response.headers()).contains(&quoted(&metadata(&stack, at_the_origin))),
                "{path}"
            );
        }
    }
}

// T11
#[tokio::test]
async fn a_token_for_one_resource_opens_that_one_and_no_other() {
    let stack = stack();
    for owner in servers() {
        let token = token(owner).await;
        for server in servers() {
            let (status, headers) = asked(&stack, server, &token).await;
            let what = format!("a token for {:?} at {:?}", owner.resource, server.resource);
            if owner.resource == server.resource {
                assert!(status != 401 && status != 403, "{what}: {status}");
            } else {
                assert_eq!(status, 401, "{what}");
                let challenge = challenge(&headers);
                assert!(challenge.contains(r#"error="invalid_token""#), "{what}: {challenge}");
                assert!(challenge.contains(&quoted(&metadata(&stack, server))), "{what}: {challenge}");
            }
        }
    }
}

async fn asked(stack: &Stack, server: &Server, token: &str) -> (StatusCode, HeaderMap) {
    let door = Door::new(stack.internal.issuer.clone(), server.path, Some(token.to_owned()));
    let request = door.request(Method::POST).header("Accept", "application/json, text/event-stream");
    let response = request.json(&initialize("2025-11-25")).send().await.unwrap();
    (response.status(), response.headers().clone())
}

fn metadata(stack: &Stack, server: &Server) -> String {
    stack.internal.url(&format!("/.well-known/oauth-protected-resource{}", server.resource))
}

/// Up to the closing quotation mark, so that no other address begins with it.
fn quoted(document: &str) -> String {
    format!(r#"resource_metadata="{document}""#)
}

fn challenge(headers: &HeaderMap) -> &str {
    headers["WWW-Authenticate"].to_str().unwrap()
}
