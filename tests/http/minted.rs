//! Clients that an operator mints: confidential, for vendors that cannot register.

use crate::harness::minted::{GEMINI, Minted, basic, mint};
use crate::harness::{CLAUDE, Client, Form, TestServer, alice, encoded, with, without};
use serde_json::json;

/// TK-08, TK-12 to TK-14, TK-16, clients F22: raw as the TypeScript SDK sends it, encoded as others do
#[tokio::test]
async fn a_minted_client_proves_itself_by_header_or_body() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let exchange = async || minted.client.exchange(&minted.code(&server).await);
    minted.raw(&server, &exchange().await).await.tokens();
    minted.encoded(&server, &exchange().await).await.tokens();
    minted.posted(&server, &exchange().await).await.tokens();
}

/// REG-07, X-21, T25, design 4
#[tokio::test]
async fn what_is_minted_needs_no_encoding_and_cannot_be_guessed() {
    let server = TestServer::spawn_today([]);
    let (one, other) = (Minted::gemini(&server, "required"), Minted::gemini(&server, "required"));
    assert_ne!(one.secret, other.secret);
    assert_ne!(one.client.id, other.client.id);
    for text in [&one.secret, &one.client.id] {
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)), "{text}");
    }
    assert!(one.secret.len() >= 43, "{}", one.secret.len());
    assert!(one.client.id.len() < 600, "{}", one.client.id.len());
    assert!(!one.client.id.contains(&one.secret));
}

/// TK-08 to TK-11, TC-11
#[tokio::test]
async fn a_minted_client_without_its_secret_gets_nothing() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let other = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let good = minted.client.exchange(&code);
    for secret in ["", "wrong", &other.secret, &minted.secret[1..], &minted.secret.to_lowercase()] {
        let posted = server.token(&with(&good, "client_secret", secret)).await;
        assert_eq!(posted.refusal(), (401, "invalid_client".to_owned()), "{secret}");
        assert_eq!(posted.header("www-authenticate"), None, "{secret}: no scheme was tried");
        let sent = basic(&server, &format!("{}:{secret}", minted.client.id), &good).await;
        assert_eq!(sent.refusal(), (401, "invalid_client".to_owned()), "{secret}");
        assert!(sent.header("www-authenticate").is_some_and(|header| header.starts_with("Basic ")));
    }
    assert_eq!(server.token(&good).await.refusal(), (401, "invalid_client".to_owned()));
    let both = with(&good, "client_secret", &minted.secret);
    let both = basic(&server, &format!("{}:{}", minted.client.id, minted.secret), &both).await;
    assert_eq!(both.refusal(), (400, "invalid_request".to_owned()));
    minted.raw(&server, &good).await.tokens();
}

/// TR-03
#[tokio::test]
async fn a_minted_client_refreshes_with_its_secret_and_only_so() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let tokens = minted.raw(&server, &minted.client.exchange(&code)).await.tokens();
    let refresh = minted.client.refresh(&tokens.refresh);
    assert_eq!(server.token(&refresh).await.refusal(), (401, "invalid_client".to_owned()));
    let next = minted.posted(&server, &refresh).await.tokens();
    minted.raw(&server, &minted.client.refresh(&next.refresh)).await.tokens();
}

/// AZ-33, design 5.3
#[tokio::test]
async fn pkce_is_required_unless_the_client_was_minted_otherwise() {
    let server = TestServer::spawn_today([]);
    let strict = Minted::gemini(&server, "required");
    let answer = server.authorize(&alice(), &unchallenged(&strict.client)).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{answer:?}");
    let lenient = Minted::gemini(&server, "optional");
    let page = server.authorize(&alice(), &unchallenged(&lenient.client)).await;
    assert!(page.is_question(), "{page:?}");
}

/// design 5.3, TC-03, TC-06, TC-07
#[tokio::test]
async fn a_code_without_challenge_takes_a_redirect_uri_and_no_verifier() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "optional");
    let code = server.code_of(&unchallenged(&minted.client)).await;
    let good = without(&minted.client.exchange(&code), "code_verifier");
    for fields in [
        minted.client.exchange(&code),
        without(&good, "redirect_uri"),
        with(&good, "redirect_uri", ""),
        with(&good, "redirect_uri", CLAUDE),
    ] {
        let (status, error) = minted.raw(&server, &fields).await.refusal();
        let known = ["invalid_grant", "invalid_request"].contains(&error.as_str());
        assert!(status == 400 && known, "{status} {error} for {}", encoded(&fields));
    }
    minted.raw(&server, &good).await.tokens();
}

/// design 5.3, T8: a challenge that was sent is enforced
#[tokio::test]
async fn a_challenge_that_was_sent_is_enforced_all_the_same() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "optional");
    let code = minted.code(&server).await;
    let good = minted.client.exchange(&code);
    for fields in [without(&good, "code_verifier"), with(&good, "code_verifier", &"a".repeat(43))] {
        assert_eq!(minted.raw(&server, &fields).await.status, 400);
    }
    minted.raw(&server, &good).await.tokens();
    for method in ["plain", ""] {
        let query = with(&minted.client.request(), "code_challenge_method", method);
        let answer = server.authorize(&alice(), &query).await;
        assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{method}");
    }
}

