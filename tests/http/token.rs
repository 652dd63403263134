//! A code becomes tokens, once, for the client that asked for it.

use crate::harness::verbs::CHALLENGE;
use crate::harness::{Ask, CLAUDE, TestServer, also, encoded, escaped, with, without};
use serde_json::json;

/// TK-05, TK-06, X-24, AZ-89, AT-13, clients F21
#[tokio::test]
async fn a_code_becomes_a_bearer_token_and_a_refresh_token() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let answer = server.token(&client.exchange(&code)).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let document = answer.json();
    assert_eq!(document["token_type"], json!("Bearer"));
    assert_eq!(document["expires_in"], json!(3600));
    assert_eq!(document["scope"], json!("mcp tools:write"));
    assert!(document.as_object().unwrap().values().all(|value| !value.is_null()), "{document}");
    let tokens = answer.tokens();
    for issued in [&code, &tokens.access, &tokens.refresh] {
        assert!(issued.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)));
    }
    assert!(code.len() < 1_500 && tokens.access.len() < 4_000, "{} {}", code.len(), tokens.access.len());
}

/// TC-01 to TC-05, TC-07, TC-08, TC-12, TK-03, TK-04, TK-07, TK-20, TK-25, AZ-85, T7, X-06, X-07
#[tokio::test]
async fn an_exchange_that_is_wrong_in_one_thing_gives_nothing_and_burns_nothing() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let other = server.client().await;
    let code = server.code(&client).await;
    let tokens = server.tokens(&client).await;
    let good = client.exchange(&code);
    let (request, grant) = (&["invalid_request"][..], &["invalid_grant"][..]);
    let either = &["invalid_grant", "invalid_request"][..];
    for (fields, errors) in [
        (without(&good, "grant_type"), request),
        (with(&good, "grant_type", ""), request),
        (also(&good, "grant_type", "authorization_code"), request),
        (with(&good, "grant_type", "password"), &["unsupported_grant_type"]),
        (with(&good, "grant_type", "implicit"), &["unsupported_grant_type"]),
        (
            with(&good, "grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            &["unsupported_grant_type"],
        ),
        (without(&good, "code"), request),
        (with(&good, "code", ""), request),
        (also(&good, "code", &code), request),
        (with(&good, "code", "invented"), grant),
        (with(&good, "code", &code[..code.len() - 3]), grant),
        (with(&good, "code", &swapped(&code)), grant),
        (with(&good, "code", &tokens.access), grant),
        (with(&good, "code", &tokens.refresh), grant),
        (with(&good, "code", &client.id), grant),
        (without(&good, "code_verifier"), either),
        (with(&good, "code_verifier", ""), either),
        (with(&good, "code_verifier", &"a".repeat(43)), grant),
        (with(&good, "code_verifier", CHALLENGE), grant),
        (with(&good, "code_verifier", &"a".repeat(42)), either),
        (with(&good, "code_verifier", &"a".repeat(129)), either),
        (with(&good, "code_verifier", &format!("{}+", "a".repeat(50))), either),
        (also(&good, "code_verifier", "again"), request),
        (with(&good, "redirect_uri", "https://claude.com/api/mcp/auth_callback"), grant),
        (with(&good, "redirect_uri", &format!("{CLAUDE}/")), grant),
        (also(&good, "redirect_uri", CLAUDE), request),
        (with(&good, "client_id", &other.id), grant),
        (with(&good, "resource", "https://mcp.example.com/other/mcp"), &["invalid_target"]),
        (with(&good, "resource", "https://evil.example"), &["invalid_target"]),
    ] {
        let answer = server.token(&fields).await;
        assert_eq!(answer.status, 400, "{}", encoded(&fields));
        let (_, error) = answer.refusal();
        assert!(errors.contains(&error.as_str()), "{error} for {}", encoded(&fields));
    }
    server.token(&good).await.tokens();
}

/// TC-07, TC-12, TK-03, TK-20, TK-24, clients F22, F23
#[tokio::test]
async fn what_does_not_matter_is_passed_over() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for (name, value) in [
        ("scope", "mcp"),
        ("scope", "admin"),
        ("resource", "https://mcp.example.com/mcp"),
        ("resource", "https://mcp.example.com/mcp/"),
        ("resource", ""),
        ("client_secret", ""),
        ("redirect_uri", ""),
        ("foo", "bar"),
        ("state", "x"),
    ] {
        let code = server.code(&client).await;
        server.token(&with(&client.exchange(&code), name, value)).await.tokens();
    }
    let code = server.code(&client).await;
    server.token(&also(&also(&client.exchange(&code), "foo", "1"), "foo", "2")).await.tokens();
}

///
#[tokio::test]
async fn a_form_may_be_written_in_any_way_that_forms_are() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for media_type in [
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-Urlencoded;charset=utf-8",
    ] {
        let code = server.code(&client).await;
        let request = server.post("/oauth/token").header("Content-Type", media_type);
        request.body(encoded(&client.exchange(&code))).answer().await.tokens();
    }
    let code = server.code(&client).await;
    let body = format!("{}&code={}", encoded(&without(&client.exchange(&code), "code")), escaped(&code));
    let request = server.post("/oauth/token").header("Content-Type", "application/x-www-form-urlencoded");
    request.body(body).answer().await.tokens();
}

