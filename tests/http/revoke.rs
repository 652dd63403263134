//! Revocation (RFC 7009): a token of a family ends the family.

use crate::harness::minted::Minted;
use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, Client, Form, TestServer, Tokens, also, encoded, form, with, without};
use serde_json::json;

impl TestServer {
    pub(crate) async fn revoke(&self, form: &Form) -> Answer {
        self.post("/oauth/revoke").fields(form).answer().await
    }
}

impl Client {
    pub(crate) fn revocation(&self, token: &str) -> Form {
        form([("token", token), ("client_id", &self.id)])
    }
}

/// RV-02, RV-05, RV-07: by the refresh token or by the access token, the whole family
#[tokio::test]
async fn either_token_ends_the_family_and_no_other() {
    let (_upstream, server) = start().await;
    let client = server.client().await;
    let other = server.tokens(&client).await;
    for by_access in [false, true] {
        let tokens = server.tokens(&client).await;
        assert_eq!(server.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 200);
        let token = if by_access { &tokens.access } else { &tokens.refresh };
        let answer = server.revoke(&client.revocation(token)).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{answer:?}");
        assert_over(&server, &client, &tokens).await;
        let again = server.revoke(&client.revocation(token)).await;
        assert_eq!(again.status, 200, "once more is no mistake");
    }
    let next = server.refreshed(&client, &other.refresh).await;
    assert_eq!(server.post("/mcp").bearer_auth(&next.access).answer().await.status, 200);
}

/// RV-02, RV-07: every token that came of it, old or new
#[tokio::test]
async fn a_family_ends_by_any_of_its_tokens() {
    let (_upstream, server) = start().await;
    let client = server.client().await;
    for which in [0, 1, 2] {
        let first = server.tokens(&client).await;
        let second = server.refreshed(&client, &first.refresh).await;
        let third = server.refreshed(&client, &second.refresh).await;
        let all = [first, second, third];
        assert_eq!(server.revoke(&client.revocation(&all[which].refresh)).await.status, 200);
        for tokens in &all {
            assert_over(&server, &client, tokens).await;
        }
    }
}

/// RV-05: what is no token of ours is as good as revoked
#[tokio::test]
async fn what_is_no_token_is_as_good_as_revoked() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let code = server.code(&client).await;
    let foreign = server.internal().tokens(&server.internal().client().await).await;
    let old = server.tokens(&client).await;
    server.wait(604_801);
    for token in [
        "nonsense",
        "a.b.c",
        "\u{e9}",
        &code,
        &client.id,
        &old.access,
        &old.refresh,
        &foreign.refresh,
        &foreign.access,
        &tokens.refresh[..tokens.refresh.len() - 4],
    ] {
        let answer = server.revoke(&client.revocation(token)).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0), "{token}: {answer:?}");
    }
    let code = server.code(&client).await;
    assert_eq!(server.revoke(&client.revocation(&code)).await.status, 200);
    server.token(&client.exchange(&code)).await.tokens();
}

/// RV-03: a hint that is wrong, or that nobody knows, limits nothing
#[tokio::test]
async fn a_hint_limits_nothing() {
    let (_upstream, server) = start().await;
    let client = server.client().await;
    for hint in ["access_token", "refresh_token", "id_token", "nonsense", ""] {
        for by_access in [false, true] {
            let tokens = server.tokens(&client).await;
            let token = if by_access { &tokens.access } else { &tokens.refresh };
            let fields = with(&client.revocation(token), "token_type_hint", hint);
            assert_eq!(server.revoke(&fields).await.status, 200, "{hint}");
            assert_over(&server, &client, &tokens).await;
        }
    }
}

/// RV-04: another client's token is refused, and lives on
#[tokio::test]
async fn nobody_revokes_for_another_client() {
    let (_upstream, server) = start().await;
    let (client, other) = (server.client().await, server.client().await);
    let tokens = server.tokens(&client).await;
    for token in [&tokens.refresh, &tokens.access] {
        let (status, error) = server.revoke(&other.revocation(token)).await.refusal();
        let known = ["invalid_grant", "invalid_request", "invalid_client", "unauthorized_client"];
        assert!([400, 401].contains(&status) && known.contains(&error.as_str()), "{status} {error}");
    }
    assert_eq!(server.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 200);
    server.refreshed(&client, &tokens.refresh).await;
}

