//! How often a caller may try, and who counts as one.

use crate::harness::minted::Minted;
use crate::harness::{Answer, Ask, Form, TestServer, also, with};

const IPV4: &str = "203.0.113.7";

/// X-22, REG-04, T19: 429 in JSON, with the time to come back
#[tokio::test]
async fn who_registers_too_often_is_told_when_to_come_back() {
    let server = limited("2", "1");
    for _ in 0..2 {
        assert_eq!(registers(&server, IPV4).await.status, 201);
    }
    for _ in 0..2 {
        assert_too_many(&registers(&server, IPV4).await);
    }
    let refused = server.post("/oauth/register").header("X-Forwarded-For", IPV4).body("nonsense");
    assert_too_many(&refused.answer().await);
}

/// X-22, PX-12: the address that our own proxy saw; what stands before it is the caller's own word
#[tokio::test]
async fn a_caller_is_an_address_and_no_header_makes_another() {
    let server = limited("1", "1");
    for (forwarded, status) in [
        (IPV4, 201),
        ("198.51.100.1, 203.0.113.7", 429),
        ("203.0.113.8,203.0.113.7", 429),
        ("nonsense, 203.0.113.7", 429),
        ("203.0.113.8", 201),
        ("203.0.113.7, 203.0.113.9", 201),
        ("2001:db8:1:2::1", 201),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", 429),
        ("2001:db8:1:3::1", 201),
    ] {
        assert_eq!(registers(&server, forwarded).await.status, status, "{forwarded}");
    }
}

/// PX-12: behind two proxies of ours it is the entry before the last
#[tokio::test]
async fn the_caller_stands_as_many_hops_away_as_is_configured() {
    let server = limited("1", "2");
    for (forwarded, status) in [
        ("203.0.113.7, 10.0.0.1", 201),
        ("203.0.113.7, 10.0.0.2", 429),
        ("6.6.6.6, 203.0.113.7, 10.0.0.1", 429),
        ("203.0.113.8, 10.0.0.1", 201),
    ] {
        assert_eq!(registers(&server, forwarded).await.status, status, "{forwarded}");
    }
}

/// 0 is no limit, and without a setting there is a high one
#[tokio::test]
async fn a_limit_of_nothing_is_no_limit() {
    for server in [limited("0", "1"), TestServer::spawn()] {
        for _ in 0..30 {
            assert_eq!(registers(&server, IPV4).await.status, 201);
        }
    }
}

/// TK-15, T25: failures are counted, and the right secret is never refused
#[tokio::test]
async fn who_guesses_a_secret_is_slowed_down_and_who_knows_it_is_not() {
    let server = TestServer::spawn_today([("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "3")]);
    let minted = Minted::gemini(&server, "required");
    let code = minted.code(&server).await;
    let good = minted.client.exchange(&code);
    let wrong = with(&good, "client_secret", "wrong");
    for _ in 0..3 {
        assert_eq!(asks(&server, &wrong, IPV4).await.refusal(), (401, "invalid_client".to_owned()));
    }
    for _ in 0..2 {
        assert_too_many(&asks(&server, &wrong, IPV4).await);
    }
    let elsewhere = asks(&server, &wrong, "203.0.113.8").await;
    assert_eq!(
        elsewhere.refusal(),
        (401, "invalid_client".to_owned()),
        "another caller has failures of its own"
    );
    let other = Minted::gemini(&server, "required");
    let other = with(&other.client.exchange("x"), "client_secret", "wrong");
    assert_eq!(asks(&server, &other, IPV4).await.status, 401, "so has another client");
    let right = with(&good, "client_secret", &minted.secret);
    asks(&server, &right, IPV4).await.tokens();
    assert_too_many(&asks(&server, &wrong, IPV4).await);
}

/// TK-15: the same for who tries codes, refresh tokens or names of clients
#[tokio::test]
async fn whatever_fails_at_the_token_endpoint_is_counted() {
    let server = TestServer::spawn_with([("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "1")]);
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let invented = with(&client.refresh("x"), "client_id", "invented");
    for (case, fields) in [
        ("203.0.113.1", client.exchange("invented")),
        ("203.0.113.2", client.refresh("invented")),
        ("203.0.113.3", invented),
        ("203.0.113.4", with(&client.exchange("x"), "grant_type", "password")),
        ("203.0.113.5", also(&client.refresh("x"), "scope", "mcp")),
    ] {
        assert!([400, 401].contains(&asks(&server, &fields, case).await.status), "{case}");
        assert_too_many(&asks(&server, &fields, case).await);
        asks(&server, &client.refresh(&tokens.refresh), case).await.tokens();
    }
}

/// TK-15: guessing at revocation is guessing, too
#[tokio::test]
async fn failures_at_revocation_are_counted() {
    let server = TestServer::spawn_with([("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "1")]);
    let client = server.client().await;
    let wrong = with(&client.revocation("x"), "client_secret", "invented");
    assert_eq!(server.revoke(&wrong).await.refusal(), (401, "invalid_client".to_owned()));
    assert_too_many(&server.revoke(&wrong).await);
    assert_eq!(server.revoke(&client.revocation("x")).await.status, 200);
}

/// TK-15: 0 is no limit
#[tokio::test]
async fn failures_without_a_limit_are_only_failures() {
    let server = TestServer::spawn_with([("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0")]);
    let client = server.client().await;
    for _ in 0..100 {
        assert_eq!(server.token(&client.exchange("invented")).await.status, 400);
    }
}

fn limited(registrations: &str, hops: &str) -> TestServer {
    TestServer::spawn_with([
        ("MCP_AUTH_REGISTER_PER_MINUTE", registrations),
        ("MCP_AUTH_FORWARDED_HOPS", hops),
    ])
}

async fn registers(server: &TestServer, forwarded: &str) -> Answer {
    let request = server.post("/oauth/register").header("X-Forwarded-For", forwarded);
    request.json(&server.metadata()).answer().await
}

async fn asks(server: &TestServer, fields: &Form, forwarded: &str) -> Answer {
    server.post("/oauth/token").header("X-Forwarded-For", forwarded).fields(fields).answer().await
}

fn assert_too_many(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    assert!(answer.json()["error"].is_string(), "{answer:?}");
    let seconds: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
    assert!((1..=61).contains(&seconds), "{seconds}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
    assert!(exposed.contains("retry-after"), "{exposed}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
