//! Which requests reach the MCP server, how far their bodies do, and that half a body is never taken for a whole.

use crate::harness::between::Between;
use crate::harness::{Answer, Ask};

/// More than the buffers of all sockets on the way.
const LARGE: usize = 50 << 20;
const OK: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

/// docs/between.md: any method, but for those that a proxy would answer itself
#[tokio::test]
async fn every_method_passes_but_those_for_the_hop_itself() {
    let between = Between::start().await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "QUERY", "get", "X-1"] {
        let client = between.client(between.head(method, "")).await;
        let upstream = between.wire.line().await;
        assert!(upstream.head().await.starts_with(&format!("{method} /mcp HTTP/1.1\r\n")), "{method}");
        upstream.say(OK).await;
        assert_eq!(Answer::parse(&client.rest().await).status, 200, "{method}");
    }
    for method in ["CONNECT", "TRACE"] {
        let answer = Answer::parse(&between.client(between.head(method, "")).await.rest().await);
        assert_eq!((answer.status, answer.field("error").as_str()), (405, "method_not_allowed"), "{method}");
        assert!(
            answer.header("allow").is_some_and(|allow| allow.contains("POST") && !allow.contains(method))
        );
    }
    between.heard_all().await;
}

/// design 7: OPTIONS is answered here, whether it is a preflight or not
#[tokio::test]
async fn what_a_resource_can_do_is_said_without_asking_it() {
    let between = Between::start().await;
    for headers in [
        "",
        "Origin: http://localhost:6274\r\n",
        "Origin: http://localhost:6274\r\nAccess-Control-Request-Method: POST\r\n",
        "Content-Length: 2\r\n",
    ] {
        let client = between.client(between.head("OPTIONS", headers)).await;
        if headers.contains("Length") {
            client.say("ok").await;
        }
        assert_eq!(Answer::parse(&client.rest().await).status, 204, "{headers}");
    }
    between.heard_all().await;
}

/// RFC 9110 7.8: an upgrade is for the hop, and nobody has to follow it
#[tokio::test]
async fn an_upgrade_is_neither_passed_on_nor_followed() {
    let between = Between::start().await;
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    for (method, upgrade, body) in [
        ("GET", websocket, ""),
        ("GET", h2c, ""),
        ("GET", "Upgrade: websocket\r\n", ""),
        ("GET", "Connection: Upgrade\r\nUpgrade: TLS/1.0, IRC/6.9\r\n", ""),
        ("POST", websocket, "ok"),
        ("POST", h2c, "ok"),
    ] {
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let request = between.head_of_many(method, &format!("{upgrade}{length}"));
        let frames = if upgrade == websocket { "\u{1}\u{5}hello" } else { "" };
        let client = between.client(format!("{request}{body}{frames}")).await;
        let upstream = between.wire.line().await;
        let head = upstream.head().await.to_ascii_lowercase();
        for name in ["\r\nconnection:", "\r\nupgrade:", "\r\nhttp2-settings:"] {
            assert!(!head.contains(name), "{head}");
        }
        upstream.swallow(body.len()).await;
        upstream.say(OK).await;
        let answer = Answer::parse(&client.rest().await);
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"), "{upgrade}");
        assert_eq!(answer.header("connection"), Some("close"), "{upgrade}");
        drop(client);
        assert_eq!(upstream.rest().await, b"", "what follows the body goes nowhere: {upgrade}");
    }
}

/// RFC 9110 10.1.1: who waits to be asked for the body is asked
#[tokio::test]
async fn a_client_that_waits_before_its_body_is_told_to_go_on() {
    let between = Between::start().await;
    for (headers, body) in [
        ("Expect: 100-continue\r\nContent-Length: 2\r\n", "ok"),
        ("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n"),
    ] {
        let client = between.client(between.head("POST", headers)).await;
        assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        client.say(body).await;
        let upstream = between.wire.line().await;
        assert!(!upstream.head().await.to_ascii_lowercase().contains("expect"));
        upstream.swallow(body.len()).await;
        upstream.say(OK).await;
        assert_eq!(Answer::parse(&client.rest().await).status, 200);
    }
}

