//! Dynamic client registration: RFC 7591 and what assistants make of it.

use crate::harness::{Answer, Ask, CLAUDE, LOOPBACK, TestServer, alice, form, with};
use serde_json::{Value, json};

const CURSOR_APP: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
const CURSOR_WEB: &str = "https://www.cursor.com/agents/mcp/oauth/callback";
const CURSOR_LOCAL: &str = "http://localhost:8787/callback";

/// REG-04 to REG-06, REG-09, REG-10, REG-29, clients D13
#[tokio::test]
async fn a_client_gets_back_what_was_registered_and_nothing_else() {
    let server = TestServer::spawn();
    let answer = server.register(&server.metadata()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let document = answer.json();
    for (member, expected) in [
        ("client_name", json!("Claude")),
        ("redirect_uris", json!([CLAUDE])),
        ("grant_types", json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["code"])),
        ("token_endpoint_auth_method", json!("none")),
        ("client_id_issued_at", json!(server.now())),
    ] {
        assert_eq!(document[member], expected, "{member}");
    }
    assert_public(&document);
}

/// REG-07, X-24, design 4
#[tokio::test]
async fn a_client_id_is_short_and_needs_no_encoding_anywhere() {
    let server = TestServer::spawn();
    for site in [server.public(), server.internal()] {
        let id = site.client().await.id;
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)), "{id}");
        assert!(id.len() < 500, "{} characters", id.len());
    }
}

/// REG-06, REG-08
#[tokio::test]
async fn registering_again_leaves_both_client_ids_usable_and_nobody_chooses_one() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["client_id"] = json!("alice");
    let (first, second) = (server.client_of(&metadata).await, server.client_of(&metadata).await);
    for client in [first, second] {
        assert_ne!(client.id, "alice");
        assert!(server.authorize(&alice(), &client.request()).await.is_question());
    }
}

/// REG-18, REG-33, design 5.7: what the site does not allow is left out, and said so
#[tokio::test]
async fn each_site_keeps_the_redirect_uris_it_allows() {
    let server = TestServer::spawn();
    let cursor = [CURSOR_APP, CURSOR_WEB, CURSOR_LOCAL];
    let code = ["https://insiders.vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"];
    for (site, asked, kept) in [
        (server.public(), &cursor[..], &cursor[..]),
        (server.internal(), &cursor[..], &cursor[..]),
        (server.internal(), &[CLAUDE, LOOPBACK][..], &[LOOPBACK][..]),
        (server.public(), &[CLAUDE, "http://localhost:33418/other"][..], &[CLAUDE][..]),
        (server.public(), &["http://localhost:33418/callback"][..], &["http://localhost:33418/callback"][..]),
        (server.internal(), &code[..], &code[1..]),
        (server.internal(), &["http://[::1]:3000/cb", "http://evil.example/cb"], &["http://[::1]:3000/cb"]),
        (
            server.public(),
            &["https://claude.com/api/mcp/auth_callback"][..],
            &["https://claude.com/api/mcp/auth_callback"],
        ),
    ] {
        let answer = register_uris(&site, asked).await;
        assert_eq!(answer.status, 201, "{asked:?}");
        assert_eq!(answer.json()["redirect_uris"], json!(kept), "{asked:?}");
    }
}

/// REG-14 to REG-17, AZ-18 to AZ-20, AZ-22, design 5.7, 5.8, presets of design 3
#[tokio::test]
async fn a_redirect_uri_that_no_rule_of_the_site_allows_is_refused() {
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,cursor,vscode,chatgpt"),
        ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback"),
    ]);
    for site in [server.public(), server.internal()] {
        for uri in [
            "http://evil.example/cb",
            "https://evil.example/cb",
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x=1",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://CLAUDE.ai/api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "https://claude.ai@evil.example/api/mcp/auth_callback",
            "https://*.claude.ai/api/mcp/auth_callback",
            "https://vertexaisearch.cloud.google.com/oauth-redirect",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:https://claude.ai/x",
            "about:blank",
            "myapp:/cb",
            "cursor://elsewhere/oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback/more",
            "/cb",
            "//127.0.0.1/cb",
            "",
            " ",
            "localhost:8080/cb",
        ] {
            assert_eq!(register_uris(&site, &[uri]).await.refusal(), invalid_redirect_uri(), "{uri}");
        }
    }
}

