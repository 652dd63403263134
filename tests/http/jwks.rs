//! The published keys, and which site a request belongs to.

use crate::harness::{Ask, TestServer};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const PATH: &str = "/oauth/jwks";

/// JWK-01 to JWK-04
#[tokio::test]
async fn keys_are_public_p256_keys_of_full_length() {
    let keys = keys(&TestServer::spawn()).await;
    assert!(!keys.is_empty());
    for key in &keys {
        assert_eq!((&key["kty"], &key["crv"]), (&json!("EC"), &json!("P-256")));
        assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("ES256")));
        for coordinate in ["x", "y"] {
            let text = key[coordinate].as_str().unwrap();
            assert_eq!(URL_SAFE_NO_PAD.decode(text).unwrap().len(), 32, "{coordinate} of {key}");
        }
        for private in ["d", "k", "p", "q", "state", "since", "until"] {
            assert_eq!(key[private], Value::Null, "{private} of {key}");
        }
    }
    let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(kids.len(), keys.len());
}

/// RFC 7638 3.1, design 4
#[tokio::test]
async fn a_key_is_named_by_its_thumbprint() {
    for key in keys(&TestServer::spawn()).await {
        let text = |member: &str| key[member].as_str().unwrap().to_owned();
        let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, text("x"), text("y"));
        assert_eq!(text("kid"), URL_SAFE_NO_PAD.encode(Sha256::digest(canonical)));
    }
}

/// JWK-06, design 4: only access tokens are signed by what is published
#[tokio::test]
async fn nothing_but_access_tokens_is_signed_by_a_published_key() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let tokens = server.tokens(&client).await;
    let published: Vec<Value> = keys(&server).await.iter().map(|key| key["kid"].clone()).collect();
    assert!(published.contains(&kid(&tokens.access)));
    for (name, unpublished) in [("client_id", &client.id), ("code", &code), ("refresh", &tokens.refresh)] {
        assert!(!published.contains(&kid(unpublished)), "{name}");
    }
}

/// JWK-10, design 3: the sites share the rings
#[tokio::test]
async fn the_keys_alone_are_answered_on_any_host() {
    let server = TestServer::spawn();
    let body = server.get(PATH).answer().await.body;
    for host in ["mcp.internal.example", "127.0.0.1", "localhost:8080", "elsewhere.example"] {
        let answer = server.at(host).get(PATH).answer().await;
        assert_eq!((answer.status, answer.body), (200, body.clone()), "{host}");
    }
}

/// T28, T29, design 3, X-02
#[tokio::test]
async fn a_host_of_nobodys_is_a_misdirected_request_everywhere_else() {
    let server = TestServer::spawn();
    for host in
        ["elsewhere.example", "mcp.example.com.evil.example", "mcp.example.com:8443", "evil.mcp.example.com"]
    {
        let site = server.at(host);
        for path in [
            "/.well-known/oauth-authorization-server",
            "/.well-known/oauth-protected-resource/mcp",
            "/oauth/authorize",
            "/mcp",
        ] {
            let answer = site.get(path).header("X-Forwarded-Host", "mcp.example.com").answer().await;
            assert_eq!(answer.status, 421, "{host} {path}");
        }
        assert_eq!(site.register(&site.metadata()).await.status, 421, "{host}");
        assert_eq!(site.post("/oauth/token").answer().await.status, 421, "{host}");
    }
}

/// RFC 9110 4.2.3: a host's case does not matter
#[tokio::test]
async fn a_hosts_case_does_not_matter() {
    let answer = TestServer::spawn()
        .at("MCP.Example.COM")
        .get("/.well-known/oauth-authorization-server")
        .answer()
        .await;
    assert_eq!(answer.json()["issuer"], json!("https://mcp.example.com"));
}

/// RFC 9112 3.2: exactly one Host
#[tokio::test]
async fn a_request_without_a_host_or_with_two_is_refused() {
    let server = TestServer::spawn();
    let path = "/.well-known/oauth-authorization-server";
    for hosts in ["", "Host: mcp.example.com\r\nHost: mcp.internal.example\r\n"] {
        let request = format!("GET {path} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n");
        let status = server.bytes(request).await.status;
        assert!([400, 421].contains(&status), "{status} for {hosts:?}");
    }
}

/// oauth2-proxy: an absolute request target beats no site out of another
#[tokio::test]
async fn an_absolute_request_target_does_not_choose_another_site() {
    let server = TestServer::spawn();
    let target = "http://mcp.internal.example/.well-known/oauth-authorization-server";
    let answer = server.raw("GET", target, "").await;
    let refused = [400, 421].contains(&answer.status);
    assert!(refused || answer.json()["issuer"] == json!(server.issuer()), "{answer:?}");
    let same = "http://mcp.example.com/.well-known/oauth-authorization-server";
    let answer = server.raw("GET", same, "").await;
    assert_eq!((answer.status, &answer.json()["issuer"]), (200, &json!(server.issuer())), "{answer:?}");
}

async fn keys(server: &TestServer) -> Vec<Value> {
    server.get(PATH).answer().await.json()["keys"].as_array().unwrap().clone()
}

/// The key that sealed it, whether it is a JWS or a JWE.
pub(crate) fn kid(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone()
}