/// TK-02
#[tokio::test]
async fn what_is_no_form_is_refused_in_json() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let good = client.exchange(&code);
    let body = encoded(&good);
    let json = json!(good.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()).to_string();
    let form = "application/x-www-form-urlencoded";
    for (path, media_type, body) in [
        ("/oauth/token".to_owned(), "application/json", json),
        ("/oauth/token".to_owned(), "text/plain", body.clone()),
        ("/oauth/token".to_owned(), "multipart/form-data; boundary=x", body.clone()),
        ("/oauth/token".to_owned(), form, String::new()),
        ("/oauth/token".to_owned(), form, format!("{body}&scope=%ff")),
        ("/oauth/token".to_owned(), form, format!("{body}&scope=%zz")),
        (format!("/oauth/token?{body}"), form, String::new()),
        ("/oauth/token?client_secret=x".to_owned(), form, body.clone()),
        (format!("/oauth/token?code={code}"), form, body.clone()),
    ] {
        let request = server.post(&path).header("Content-Type", media_type).body(body);
        let answer = request.answer().await;
        assert!([400, 415].contains(&answer.status), "{path} {media_type}: {answer:?}");
        assert_eq!(answer.field("error"), "invalid_request", "{path} {media_type}");
    }
    server.token(&good).await.tokens();
}

/// AZ-84, design 4
#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for (seconds, status) in [(59, 200), (61, 400)] {
        let code = server.code(&client).await;
        server.wait(seconds);
        let answer = server.token(&client.exchange(&code)).await;
        assert_eq!(answer.status, status, "after {seconds} s: {}", answer.text());
    }
}

/// TC-09, TC-10, T9, design 5.1: a second redemption ends the family
#[tokio::test]
async fn a_code_redeemed_twice_revokes_what_came_of_it() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let tokens = server.token(&client.exchange(&code)).await.tokens();
    assert_eq!(server.token(&client.exchange(&code)).await.refusal(), invalid_grant());
    assert_eq!(server.token(&client.refresh(&tokens.refresh)).await.refusal(), invalid_grant());
}

/// TC-10, T20, design 5.1: only a whole replay revokes
#[tokio::test]
async fn a_replay_that_proves_nothing_revokes_nothing() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let tokens = server.token(&client.exchange(&code)).await.tokens();
    let wrong = with(&client.exchange(&code), "code_verifier", &"a".repeat(43));
    assert_eq!(server.token(&wrong).await.refusal(), invalid_grant());
    server.refreshed(&client, &tokens.refresh).await;
}

/// TC-14, T9
#[tokio::test]
async fn of_two_redemptions_at_once_one_succeeds() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let exchange = client.exchange(&code);
    let answers = futures_util::future::join_all((0..8).map(|_| server.token(&exchange))).await;
    let granted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(granted, 1);
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.refusal() == invalid_grant()));
}

/// AZ-86, C2: nobody but us reads a code
#[tokio::test]
async fn a_code_shows_nobody_what_it_holds() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let server = TestServer::spawn();
    let client = server.client().await;
    for sealed in [server.code(&client).await, server.tokens(&client).await.refresh] {
        let parts = sealed.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let readable: String = parts.map(|part| String::from_utf8_lossy(&part).into_owned()).collect();
        for secret in [CHALLENGE, "alice", "tools:write", &client.id[..20]] {
            assert!(!readable.contains(secret) && !sealed.contains(secret), "{secret}");
        }
    }
}

/// design 3: what one site issued, the other refuses
#[tokio::test]
async fn a_code_of_one_site_is_worth_nothing_at_the_other() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let local = server.internal().client().await;
    let code = server.code(&client).await;
    let own_id = server.internal().token(&client.exchange(&code)).await.refusal();
    assert_eq!(own_id, (401, "invalid_client".to_owned()));
    let local_id = with(&client.exchange(&code), "client_id", &local.id);
    assert_eq!(server.internal().token(&local_id).await.refusal(), invalid_grant());
    server.token(&client.exchange(&code)).await.tokens();
}

/// AZ-16, TC-07: the redirect URI is the one that was used, port and all
#[tokio::test]
async fn the_redirect_uri_of_an_exchange_is_that_of_the_request() {
    let server = TestServer::spawn().internal();
    let client = server.client_at("http://localhost:1/cb").await;
    let request = with(&client.request(), "redirect_uri", "http://localhost:2/cb");
    let code = server.code_of(&request).await;
    let registered = client.exchange(&code);
    assert_eq!(server.token(&registered).await.refusal(), invalid_grant());
    server.token(&with(&registered, "redirect_uri", "http://localhost:2/cb")).await.tokens();
}

///
#[tokio::test]
async fn a_form_of_a_megabyte_is_too_large() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let fields = with(&client.exchange("x"), "padding", &"a".repeat(1 << 20));
    let answer = server.token(&fields).await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["error"].is_string());
}

/// The code's middle, its ends left as they are.
fn swapped(code: &str) -> String {
    let middle = code.len() / 2;
    let other = if &code[middle..=middle] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &code[..middle], &code[middle + 1..])
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}
