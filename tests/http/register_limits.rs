//! What is too much or no registration at all.

use crate::harness::{Ask, LOOPBACK, TestServer, with};
use serde_json::{Value, json};
use std::net::TcpListener;

/// REG-02, REG-14, REG-22
#[tokio::test]
async fn what_is_no_registration_is_refused_in_the_protocols_words() {
    let server = TestServer::spawn();
    for body in [
        "",
        "nonsense",
        "[]",
        "\"text\"",
        "null",
        "1",
        "{",
        "{\"redirect_uris\":",
        "{\"redirect_uris\":[\"\\ud800\"]}",
    ] {
        let request = server.post("/oauth/register").header("Content-Type", "application/json");
        let refusal = request.body(body).answer().await.refusal();
        assert_eq!(refusal, (400, "invalid_client_metadata".to_owned()), "{body}");
    }
}

/// REG-14
#[tokio::test]
async fn a_client_without_redirect_uris_is_refused() {
    let server = TestServer::spawn();
    for uris in
        [Value::Null, json!([]), json!("https://claude.ai/api/mcp/auth_callback"), json!([1]), json!({})]
    {
        let mut metadata = server.metadata();
        metadata["redirect_uris"] = uris.clone();
        let (status, error) = server.register(&metadata).await.refusal();
        let known = ["invalid_redirect_uri", "invalid_client_metadata"].contains(&error.as_str());
        assert!(status == 400 && known, "{uris}: {status} {error}");
    }
}

/// REG-19, AZ-49: no client gets what this server does not do
#[tokio::test]
async fn grants_and_response_types_that_are_not_there_are_substituted_or_refused() {
    let server = TestServer::spawn();
    for (member, value) in [
        ("grant_types", json!(["implicit"])),
        ("grant_types", json!(["password", "authorization_code"])),
        ("grant_types", json!(["client_credentials"])),
        ("response_types", json!(["token"])),
        ("response_types", json!(["code", "code id_token"])),
    ] {
        let mut metadata = server.metadata();
        metadata[member] = value.clone();
        let answer = server.register(&metadata).await;
        if answer.status == 201 {
            let kept = answer.json()[member].as_array().unwrap().clone();
            let ours = |kept: &Value| {
                ["authorization_code", "refresh_token", "code"].contains(&kept.as_str().unwrap())
            };
            assert!(kept.iter().all(ours), "{member}={value}: {kept:?}");
        } else {
            assert_eq!(answer.refusal(), (400, "invalid_client_metadata".to_owned()), "{member}={value}");
        }
    }
}

/// REG-20
#[tokio::test]
async fn two_sets_of_keys_are_one_too_many() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["jwks"] = json!({"keys": []});
    assert_eq!(server.register(&metadata).await.status, 201);
    metadata["jwks_uri"] = json!("https://claude.ai/jwks.json");
    let refusal = server.register(&metadata).await.refusal();
    assert_eq!(refusal, (400, "invalid_client_metadata".to_owned()));
}

/// REG-28: whatever scope a client registers, it is granted what the catalogue has
#[tokio::test]
async fn a_registered_scope_gives_nothing_that_is_not_there() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["scope"] = json!("admin");
    let client = server.client_of(&metadata).await;
    for (asked, granted) in [("admin", "mcp"), ("admin tools:write", "tools:write")] {
        let tokens = server.tokens_of(&client, &with(&client.request(), "scope", asked)).await;
        assert_eq!(tokens.scope, granted, "{asked}");
    }
}

/// REG-36, T17, T19: nothing of what a client says of itself is fetched
#[tokio::test]
async fn registering_calls_nobody() {
    let server = TestServer::spawn();
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let mut metadata = server.metadata();
    for member in ["logo_uri", "client_uri", "jwks_uri", "policy_uri", "tos_uri", "sector_identifier_uri"] {
        metadata[member] = json!(format!("http://{}/x", canary.local_addr().unwrap()));
    }
    let client = server.client_of(&metadata).await;
    server.tokens(&client).await;
    assert!(canary.accept().is_err(), "somebody called");
}

/// REG-02
#[tokio::test]
async fn another_media_type_is_refused() {
    let server = TestServer::spawn();
    let body = server.metadata().to_string();
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
        let request = server.post("/oauth/register").header("Content-Type", media_type).body(body.clone());
        let answer = request.answer().await;
        assert!([400, 415].contains(&answer.status), "{media_type}: {answer:?}");
        assert!(answer.json()["error"].is_string(), "{media_type}");
    }
    let request = server.post("/oauth/register").header("Content-Type", "Application/JSON; charset=UTF-8");
    assert_eq!(request.body(body).answer().await.status, 201);
}

/// REG-30: at most 10 redirect URIs
#[tokio::test]
async fn ten_redirect_uris_are_enough() {
    let server = TestServer::spawn().internal();
    for (count, status) in [(10, 201), (11, 400)] {
        let uris: Vec<String> =
            (0..count).map(|port| format!("http://127.0.0.1:{}/cb", 3000 + port)).collect();
        let mut metadata = server.metadata();
        metadata["redirect_uris"] = json!(uris);
        assert_eq!(server.register(&metadata).await.status, status, "{count}");
    }
}

