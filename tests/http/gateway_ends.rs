//! Either side may go at any time: the other learns of it, and nobody is harmed who need not be.

use crate::harness::between::Between;
use crate::harness::wire::{Line, Wire};
use crate::harness::{Answer, Ask};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::time::sleep;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const EMPTY: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n";
/// Some MCP servers close what has been at rest for two seconds.
const REST: Duration = Duration::from_millis(1_500);

type Goes = fn(Line);

const WAYS_TO_GO: [(&str, Goes); 2] = [("closed", drop), ("cut", Line::breaks_off)];

/// design 7: a client that goes away ends the upstream request, whatever it was waiting for
#[tokio::test]
async fn who_goes_away_is_not_waited_for_at_any_stage() {
    let between = Between::start().await;
    let large = "Content-Length: 100000000\r\n";
    for (headers, body, answer) in [
        ("", 0, ""),
        ("", 0, "HTTP/1.1 200 OK\r\n"),
        ("", 0, EVENTS),
        ("Content-Length: 2\r\n", 2, ""),
        ("Content-Length: 2\r\n", 2, EVENTS),
        ("Content-Length: 2\r\n", 1, ""),
        ("Content-Length: 2\r\n", 1, EVENTS),
        (large, 0, ""),
        (large, 1 << 16, ""),
    ] {
        for (how, goes) in WAYS_TO_GO {
            let client = between.client(between.head("POST", headers)).await;
            let upstream = between.wire.says(answer).await;
            assert_eq!(client.pour(body).await, body, "{how}");
            if answer == EVENTS {
                client.up_to("2\r\nok\r\n").await;
            }
            goes(client);
            upstream.hangs_up().await;
        }
    }
    assert_eq!(between.heard("GET", OK).await.status, 200);
}

/// RFC 9112 9.3: an MCP server need not hear a body out to refuse it
#[tokio::test]
async fn an_answer_arrives_although_the_request_was_not_heard_out() {
    let between = Between::start().await;
    for size in [100 << 10, 20 << 20] {
        for stays in [true, false] {
            let client = between.client(between.head("POST", &format!("Content-Length: {size}\r\n"))).await;
            let upstream = between.wire.line().await;
            upstream.head().await;
            client.pour(size).await;
            upstream.say("HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno").await;
            let _upstream = stays.then_some(upstream);
            let answer = Answer::parse(&client.rest().await);
            assert_eq!((answer.status, answer.text().as_str()), (413, "no"), "{size} {stays}: {answer:?}");
        }
    }
}

/// A client that closes its side says no more, and counts as gone
#[tokio::test]
async fn who_falls_silent_half_way_is_gone() {
    let between = Between::start().await;
    let mut client = between.client(between.head("POST", "Content-Length: 2\r\n")).await;
    client.say("o").await;
    let upstream = between.wire.says("").await;
    client.falls_silent().await;
    upstream.hangs_up().await;
}

/// design 7: down is 502, and up again is up at once
#[tokio::test]
async fn an_mcp_server_that_comes_back_is_back_at_once() {
    let between = Between::start().await;
    assert_eq!(between.heard("POST", OK).await.status, 200);
    let address = between.wire.address().to_owned();
    let Between { wire, server, token } = between;
    drop(wire);
    for _ in 0..3 {
        let answer = server.post("/mcp").bearer_auth(&token).answer().await;
        assert_eq!((answer.status, answer.field("error").as_str()), (502, "bad_gateway"));
    }
    let between = Between { wire: Wire::start_at(&address).await, server, token };
    assert_eq!(between.heard("POST", OK).await.status, 200);
}

/// RFC 9112 9.5: a connection that was closed while nothing was under way is nobody's 502
#[tokio::test]
async fn a_connection_closed_at_rest_is_not_missed() {
    let between = Between::start().await;
    for (method, body) in [("GET", ""), ("DELETE", ""), ("POST", ""), ("POST", "ok")] {
        let request = format!("{}{body}", between.head(method, &length(body)));
        let (client, upstream) = between.on_a_used_connection(&request, OK).await;
        upstream.request().await;
        upstream.say(OK).await;
        client.rest().await;
        // By now every connection that was used is closed.
        drop(upstream);
        for _ in 0..2 * workers() {
            let client = between.client(&request).await;
            drop(between.wire.says(OK).await);
            assert_eq!(Answer::parse(&client.rest().await).status, 200, "{method} {body}");
        }
    }
}

/// RFC 9112 9.5: what an MCP server may be about to close is not used any more
#[tokio::test]
async fn a_connection_that_has_been_at_rest_is_not_used_again() {
    let between = Between::start().await;
    let request = between.head("POST", "");
    let (client, upstream) = between.on_a_used_connection(&request, OK).await;
    upstream.request().await;
    upstream.say(OK).await;
    client.rest().await;
    sleep(REST).await;
    for _ in 0..workers() {
        let client = between.client(&request).await;
        drop(between.wire.says(OK).await);
        assert_eq!(Answer::parse(&client.rest().await).status, 200);
    }
    assert!(!upstream.speaks().await);
}

/// RFC 9110 9.2.2, RFC 9112 9.5: closed just as a request came, it is asked again where that changes nothing
#[tokio::test]
async fn what_may_be_said_twice_is_said_again_when_the_connection_closes_under_it() {
    let between = Between::start().await;
    for (method, body, is_said_again) in [
        ("GET", "", true),
        ("HEAD", "", true),
        ("DELETE", "", true),
        ("PUT", "", true),
        ("PUT", "ok", false),
        ("POST", "", false),
        ("POST", "ok", false),
        ("PATCH", "", false),
        ("PROPFIND", "", false),
    ] {
        let request = format!("{}{body}", between.head(method, &length(body)));
        for (how, goes) in WAYS_TO_GO {
            let (client, upstream) = between.on_a_used_connection(&request, EMPTY).await;
            goes(upstream);
            if is_said_again {
                drop(between.wire.says(OK).await);
            }
            let answer = Answer::parse(&client.rest().await);
            assert_eq!(answer.status, if is_said_again { 200 } else { 502 }, "{method} {body} {how}");
        }
    }
    between.heard_all().await;
}

/// Twice, and not for ever
#[tokio::test]
async fn an_mcp_server_that_never_answers_is_asked_no_third_time() {
    let between = Between::start().await;
    let client = between.client(between.head("GET", "")).await;
    for _ in 0..2 {
        drop(between.wire.says("").await);
    }
    assert_eq!(Answer::parse(&client.rest().await).status, 502);
    between.heard_all().await;
}

fn length(body: &str) -> String {
    if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) }
}

/// Each has connections of its own.
fn workers() -> usize {
    available_parallelism().unwrap().get()
}
