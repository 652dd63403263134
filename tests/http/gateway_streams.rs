//! Bodies flow through the gateway as they come, and what is broken upstream is said to be.

use crate::gateway::start;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer};
use bytes::Bytes;
use futures_util::stream;
use reqwest::Body;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(5);

/// design 7: SSE events at once
#[tokio::test]
async fn an_event_arrives_before_the_next_one_is_sent() {
    let (upstream, server, token) = start().await;
    let request = server.get("/mcp/events").bearer_auth(&token).header("Accept", "text/event-stream");
    let mut response = timeout(SOON, request.send()).await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
        upstream.events.send(event).await.unwrap();
        let arrived = timeout(SOON, response.chunk()).await.unwrap().unwrap().unwrap();
        assert_eq!(arrived, event);
    }
}

/// oauth2-proxy has to be through with the request before its answer begins (golang/go#40747)
#[tokio::test]
async fn a_stream_that_answers_a_body_begins_a_little_later_than_the_body_ended() {
    let (_upstream, server, token) = start().await;
    let request = server.post("/mcp/events").bearer_auth(&token).body("{}");
    let began = Instant::now();
    let response = timeout(SOON, request.send()).await.unwrap().unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(began.elapsed() >= Duration::from_millis(10), "{:?}", began.elapsed());
}

/// design 7: a client that goes away ends the upstream request
#[tokio::test]
async fn who_goes_away_is_not_waited_for() {
    let (upstream, server, token) = start().await;
    let request = server.get("/mcp/events").bearer_auth(&token);
    let response = timeout(SOON, request.send()).await.unwrap().unwrap();
    let counted =
        async |open: &str| server.metrics().await.contains(&format!("mcp_auth_gateway_streams {open}\n"));
    assert!(counted("1").await);
    drop(response);
    timeout(SOON, upstream.events.closed()).await.expect("the MCP server learns of it");
    // It may learn of it first.
    timeout(SOON, async { while !counted("0").await {} }).await.expect("and so does the gauge");
}

/// design 7: bodies stream both ways
#[tokio::test]
async fn an_answer_may_begin_before_the_question_ends() {
    let (_upstream, server, token) = start().await;
    let (words, coming) = mpsc::channel::<Bytes>(1);
    let body = stream::unfold(coming, async |mut coming| {
        let word = coming.recv().await?;
        Some((Ok::<_, Infallible>(word), coming))
    });
    let request = server.post("/mcp/echo").bearer_auth(&token).body(Body::wrap_stream(body));
    words.send(Bytes::from_static(b"one")).await.unwrap();
    let mut response = timeout(SOON, request.send()).await.unwrap().unwrap();
    assert_eq!(timeout(SOON, response.chunk()).await.unwrap().unwrap().unwrap(), "one");
    words.send(Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(timeout(SOON, response.chunk()).await.unwrap().unwrap().unwrap(), "two");
    drop(words);
    assert!(timeout(SOON, response.chunk()).await.unwrap().unwrap().is_none());
}

/// X-12 is for our own endpoints: what the MCP server can bear is its own matter
#[tokio::test]
async fn a_large_body_passes_whole() {
    let (upstream, server, token) = start().await;
    let body = "a".repeat(3 << 20);
    let answer = server.post("/mcp").bearer_auth(&token).body(body.clone()).answer().await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.last().body.len(), body.len());
}

/// RFC 9112 6.2: a length or chunks, never both
#[tokio::test]
async fn an_answer_says_only_once_where_it_ends() {
    let (_upstream, server, token) = start().await;
    let authorization = format!("Authorization: Bearer {token}\r\n");
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = timeout(SOON, server.raw(method, "/mcp", &authorization)).await.unwrap();
        assert_eq!(answer.status, 200, "{method}");
        let both = answer.header("content-length").is_some() && answer.header("transfer-encoding").is_some();
        assert!(!both, "{method}: {answer:?}");
        assert_eq!(answer.body.is_empty(), method == "HEAD", "{method}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{method}");
    }
}

/// T17: the gateway goes nowhere that the MCP server points to
#[tokio::test]
async fn a_redirect_of_the_mcp_servers_is_the_clients_to_follow() {
    let (upstream, server, token) = start().await;
    let answer = server.get("/mcp/elsewhere").bearer_auth(&token).answer().await;
    assert_eq!((answer.status, answer.location()), (302, Some("/mcp/ok")));
    assert!(upstream.seen().is_empty());
}

/// design 3: an MCP server may listen on a socket in the file system
#[tokio::test]
async fn an_mcp_server_may_listen_on_a_socket() {
    let home = TempDir::new().unwrap();
    let upstream = Upstream::start_on(&home.path().join("mcp.sock"));
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", upstream.url.as_str())]);
    let token = server.tokens(&server.client().await).await.access;
    assert_eq!(server.post("/mcp?x=1").bearer_auth(&token).answer().await.status, 200);
    let seen = upstream.last();
    assert_eq!(
        (seen.target.as_str(), seen.header("x-forwarded-host")),
        ("/mcp?x=1", Some("mcp.example.com"))
    );
    // The official Python SDK takes no other hosts than these, and none without a port.
    let port = seen.header("host").and_then(|host| host.strip_prefix("localhost:"));
    assert!(port.is_some_and(|port| port.parse::<u16>().is_ok()), "{:?}", seen.header("host"));
}

/// design 7: down is 502, in JSON
#[tokio::test]
async fn an_mcp_server_that_is_away_is_a_bad_gateway() {
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", "http://127.0.0.1:1")]);
    let token = server.tokens(&server.client().await).await.access;
    let request = server.post("/mcp").bearer_auth(&token).header("Origin", "http://localhost:6274");
    let answer = request.answer().await;
    assert_eq!(answer.status, 502);
    assert!(answer.json()["error"].is_string(), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(server.post("/mcp").answer().await.status, 401, "who has no token learns nothing of it");
}
