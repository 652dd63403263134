//! New keys beside the old ones: what was issued before goes on until the old keys end.

use crate::harness::rules::until;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer, alice};
use crate::jwks::kid;
use mcp_auth_sidecar::clock::Timestamp;
use mcp_auth_sidecar::seal::keys_dir;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const RINGS: [&str; 3] = ["access.json", "session.json", "registration.json"];

/// JWK-07, REG-31, T33, design 4
#[tokio::test]
async fn what_old_keys_sealed_is_good_beside_the_new_ones() {
    let upstream = Upstream::start().await;
    let setting = [("MCP_AUTH_UPSTREAM", upstream.url.as_str())];
    let before = TestServer::spawn_with(setting);
    let client = before.client().await;
    let tokens = before.tokens(&client).await;
    let code = before.code(&client).await;
    let page = before.authorize(&alice(), &client.request()).await;
    rotate(&before, 86_400);
    let server = before.again_with(setting);
    assert_eq!(published(&server).await.len(), 2);
    assert_eq!(server.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 200);
    assert_eq!(server.claims(&tokens.access).await["email"], json!(alice().email));
    assert!(server.consent(&page).await.param("code").is_some());
    assert!(server.authorize(&alice(), &client.request()).await.is_question());
    let fresh = server.token(&client.exchange(&code)).await.tokens();
    server.refreshed(&client, &tokens.refresh).await;
    assert_ne!(kid(&fresh.access), kid(&tokens.access));
    assert_ne!(kid(&fresh.refresh), kid(&tokens.refresh));
    assert_ne!(kid(&server.client().await.id), kid(&client.id));
}

/// X-23, T35: a replica whose clock is behind takes what one that is ahead issued
#[tokio::test]
async fn what_comes_from_a_little_ahead_is_good() {
    let upstream = Upstream::start().await;
    let setting = [("MCP_AUTH_UPSTREAM", upstream.url.as_str())];
    let ahead = TestServer::spawn_with(setting);
    let client = ahead.client().await;
    let tokens = ahead.tokens(&client).await;
    let code = ahead.code(&client).await;
    let page = ahead.authorize(&alice(), &client.request()).await;
    ahead.wait(-30);
    let behind = ahead.again_with(setting);
    assert_eq!(behind.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 200);
    assert!(behind.authorize(&alice(), &client.request()).await.is_question());
    assert!(behind.consent(&page).await.param("code").is_some());
    behind.token(&client.exchange(&code)).await.tokens();
    behind.refreshed(&client, &tokens.refresh).await;
}

/// JWK-07, design 4: verifies until a date
#[tokio::test]
async fn what_old_keys_sealed_ends_with_them() {
    let before = TestServer::spawn();
    let client = before.client().await;
    let tokens = before.tokens(&client).await;
    rotate(&before, 3_000);
    let server = before.again_with([]);
    server.wait(3_001);
    assert_eq!(published(&server).await.len(), 1);
    assert_eq!(server.token(&client.refresh(&tokens.refresh)).await.refusal().0, 401);
    let another = server.client().await;
    let refusal = server.token(&another.refresh(&tokens.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
    assert!(server.authorize(&alice(), &client.request()).await.is_refusal_page());
}

/// JWK-07, REG-31, design 4: every replica reads the folder again, and a set that does not hold changes nothing
#[tokio::test]
async fn new_keys_are_in_force_without_a_restart_and_broken_ones_are_not() {
    let server = TestServer::spawn_with([("MCP_AUTH_KEYS_POLL_SECS", "1")]);
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    rotate(&server, 86_400);
    until("two keys", async || published(&server).await.len() == 2).await;
    let next = server.refreshed(&client, &tokens.refresh).await;
    assert_ne!(kid(&next.access), kid(&tokens.access));
    assert_eq!(server.claims(&tokens.access).await["email"], json!(alice().email));
    assert!(server.authorize(&alice(), &client.request()).await.is_question());
    let file = server.home().join("keys").join("session.json");
    let good = fs::read(&file).unwrap();
    fs::write(&file, "{").unwrap();
    let counted = "mcp_auth_file_failures_total{file=\"keys\"} 1";
    until("a failure", async || server.admin("/metrics").answer().await.text().contains(counted)).await;
    let last = server.refreshed(&client, &next.refresh).await;
    assert_eq!(published(&server).await.len(), 2);
    fs::write(&file, good).unwrap();
    server.refreshed(&client, &last.refresh).await;
}

/// T14, design 4: keys of somebody else's making open nothing
#[tokio::test]
async fn other_keys_know_nothing_of_what_was_issued() {
    let (server, other) = (TestServer::spawn(), TestServer::spawn());
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let page = server.authorize(&alice(), &client.request()).await;
    assert!(other.authorize(&alice(), &client.request()).await.is_refusal_page());
    assert_eq!(other.token(&client.refresh(&tokens.refresh)).await.refusal().0, 401);
    let refusal = other.token(&other.client().await.refresh(&tokens.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
    assert!(other.consent(&page).await.is_refusal_page());
}

/// A new key seals in each ring; the one before it is accepted for so many seconds more.
fn rotate(server: &TestServer, seconds: i64) {
    let next = TempDir::new().unwrap();
    keys_dir::init(next.path(), Timestamp::from_secs(server.now())).unwrap();
    for ring in RINGS {
        let file = server.home().join("keys").join(ring);
        let (mut rings, fresh) = (read(&file), read(&next.path().join(ring)));
        rings["keys"][0]["state"] = json!("retired");
        rings["keys"][0]["until"] = json!(server.now() + seconds);
        rings["keys"].as_array_mut().unwrap().push(fresh["keys"][0].clone());
        fs::write(&file, rings.to_string()).unwrap();
    }
}

async fn published(server: &TestServer) -> Vec<Value> {
    server.get("/oauth/jwks").answer().await.json()["keys"].as_array().unwrap().clone()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}