/// design 3, 5.7: it carries its own redirect URIs, whatever the site allows others
#[tokio::test]
async fn a_minted_client_is_answered_where_it_was_minted_for_and_nowhere_else() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    assert!(server.authorize(&alice(), &minted.client.request()).await.is_question());
    for uri in [CLAUDE, "https://vertexaisearch.cloud.google.com/oauth-redirect/", "http://localhost:1/cb"] {
        let answer = server.authorize(&alice(), &with(&minted.client.request(), "redirect_uri", uri)).await;
        assert!(answer.is_refusal_page(), "{uri}: {answer:?}");
    }
    let closed = server.again_with([("MCP_AUTH_PUBLIC_REGISTRATION", "off")]);
    assert!(closed.authorize(&alice(), &minted.client.request()).await.is_question());
}

/// design 3: a site's client is a stranger at the other
#[tokio::test]
async fn a_minted_client_belongs_to_its_site() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let elsewhere = server.internal();
    assert!(elsewhere.authorize(&alice(), &minted.client.request()).await.is_refusal_page());
    let answer = minted.raw(&elsewhere, &minted.client.exchange("x")).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));
}

/// design 2: no end without `--days`
#[tokio::test]
async fn a_minted_client_ends_when_it_was_minted_to() {
    let server = TestServer::spawn_today([]);
    let base = ["--name", "G", "--redirect-uri", GEMINI, "--site", "public"];
    let (forever, month) =
        (Minted::by(&server, &base), Minted::by(&server, &[&base[..], &["--days", "30"]].concat()));
    server.wait(29 * 86_400);
    assert!(server.authorize(&alice(), &month.client.request()).await.is_question());
    server.wait(2 * 86_400);
    assert!(server.authorize(&alice(), &month.client.request()).await.is_refusal_page());
    let answer = month.raw(&server, &month.client.exchange("x")).await;
    assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()));
    assert!(server.authorize(&alice(), &forever.client.request()).await.is_question());
}

/// design 3: where registration is off, minted clients may go unasked
#[tokio::test]
async fn minted_clients_alone_may_go_without_consent() {
    let server = TestServer::spawn_today([]);
    let minted = Minted::gemini(&server, "required");
    let closed = server.again_with([
        ("MCP_AUTH_PUBLIC_REGISTRATION", "off"),
        ("MCP_AUTH_INTERNAL_REGISTRATION", "off"),
        ("MCP_AUTH_CONSENT", "never"),
    ]);
    let answer = closed.authorize(&alice(), &minted.client.request()).await;
    assert_eq!((answer.status, answer.target()), (302, Some(GEMINI)));
    let code = answer.param("code").unwrap();
    minted.raw(&closed, &minted.client.exchange(&code)).await.tokens();
}

/// clients 6: what Gemini Enterprise sends, as far as anybody knows
#[tokio::test]
async fn a_vendor_that_sends_neither_challenge_nor_resource_nor_scope_gets_a_token() {
    let server = TestServer::spawn_today([]);
    let base = ["--name", "Gemini", "--site", "public", "--for", "gemini-enterprise"];
    let minted = Minted::by(&server, &[&base[..], &["--pkce", "optional"]].concat());
    let query = without(&unchallenged(&minted.client), "scope");
    let query = with(&with(&query, "access_type", "offline"), "prompt", "consent");
    let code = server.code_of(&query).await;
    let exchange = without(&minted.client.exchange(&code), "code_verifier");
    let tokens = minted.posted(&server, &exchange).await.tokens();
    assert_eq!(server.claims(&tokens.access).await["aud"], json!("https://mcp.example.com/mcp"));
}

/// design 2: the fields of a form, or JSON for scripts
#[tokio::test]
async fn what_is_minted_is_printed_as_two_fields() {
    let server = TestServer::spawn_today([]);
    let output = mint(&server, &["--name", "G", "--redirect-uri", GEMINI, "--site", "public"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let field = |name: &str| text.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    assert!(field("client_id:").is_some_and(|id| id.len() > 43), "{text}");
    assert!(field("client_secret:").is_some_and(|secret| secret.len() >= 43), "{text}");
}

/// design 2, 5.3, 5.7
#[tokio::test]
async fn nothing_is_minted_that_would_be_unsafe_or_unclear() {
    let server = TestServer::spawn_today([]);
    let public = ["--name", "G", "--site", "public"];
    for rest in [
        &["--redirect-uri", "http://evil.example/cb"][..],
        &["--redirect-uri", "https://a.example/cb#f"][..],
        &["--redirect-uri", "/cb"][..],
        &["--redirect-uri", "http://localhost:1/cb", "--pkce", "optional"][..],
        &["--redirect-uri", GEMINI, "--pkce", "never"][..],
        &["--redirect-uri", GEMINI, "--for", "somebody"][..],
        &["--redirect-uri", GEMINI, "--days", "0"][..],
        &["--redirect-uri", GEMINI, "--days", "36501"][..],
        &[][..],
    ] {
        let output = mint(&server, &[&public[..], rest].concat());
        assert!(!output.status.success(), "{rest:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{rest:?}");
    }
    for unclear in [
        &["--name", "G", "--redirect-uri", GEMINI][..],
        &["--name", "G", "--redirect-uri", GEMINI, "--site", "elsewhere"][..],
        &["--redirect-uri", GEMINI, "--site", "public"][..],
        &["--name", " \u{200b}", "--redirect-uri", GEMINI, "--site", "public"][..],
        &["--name", &"G".repeat(101), "--redirect-uri", GEMINI, "--site", "public"][..],
    ] {
        assert!(!mint(&server, unclear).status.success(), "{unclear:?}");
    }
}

fn unchallenged(client: &Client) -> Form {
    without(&without(&client.request(), "code_challenge"), "code_challenge_method")
}