/// AZ-16 to AZ-19, design 5.8: text that parsing would change is not loopback
#[tokio::test]
async fn what_only_resembles_loopback_is_refused() {
    let server = TestServer::spawn().internal();
    for uri in [
        "http://2130706433/cb",
        "http://127.1/cb",
        "http://127.0.0.2/cb",
        "http://0.0.0.0/cb",
        "http://0x7f.0.0.1/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://LOCALHOST/cb",
        "http://localhost./cb",
        "http://localhost.evil.example/cb",
        "http://localhost@evil.example/cb",
        "http://localhost:80@evil.example/",
        "http://user@localhost/cb",
        "http://user:password@127.0.0.1/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:8080/a/../cb",
        "http://127.0.0.1:8080/./cb",
        "http://127.0.0.1:8080/cb#",
        "http://127.0.0.1:8080/cb#fragment",
        "http://127.0.0.1\\@evil.example/cb",
        "http:\\\\127.0.0.1\\cb",
        "http:/127.0.0.1/cb",
        "http://127.0.0.1:8080/a b",
        "http://127.0.0.1:8080/\u{e9}",
        " http://127.0.0.1:8080/cb",
        "http://127.0.0.1:8080/cb\n",
        "http://127.0.0.1:8080/c\tb",
        "HTTP://127.0.0.1:8080/cb",
        "https://127.0.0.1:8080/cb",
        "http://127.0.0.1:8080/cb?code=1",
        "http://127.0.0.1:8080/cb?state=1",
        "http://127.0.0.1:8080/cb?a=b&iss=1",
        "http://127.0.0.1:8080/cb?error=1",
    ] {
        assert_eq!(register_uris(&server, &[uri]).await.refusal(), invalid_redirect_uri(), "{uri}");
    }
}

/// REG-11, REG-13, REG-19, REG-21, REG-23, REG-25, REG-26, TK-18, design 5.7, clients D13
#[tokio::test]
async fn what_a_client_adds_or_leaves_out_gets_it_a_public_client_all_the_same() {
    let server = TestServer::spawn().internal();
    for (member, value) in [
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("client_secret_post")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("token_endpoint_auth_method", Value::Null),
        ("jwks_uri", json!("http://127.0.0.1:1/jwks.json")),
        ("software_statement", json!("e30.e30.")),
        ("application_type", json!("native")),
        ("application_type", json!("web")),
        ("x", json!(1)),
        ("scope", json!("")),
        ("scope", json!("mcp admin openid")),
        ("client_name#ja", json!("クライアント")),
        ("client_name", json!("Клиент \"<b>\" \\ ' é")),
        ("logo_uri", json!("http://127.0.0.1:1/logo.png")),
        ("client_uri", json!("https://evil.example")),
        ("software_id", json!("abc")),
        ("software_version", json!("1")),
        ("contacts", json!(["a@example.com"])),
    ] {
        let mut metadata = server.metadata();
        metadata[member] = value.clone();
        let answer = server.register(&metadata).await;
        assert_eq!(answer.status, 201, "{member}={value}: {}", answer.text());
        assert_public(&answer.json());
        let client = server.client_of(&metadata).await;
        assert!(server.authorize(&alice(), &client.request()).await.is_question(), "{member}={value}");
    }
}

/// REG-12, REG-25
#[tokio::test]
async fn redirect_uris_alone_are_enough() {
    let server = TestServer::spawn().internal();
    let document = server.register(&json!({"redirect_uris": [LOOPBACK]})).await.json();
    assert_public(&document);
    assert_eq!(document["response_types"], json!(["code"]));
    let grants = document["grant_types"].as_array().unwrap();
    assert!(grants.contains(&json!("authorization_code")), "{document}");
}

