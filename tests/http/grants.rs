//! Grants and proofs that are not offered: refused in the protocol's words, and never half done.

use crate::harness::minted::Minted;
use crate::harness::{Ask, TestServer, encoded, form, with};
use serde_json::json;

const ASSERTION: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";

/// TK-04, TK-19, CC-01, CC-02, JB-01, JB-20, T26: two grants, and no other, for any client
#[tokio::test]
async fn every_other_grant_is_refused_for_every_client() {
    let server = TestServer::spawn_today([]);
    let registered = server.client().await;
    let minted = Minted::gemini(&server, "optional");
    let public = form([("client_id", registered.id.as_str())]);
    let confidential =
        form([("client_id", minted.client.id.as_str()), ("client_secret", minted.secret.as_str())]);
    for client in [public, confidential] {
        for (grant, name, value) in [
            ("client_credentials", "scope", "mcp"),
            ("password", "username", "alice"),
            ("implicit", "scope", "mcp"),
            ("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", ASSERTION),
            ("urn:ietf:params:oauth:grant-type:saml2-bearer", "assertion", "PHNhbWw+"),
            ("urn:ietf:params:oauth:grant-type:device_code", "device_code", "x"),
            ("urn:ietf:params:oauth:grant-type:token-exchange", "subject_token", ASSERTION),
            ("AUTHORIZATION_CODE", "code", "x"),
            ("authorization_code ", "code", "x"),
        ] {
            let fields = with(&with(&client, "grant_type", grant), name, value);
            let refusal = server.token(&fields).await.refusal();
            assert_eq!(refusal, (400, "unsupported_grant_type".to_owned()), "{}", encoded(&fields));
        }
    }
}

/// TK-11, TK-17: an assertion is judged by nobody here, so it proves nothing
#[tokio::test]
async fn a_client_assertion_is_refused_and_not_passed_over() {
    let server = TestServer::spawn_today([]);
    let client = server.client().await;
    let minted = Minted::gemini(&server, "required");
    let code = server.code(&client).await;
    let good = client.exchange(&code);
    let with_secret = with(&minted.client.exchange("x"), "client_secret", &minted.secret);
    for fields in [good.clone(), with_secret] {
        let fields = with(&fields, "client_assertion", ASSERTION);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let refusal = server.token(&with(&fields, "client_assertion_type", kind)).await.refusal();
        assert_eq!(refusal, (401, "invalid_client".to_owned()), "{}", encoded(&fields));
    }
    server.token(&good).await.tokens();
}

/// DP-01, DP-05, TC-13, TR-16: a proof of possession is a header that nobody knows, and binds nothing
#[tokio::test]
async fn a_proof_of_possession_is_ignored_and_nothing_is_said_to_be_bound() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code_of(&with(&client.request(), "dpop_jkt", "x")).await;
    let request = server.post("/oauth/token").header("DPoP", ASSERTION).fields(&client.exchange(&code));
    let answer = request.answer().await;
    assert_eq!(answer.json()["token_type"], json!("Bearer"));
    assert_eq!(server.claims(&answer.tokens().access).await.get("cnf"), None);
    assert_eq!(answer.header("dpop-nonce"), None);
}

/// IN-01 to IN-08, PAR-01, PAR-02: endpoints that are not there, with credentials or without
#[tokio::test]
async fn endpoints_that_are_not_offered_are_not_there() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let tokens = minted.posted(&server, &minted.client.exchange(&code)).await.tokens();
    let fields = form([
        ("token", tokens.access.as_str()),
        ("client_id", minted.client.id.as_str()),
        ("client_secret", minted.secret.as_str()),
    ]);
    for path in ["/oauth/introspect", "/oauth/par", "/oauth/device_authorization", "/oauth/bc-authorize"] {
        for answer in [server.post(path).fields(&fields).answer().await, server.get(path).answer().await] {
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            assert!(!answer.text().contains("active"), "{path}: {answer:?}");
        }
    }
}
