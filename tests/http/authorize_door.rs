//! The authorization endpoint as a door: which requests it hears at all, and who may read what it says.

use crate::harness::{Answer, Ask, PROXY_SECRET, TestServer, alice, encoded, with, without};

/// AZ-10, X-12
#[tokio::test]
async fn a_long_request_works_and_an_endless_one_does_not() {
    let server = TestServer::spawn();
    let query = encoded(&server.client().await.request());
    let padded = |length: usize| format!("{query}&x={}", "a".repeat(length - query.len() - 3));
    assert!(server.authorize_by(&alice(), &padded(7_900)).await.is_question());
    let endless = format!("/oauth/authorize?{}", padded(100_000));
    let answer = server.raw("GET", &endless, "").await;
    assert!([400, 414, 431].contains(&answer.status), "{}", answer.status);
}

/// AZ-05, X-13, design 5.13
#[tokio::test]
async fn no_page_of_another_origin_may_read_what_is_answered_here() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for query in [request.clone(), without(&request, "client_id"), with(&request, "response_type", "token")] {
        let get = server.get(&format!("/oauth/authorize?{}", encoded(&query)));
        assert_no_cors(&alice().sends(get).header("Origin", "http://localhost:6274").answer().await);
    }
    let preflight = server.options("/oauth/authorize").header("Origin", "http://localhost:6274");
    assert_no_cors(&preflight.header("Access-Control-Request-Method", "GET").answer().await);
}

/// AZ-05, PX-04: another spelling of the path is no other door
#[tokio::test]
async fn an_encoded_path_changes_nothing_of_that() {
    let server = TestServer::spawn();
    let query = encoded(&server.client().await.request());
    let identity = format!(
        "X-Forwarded-User: {}\r\nX-Forwarded-Email: {}\r\nX-Sidecar-Auth: {PROXY_SECRET}\r\nOrigin: https://evil.example\r\n",
        alice().user,
        alice().email
    );
    for path in ["/oauth/%61uthorize", "/oauth/authoriz%65", "/%6fauth/authorize"] {
        let answer = server.raw("GET", &format!("{path}?{query}"), &identity).await;
        if answer.status != 404 {
            assert_no_cors(&answer);
        }
        let preflight = server.raw("OPTIONS", path, "Access-Control-Request-Method: GET\r\n").await;
        assert!(answer.status == 404 || preflight.status == 405, "{path}: {preflight:?}");
    }
}

/// AZ-01
#[tokio::test]
async fn authorizing_is_a_get() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for method in ["POST", "PUT", "DELETE"] {
        let asked = server.request(method.parse().unwrap(), "/oauth/authorize");
        let answer = alice().sends(asked).fields(&request).answer().await;
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("GET")), "{method}: {answer:?}");
    }
}

fn assert_no_cors(answer: &Answer) {
    for name in answer.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{answer:?}");
    }
}
