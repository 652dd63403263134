//! Access tokens, read by another JOSE implementation and the published keys.

use crate::harness::{Ask, TestServer, alice, also, with, without};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use std::collections::BTreeSet;

impl TestServer {
    /// What the token says, once its signature, issuer and audience are as they should be.
    pub(crate) async fn claims(&self, token: &str) -> Value {
        let keys: JwkSet = serde_json::from_value(self.get("/oauth/jwks").answer().await.json()).unwrap();
        let kid = decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(keys.find(&kid).expect("a published key")).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        // The test's clock is not the machine's.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_issuer(&[self.issuer()]);
        decode(token, &key, &validation).unwrap().claims
    }
}

/// AT-02 to AT-07, AT-09 to AT-12, CC-06, T11, T24, design 4: these and nothing else
#[tokio::test]
async fn an_access_token_holds_exactly_what_the_rules_say() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let claims = server.claims(&tokens.access).await;
    for (name, expected) in [
        ("iss", json!(server.issuer())),
        ("aud", json!("https://mcp.example.com/mcp")),
        ("sub", json!(alice().user)),
        ("email", json!(alice().email)),
        ("client_id", json!(client.id)),
        ("scope", json!(tokens.scope)),
        ("iat", json!(server.now())),
        ("exp", json!(server.now() + 3_600)),
        ("auth_time", json!(server.now())),
    ] {
        assert_eq!(claims[name], expected, "{name}");
    }
    let names: BTreeSet<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["iss", "aud", "sub", "email", "client_id", "scope", "iat", "exp", "jti", "auth_time", "sid"];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(claims["jti"].is_string() && claims["sid"].is_string(), "{claims}");
}

/// AT-01, AT-02, JWK-05, T13
#[tokio::test]
async fn its_header_names_a_kind_an_algorithm_and_a_key() {
    let server = TestServer::spawn();
    let tokens = server.tokens(&server.client().await).await;
    let parts: Vec<&str> = tokens.access.split('.').collect();
    assert_eq!(parts.len(), 3);
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!((&header["typ"], &header["alg"]), (&json!("at+jwt"), &json!("ES256")));
    assert!(header["kid"].is_string());
    assert_eq!(header.as_object().unwrap().len(), 3, "{header}");
    assert_eq!(URL_SAFE_NO_PAD.decode(parts[2]).unwrap().len(), 64);
}

/// AT-03
#[tokio::test]
async fn no_two_tokens_have_a_name_in_common() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let (one, other) = (server.tokens(&client).await, server.tokens(&client).await);
    let (one, other) = (server.claims(&one.access).await, server.claims(&other.access).await);
    assert_ne!(one["jti"], other["jti"]);
    assert_ne!(one["sid"], other["sid"]);
}

/// AT-05, AT-11, AZ-43, AZ-45, T11, design 5.5: always the configured spelling
#[tokio::test]
async fn its_audience_is_the_resource_as_it_is_configured() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let (first, second) = ("https://mcp.example.com/mcp", "https://mcp.example.com/other/mcp");
    for (asked, audience) in [
        ("", first),
        (first, first),
        (second, second),
        ("https://mcp.example.com/other/mcp/", second),
        ("HTTPS://MCP.EXAMPLE.COM/other/mcp", second),
        ("https://mcp.example.com:443/mcp", first),
    ] {
        let tokens = server.tokens_of(&client, &with(&client.request(), "resource", asked)).await;
        assert_eq!(server.claims(&tokens.access).await["aud"], json!(audience), "{asked}");
    }
    let twice = also(&also(&client.request(), "resource", second), "resource", second);
    let tokens = server.tokens_of(&client, &twice).await;
    assert_eq!(server.claims(&tokens.access).await["aud"], json!(second));
}

/// AZ-45, design 5.5: a bare origin is the same with a slash and without
#[tokio::test]
async fn a_bare_origin_is_the_same_with_a_slash_and_without() {
    let configured = "https://mcp.example.com";
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_RESOURCES", configured)]);
    let client = server.client().await;
    for asked in [configured, "https://mcp.example.com/", ""] {
        let tokens = server.tokens_of(&client, &with(&client.request(), "resource", asked)).await;
        assert_eq!(server.claims(&tokens.access).await["aud"], json!(configured), "{asked}");
    }
}

/// AT-04, AT-11, AZ-37 to AZ-40, T34, design 5.6: what was granted is what is known
#[tokio::test]
async fn its_scope_is_what_was_asked_for_and_is_known() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for (asked, granted) in [
        ("", "mcp"),
        ("mcp", "mcp"),
        ("tools:write", "tools:write"),
        (" mcp  tools:write ", "mcp tools:write"),
        ("tools:write mcp mcp", "mcp tools:write"),
        ("claudeai", "mcp"),
        ("MCP", "mcp"),
        ("openid email profile", "mcp"),
        (" offline_access", "mcp"),
        ("tools:write offline_access admin", "tools:write"),
    ] {
        let tokens = server.tokens_of(&client, &with(&client.request(), "scope", asked)).await;
        let claims = server.claims(&tokens.access).await;
        assert_eq!(claims["scope"], json!(tokens.scope), "{asked}");
        let mut scopes: Vec<&str> = tokens.scope.split(' ').collect();
        scopes.sort_unstable();
        assert_eq!(scopes.join(" "), granted, "{asked}");
    }
    let tokens = server.tokens_of(&client, &without(&client.request(), "scope")).await;
    assert_eq!(tokens.scope, "mcp");
}

/// AT-10, TK-27, design 3
#[tokio::test]
async fn its_lifetime_is_a_setting() {
    let server = TestServer::spawn_with([("MCP_AUTH_ACCESS_TOKEN_SECS", "900")]);
    let client = server.client().await;
    let code = server.code(&client).await;
    let answer = server.token(&client.exchange(&code)).await;
    assert_eq!(answer.json()["expires_in"], json!(900));
    let claims = server.claims(&answer.tokens().access).await;
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
}

/// AT-08, design 4: the consent, not the token, is what `auth_time` tells of
#[tokio::test]
async fn the_time_of_the_consent_is_that_of_the_answer() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    server.wait(30);
    let consented = server.now();
    let code = server.consent(&page).await.param("code").unwrap();
    server.wait(30);
    let tokens = server.token(&client.exchange(&code)).await.tokens();
    let claims = server.claims(&tokens.access).await;
    assert_eq!(claims["auth_time"], json!(consented));
    assert_eq!(claims["iat"], json!(server.now()));
}