/// REG-01, REG-31, design 3: switched off means off for those that are there already, too
#[tokio::test]
async fn a_site_without_registration_registers_nobody_and_knows_nobody() {
    let before = TestServer::spawn();
    let client = before.client().await;
    let server = before.again_with([("MCP_AUTH_PUBLIC_REGISTRATION", "off")]);
    assert_eq!(server.register(&server.metadata()).await.status, 404);
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = server.request(method.parse().unwrap(), "/oauth/register").answer().await;
        assert_eq!((answer.status, answer.header("allow")), (404, None), "{method}");
    }
    assert!(server.authorize(&alice(), &client.request()).await.is_refusal_page());
    assert_eq!(server.internal().register(&server.internal().metadata()).await.status, 201);
}

/// REG-31: another replica or the same one after a restart
#[tokio::test]
async fn a_client_id_outlives_the_server_that_issued_it() {
    let before = TestServer::spawn();
    let client = before.client().await;
    before.wait(10 * 365 * 86_400);
    let after = before.again_with([]);
    assert!(after.authorize(&alice(), &client.request()).await.is_question());
}

/// TR-02: a registration says whether refresh tokens come
#[tokio::test]
async fn refresh_tokens_go_to_those_whose_registration_says_so() {
    let server = TestServer::spawn();
    for (grants, promised) in [(json!(["refresh_token"]), true), (json!(["authorization_code"]), false)] {
        let mut metadata = server.metadata();
        metadata["grant_types"] = grants;
        let registered = server.register(&metadata).await.json()["grant_types"].clone();
        let client = server.client_of(&metadata).await;
        let answer = server.token(&client.exchange(&server.code(&client).await)).await.json();
        let says = registered.as_array().unwrap().contains(&json!("refresh_token"));
        let gives = answer.get("refresh_token").is_some();
        assert_eq!((says, gives), (promised, promised), "{registered} {answer}");
    }
}

/// REG-05, REG-34, X-15
#[tokio::test]
async fn a_page_on_another_origin_may_register_and_read_refusals() {
    let server = TestServer::spawn();
    for metadata in [server.metadata(), json!({"redirect_uris": []})] {
        let request = server.post("/oauth/register").header("Origin", "http://localhost:6274");
        let answer = request.json(&metadata).answer().await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{metadata}");
    }
}

///
#[tokio::test]
async fn who_is_signed_in_does_not_matter_here() {
    let server = TestServer::spawn();
    let request = alice().sends(server.post("/oauth/register")).header("Cookie", "_oauth2_proxy=x");
    assert_eq!(request.json(&server.metadata()).answer().await.status, 201);
}

/// REG-27: a registered client has no secret to present
#[tokio::test]
async fn a_registered_client_that_presents_a_secret_is_not_believed() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let exchange = with(&client.exchange(&code), "client_secret", "invented");
    assert_eq!(server.token(&exchange).await.refusal(), (401, "invalid_client".to_owned()));
    let fields = form([("grant_type", "client_credentials"), ("client_id", &client.id)]);
    assert_eq!(server.token(&fields).await.status, 400);
}

async fn register_uris(server: &TestServer, uris: &[&str]) -> Answer {
    let mut metadata = server.metadata();
    metadata["redirect_uris"] = json!(uris);
    server.register(&metadata).await
}

fn invalid_redirect_uri() -> (u16, String) {
    (400, "invalid_redirect_uri".to_owned())
}

fn assert_public(document: &Value) {
    assert_eq!(document["token_endpoint_auth_method"], json!("none"), "{document}");
    assert!(document["client_id"].is_string(), "{document}");
    let members = document.as_object().unwrap();
    assert!(members.values().all(|value| !value.is_null()), "{document}");
    for absent in
        ["client_secret", "client_secret_expires_at", "registration_access_token", "registration_client_uri"]
    {
        assert!(!members.contains_key(absent), "{absent} in {document}");
    }
}
