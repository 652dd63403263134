//! Which client it is that asks for tokens, and how it says so.

use crate::harness::{Answer, Ask, Form, TestServer, alice, form, with, without};
use base64::{Engine, engine::general_purpose::STANDARD};

/// TK-25, REG-32, design 5.9, clients D18
#[tokio::test]
async fn an_unknown_client_is_told_to_register_again() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let foreign = server.internal().client().await;
    let tokens = server.tokens(&client).await;
    let code = server.code(&client).await;
    for id in ["invented", &foreign.id, &tokens.access, &client.id[..client.id.len() - 2]] {
        for fields in [client.exchange(&code), client.refresh(&tokens.refresh)] {
            let answer = server.token(&with(&fields, "client_id", id)).await;
            assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()), "{id}");
        }
    }
}

/// TC-02, X-06
#[tokio::test]
async fn a_client_says_who_it_is() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    for fields in [
        without(&client.exchange(&code), "client_id"),
        with(&client.exchange(&code), "client_id", ""),
        without(&client.refresh("x"), "client_id"),
    ] {
        let (status, error) = server.token(&fields).await.refusal();
        let known = [(400, "invalid_request"), (400, "invalid_client"), (401, "invalid_client")];
        assert!(known.contains(&(status, error.as_str())), "{status} {error}");
    }
    server.token(&client.exchange(&code)).await.tokens();
}

/// clients F22: a public client may use Basic with an empty password
#[tokio::test]
async fn a_public_client_may_send_its_name_in_the_header() {
    let server = TestServer::spawn();
    let client = server.client().await;
    for keep_in_body in [false, true] {
        let code = server.code(&client).await;
        let body = client.exchange(&code);
        let body = if keep_in_body { body } else { without(&body, "client_id") };
        basic(&server, &format!("{}:", client.id), &body).await.tokens();
    }
}

/// TK-08, TK-10, TK-13, TK-14
#[tokio::test]
async fn a_wrong_header_is_answered_with_a_challenge() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let body = without(&client.exchange(&code), "client_id");
    for credentials in ["invented:secret".to_owned(), "invented:".to_owned(), format!("{}:secret", client.id)]
    {
        let answer = basic(&server, &credentials, &body).await;
        assert_eq!(answer.refusal(), (401, "invalid_client".to_owned()), "{credentials}");
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        assert!(challenge.starts_with("Basic "), "{credentials}: {challenge}");
    }
}

/// TK-13: what is no pair of a name and a secret
#[tokio::test]
async fn a_header_that_says_nothing_names_no_client() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let body = without(&client.exchange(&code), "client_id");
    for header in [
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        format!("Basic {}", STANDARD.encode("nocolon")),
        format!("Basic {}", STANDARD.encode([0xff, b':', 0xff])),
        format!("Basic {}", STANDARD.encode("%zz:%zz")),
        format!("Bearer {code}"),
        "Digest x".to_owned(),
    ] {
        let request = server.post("/oauth/token").header("Authorization", &header);
        let answer = request.fields(&body).answer().await;
        assert!([400, 401].contains(&answer.status), "{header}: {answer:?}");
        let error = answer.field("error");
        assert!(["invalid_client", "invalid_request"].contains(&error.as_str()), "{header}: {error}");
    }
}

/// TK-11
#[tokio::test]
async fn a_header_and_a_body_that_disagree_are_refused() {
    let server = TestServer::spawn();
    let (client, other) = (server.client().await, server.client().await);
    let code = server.code(&client).await;
    let answer = basic(&server, &format!("{}:", other.id), &client.exchange(&code)).await;
    let (status, error) = answer.refusal();
    let known = [(400, "invalid_request"), (401, "invalid_client")];
    assert!(known.contains(&(status, error.as_str())), "{status} {error}");
}

/// TK-01, X-03, X-11, TK-06
#[tokio::test]
async fn asking_for_tokens_is_a_post_and_never_kept() {
    let server = TestServer::spawn();
    for method in ["GET", "HEAD", "PUT", "DELETE"] {
        let answer = server.request(method.parse().unwrap(), "/oauth/token").answer().await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("POST")), "{method}");
    }
    let client = server.client().await;
    for fields in [form([]), client.exchange("x"), with(&client.exchange("x"), "client_id", "invented")] {
        let answer = server.token(&fields).await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    }
}

/// TK-21
#[tokio::test]
async fn a_page_of_another_origin_may_ask_and_read_refusals() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    for (fields, status) in [(client.exchange("x"), 400), (client.exchange(&code), 200)] {
        let request = server.post("/oauth/token").header("Origin", "http://localhost:6274").fields(&fields);
        let answer = request.answer().await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
}

/// X-17, TK-22
#[tokio::test]
async fn who_is_signed_in_does_not_matter_here() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let request = alice().sends(server.post("/oauth/token")).header("X-Sidecar-Auth", "wrong");
    let request = request.header("Cookie", "_oauth2_proxy=x");
    request.fields(&client.exchange(&code)).answer().await.tokens();
}

///
#[tokio::test]
async fn descriptions_hold_only_the_characters_of_the_protocol() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let hostile = "\"\\\r\n\u{e9}<script>";
    for name in ["grant_type", "code", "client_id", "code_verifier", "redirect_uri", "resource"] {
        let answer = server.token(&with(&client.exchange("x"), name, hostile)).await.json();
        for member in ["error", "error_description"] {
            let text = answer[member].as_str().unwrap_or_default();
            let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(text.bytes().all(allowed), "{name}: {text}");
        }
    }
}

async fn basic(server: &TestServer, credentials: &str, body: &Form) -> Answer {
    let header = format!("Basic {}", STANDARD.encode(credentials));
    server.post("/oauth/token").header("Authorization", header).fields(body).answer().await
}