/// RFC 9112 6.2, 6.3, 7.1: a length stays one, chunks stay chunks, and trailers are let go
#[tokio::test]
async fn a_body_arrives_in_one_framing() {
    let between = Between::start().await;
    let (length, chunked) = ("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n");
    for (headers, sent, arrives) in [
        (length, "hello", "hello"),
        (chunked, "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        (chunked, "5;name=value\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        (chunked, "5\r\nhello\r\n0\r\nX-Checksum: 1\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        (chunked, "0\r\n\r\n", "0\r\n\r\n"),
    ] {
        let client = between.client(format!("{}{sent}", between.head("POST", headers))).await;
        let upstream = between.wire.line().await;
        let head = upstream.head().await.to_ascii_lowercase();
        assert_eq!(head.contains("\r\ncontent-length: 5\r\n"), headers == length, "{head}");
        assert_eq!(head.contains("\r\ntransfer-encoding: chunked\r\n"), headers == chunked, "{head}");
        assert_eq!(upstream.up_to(arrives).await, arrives, "{sent:?}");
        upstream.say(OK).await;
        assert_eq!(Answer::parse(&client.rest().await).status, 200, "{sent:?}");
    }
}

/// design 7: both ways at once, and neither waits for the other
#[tokio::test]
async fn a_request_goes_on_to_its_end_although_nobody_reads_the_answer() {
    let between = Between::start().await;
    let client = between.client(between.head("POST", &format!("Content-Length: {LARGE}\r\n"))).await;
    let upstream = between.wire.says(format!("HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n")).await;
    let answered = upstream.pour(LARGE).await;
    assert!(answered < LARGE, "it is held back");
    let request = async {
        let mut sent = 0;
        while sent < LARGE {
            sent += client.pour(LARGE - sent).await;
        }
    };
    tokio::join!(request, upstream.swallow(LARGE));
}

/// RFC 9112 8: what the client cut off, or broke, the MCP server sees cut off
#[tokio::test]
async fn half_a_body_does_not_look_complete() {
    let between = Between::start().await;
    let (length, chunked) = ("Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n");
    for (headers, sent) in [
        (length, ""),
        (length, "hello"),
        (chunked, ""),
        (chunked, "5\r\nhel"),
        (chunked, "5\r\nhello"),
        (chunked, "5\r\nhello\r\n"),
        (chunked, "5\r\nhello\r\n0"),
        (chunked, "5\r\nhello\r\n0\r\n"),
        (chunked, "5\r\nhello\r\n0\r\nX-Checksum: 1\r\n"),
    ] {
        for cut in [true, false] {
            let client = between.client(between.head("POST", headers)).await;
            let upstream = between.wire.line().await;
            let head = upstream.head().await;
            assert!(head.starts_with("POST "), "{head}");
            let client = client;
            client.say(sent).await;
            if cut {
                client.breaks_off();
            } else {
                drop(client);
            }
            let arrived = String::from_utf8(upstream.rest().await).unwrap();
            assert!(arrived.len() < 9 || headers == chunked, "{sent:?}: {arrived:?}");
            assert!(!arrived.ends_with("0\r\n\r\n"), "{sent:?}: {arrived:?}");
        }
    }
}

/// RFC 9112 7.1: whose chunks are broken is cut off, which is no failure of the MCP server's
#[tokio::test]
async fn broken_chunks_end_the_request_and_are_no_bad_gateway() {
    let between = Between::start().await;
    for broken in ["zz\r\n", "2\r\nok!\r\n", "-1\r\n", "fffffffffffffffff\r\n"] {
        let request = between.head("POST", "Transfer-Encoding: chunked\r\n");
        let client = between.client(format!("{request}5\r\nhello\r\n")).await;
        let upstream = between.wire.says("").await;
        upstream.up_to("hello").await;
        client.say(broken).await;
        let answer = Answer::parse(&client.rest().await);
        assert!([0, 400].contains(&answer.status), "{broken:?}: {answer:?}");
        assert!(!upstream.rest().await.ends_with(b"0\r\n\r\n"), "{broken:?}");
    }
    let metrics = between.server.admin("/metrics").answer().await.text();
    assert!(!metrics.contains("bad_gateway"), "{metrics}");
}