/// RV-04, TK-09, TK-10: a confidential client authenticates here as well
#[tokio::test]
async fn a_minted_client_revokes_with_its_secret_and_only_so() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let tokens = minted.raw(&server, &minted.client.exchange(&code)).await.tokens();
    let plain = minted.client.revocation(&tokens.refresh);
    for fields in [plain.clone(), with(&plain, "client_secret", "wrong"), with(&plain, "client_secret", "")] {
        let refusal = server.revoke(&fields).await.refusal();
        assert_eq!(refusal, (401, "invalid_client".to_owned()), "{}", encoded(&fields));
    }
    let next = minted.posted(&server, &minted.client.refresh(&tokens.refresh)).await.tokens();
    assert_eq!(server.revoke(&with(&plain, "client_secret", &minted.secret)).await.status, 200);
    let refusal = minted.posted(&server, &minted.client.refresh(&next.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
}

/// RV-04, TK-08: and so in the header
#[tokio::test]
async fn the_header_proves_a_minted_client_as_well() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let tokens = minted.raw(&server, &minted.client.exchange(&code)).await.tokens();
    let fields = form([("token", tokens.refresh.as_str())]);
    for (secret, status) in [("wrong", 401), (minted.secret.as_str(), 200)] {
        let header = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", minted.client.id)));
        let request = server.post("/oauth/revoke").header("Authorization", header).fields(&fields);
        let answer = request.answer().await;
        assert_eq!(answer.status, status, "{answer:?}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert_eq!(challenge.starts_with("Basic "), status == 401, "{challenge}");
    }
    let refusal = minted.posted(&server, &minted.client.refresh(&tokens.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
}

/// RV-03, RV-06, RV-08, X-06, X-07, X-10, TK-02: the same request but for one thing
#[tokio::test]
async fn what_is_no_revocation_is_refused_in_the_protocols_words() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let good = client.revocation(&tokens.refresh);
    let invalid = |error: &str| (if error == "invalid_client" { 401 } else { 400 }, error.to_owned());
    for (fields, error) in [
        (without(&good, "token"), "invalid_request"),
        (with(&good, "token", ""), "invalid_request"),
        (also(&good, "token", "another"), "invalid_request"),
        (also(&good, "client_id", &client.id), "invalid_request"),
        (without(&good, "client_id"), "invalid_client"),
        (with(&good, "client_id", "invented"), "invalid_client"),
        (with(&good, "client_secret", "invented"), "invalid_client"),
        (with(&good, "client_assertion", "e30.e30."), "invalid_client"),
    ] {
        let answer = server.revoke(&fields).await;
        assert_eq!(answer.refusal(), invalid(error), "{}", encoded(&fields));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", encoded(&fields));
    }
    let json = server.post("/oauth/revoke").json(&json!({"token": "x", "client_id": client.id}));
    assert_eq!(json.answer().await.refusal(), invalid("invalid_request"));
    let by_url = server.post(&format!("/oauth/revoke?{}", encoded(&good))).fields(&form([]));
    assert_eq!(by_url.answer().await.refusal(), invalid("invalid_request"));
    server.refreshed(&client, &tokens.refresh).await;
}

/// RV-08, X-03: GET is not needed, and a callback for scripts is not there
#[tokio::test]
async fn revoking_is_a_post() {
    let server = TestServer::spawn();
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let path = "/oauth/revoke?token=x&callback=y";
        let answer = server.request(method.parse().unwrap(), path).answer().await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{method}");
    }
}

/// RV-01, RV-10, ASM-19
#[tokio::test]
async fn it_is_advertised_with_the_ways_to_authenticate() {
    let server = TestServer::spawn();
    for site in [server.public(), server.internal()] {
        let document = site.get("/.well-known/oauth-authorization-server").answer().await.json();
        assert_eq!(document["revocation_endpoint"], json!(format!("{}/oauth/revoke", site.issuer())));
        let methods = document["revocation_endpoint_auth_methods_supported"].as_array().unwrap().clone();
        for method in ["none", "client_secret_basic", "client_secret_post"] {
            assert!(methods.contains(&json!(method)), "{method} in {methods:?}");
        }
    }
}

async fn start() -> (Upstream, TestServer) {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", upstream.url.as_str())]);
    (upstream, server)
}

async fn assert_over(server: &TestServer, client: &Client, tokens: &Tokens) {
    let refused = server.token(&client.refresh(&tokens.refresh)).await;
    assert_eq!(refused.refusal(), (400, "invalid_grant".to_owned()));
    let entry = server.post("/mcp").bearer_auth(&tokens.access).answer().await;
    assert_eq!(entry.status, 401, "{entry:?}");
    let challenge = entry.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
}