/// REG-30: at most 2 kB each
#[tokio::test]
async fn a_redirect_uri_of_more_than_two_kilobytes_is_too_long() {
    let server = TestServer::spawn().internal();
    for (length, status) in [(1_900, 201), (2_100, 400)] {
        let mut metadata = server.metadata();
        let start = "http://127.0.0.1/";
        metadata["redirect_uris"] = json!([format!("{start}{}", "a".repeat(length - start.len()))]);
        assert_eq!(server.register(&metadata).await.status, status, "{length}");
    }
}

/// And at most 2 kB together, because all of them travel in the authorize URL
#[tokio::test]
async fn redirect_uris_of_more_than_two_kilobytes_together_are_too_long() {
    let server = TestServer::spawn().internal();
    for (count, length, status) in [(1, 2_048, 201), (2, 1_024, 201), (2, 1_025, 400), (3, 1_024, 400)] {
        let uri = |port| format!("{:a<length$}", format!("http://127.0.0.1:{port}/"));
        let mut metadata = server.metadata();
        metadata["redirect_uris"] = (3_000..3_000 + count).map(uri).collect();
        assert_eq!(server.register(&metadata).await.status, status, "{count} of {length}");
    }
}

/// REG-30: a name has at most 100 characters, whatever their bytes
#[tokio::test]
async fn a_name_of_more_than_a_hundred_characters_is_refused_or_shortened() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["client_name"] = json!("é".repeat(100));
    assert_eq!(server.register(&metadata).await.json()["client_name"], metadata["client_name"]);
    metadata["client_name"] = json!("é".repeat(101));
    let answer = server.register(&metadata).await;
    let kept = answer.json()["client_name"].as_str().map_or(0, |name| name.chars().count());
    assert!(answer.status == 400 || (1..=100).contains(&kept), "{answer:?}");
}

/// REG-30, X-12: at most 16 kB
#[tokio::test]
async fn a_registration_of_more_than_sixteen_kilobytes_is_too_large() {
    let server = TestServer::spawn();
    for (padding, status) in [(14_000, 201), (17_000, 413), (1 << 20, 413)] {
        let mut metadata = server.metadata();
        metadata["x"] = json!("a".repeat(padding));
        let answer = server.register(&metadata).await;
        assert_eq!(answer.status, status, "{padding}");
        assert!(status == 201 || answer.json()["error"].is_string(), "{padding}");
    }
}

/// nobody waits for a body that will be too large
#[tokio::test]
async fn a_body_that_says_it_will_be_too_large_is_refused_before_it_comes() {
    let server = TestServer::spawn();
    for (path, kind, length) in [
        ("/oauth/register", "application/json", "16385"),
        ("/oauth/token", "application/x-www-form-urlencoded", "65537"),
        ("/oauth/revoke", "application/x-www-form-urlencoded", "99999999999999"),
    ] {
        let headers = format!("Content-Type: {kind}\r\nContent-Length: {length}\r\n");
        let answer = server.raw("POST", path, &headers).await;
        assert_eq!(
            (answer.status, answer.json()["error"].clone()),
            (413, json!("invalid_request")),
            "{path}"
        );
    }
}

/// REG-30, AZ-10: even the longest registration makes a URL that proxies carry
#[tokio::test]
async fn the_largest_registration_still_fits_an_authorize_url() {
    let server = TestServer::spawn().internal();
    let mut metadata = server.metadata();
    metadata["client_name"] = json!("a".repeat(100));
    let uris: Vec<String> = (0..10).map(|n| format!("http://127.0.0.1:3000/{n}{}", "a".repeat(80))).collect();
    metadata["redirect_uris"] = json!(uris);
    let client = server.client_of(&metadata).await;
    assert!(crate::harness::encoded(&client.request()).len() < 8_000);
    // Percent signs make three characters of one.
    for (count, kept) in [(900, true), (2_000, false)] {
        metadata["redirect_uris"] = json!([format!("http://127.0.0.1:3000/?{}", "&".repeat(count))]);
        let answer = server.register(&metadata).await;
        assert_eq!(answer.status, if kept { 201 } else { 400 }, "{count}: {answer:?}");
        assert!(kept || answer.json()["error"] == "invalid_redirect_uri", "{answer:?}");
    }
}

/// REG-02, X-03, REG-29
#[tokio::test]
async fn registering_is_a_post() {
    let server = TestServer::spawn();
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
        let answer = server.request(method.parse().unwrap(), "/oauth/register").answer().await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{method}");
    }
}

/// what was sent comes back in no description
#[tokio::test]
async fn descriptions_hold_only_the_characters_of_the_protocol() {
    let server = TestServer::spawn();
    for uri in ["https://evil.example/\"\\\u{e9}\r\n<script>", LOOPBACK] {
        let mut metadata = server.metadata();
        metadata["redirect_uris"] = json!([uri]);
        let answer = server.register(&metadata).await;
        let description = answer.json()["error_description"].as_str().unwrap_or_default().to_owned();
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{description}");
    }
}
