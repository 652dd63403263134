//! What of an answer reaches the client: what the MCP server says, and nothing that is between it and the gateway.

use serde_json::{Value, json};

use crate::{
    echo::{SAY, SAY_ON},
    guarded::{Guarded, ROADS, guarded},
    wire::{WireReply, insist},
};

/// What a client may read, and what was said to the gateway alone.
#[tokio::test]
async fn headers_for_one_hop_and_for_the_origin_and_others_do_not_pass() {
    let ground = guarded().await;
    let passing = [
        ("content-type", "application/json"),
        ("mcp-session-id", "session-1"),
        ("www-authenticate", "Bearer realm=\"inner\""),
        ("cache-control", "no-store"),
        ("location", "/mcp/elsewhere"),
        ("x-forwarded-user", "somebody"),
        ("x-custom", "yes"),
    ];
    let gone = [
        ("connection", "close, X-Hop, X_Other"),
        ("x-hop", "1"),
        ("x_other", "1"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("proxy-connection", "keep-alive"),
        ("te", "trailers"),
        ("upgrade", "h2c"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-private-network", "true"),
        ("clear-site-data", "\"*\""),
        ("set-cookie", "a=b; Path=/"),
    ];
    let own = [("access-control-allow-origin", "https://evil.example"), ("x-request-id", "theirs")];
    let all = [&passing[..], &gone, &own].concat();
    let lines: Vec<_> = all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let said = format!("HTTP/1.1 201 Created\r\n{}Content-Length: 2\r\n\r\n{{}}", lines.concat());
    for road in ROADS {
        let reply = hear(ground, road, SAY, &said).remove(0);
        assert_eq!((reply.status, reply.body.as_str()), (201, "{}"), "{road}: {reply:?}");
        for (name, value) in passing {
            assert_eq!(reply.values(name), [value], "{road}: {name}");
        }
        for (name, _) in gone {
            assert!(reply.values(name).iter().all(|value| *value == "close"), "{road}: {name} in {reply:?}");
        }
        assert_eq!(reply.values("access-control-allow-origin"), ["*"], "{road}");
        assert_eq!(reply.values("x-request-id").len(), 1, "{road}");
        assert_ne!(reply.values("x-request-id"), ["theirs"], "{road}");
    }
}

/// An MCP server that answers badly harms the one who asked, and nobody else.
#[tokio::test]
async fn a_bad_answer_is_heard_by_nobody_else() {
    let ground = guarded().await;
    let whole =
        |head: &str, body: &str| format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let second = whole("200 OK", "for somebody else");
    let ours = Some((502, "bad_gateway"));
    for (at, said, heard) in [
        (SAY_ON, whole("200 OK", "plain"), Some((200, "plain"))),
        (SAY_ON, whole("200 OK", "first") + &second, Some((200, "first"))),
        (SAY_ON, whole("204 No Content", "") + &second, Some((204, ""))),
        (
            SAY_ON,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n".to_owned()
                + &second,
            Some((200, "first")),
        ),
        (
            SAY,
            "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n".to_owned() + &whole("200 OK", "after"),
            Some((200, "after")),
        ),
        (SAY, "HTTP/1.0 200 OK\r\n\r\nto the end".to_owned(), Some((200, "to the end"))),
        (
            SAY,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Forwarded-User: x\r\n\r\n"
                .to_owned(),
            Some((200, "a")),
        ),
        (SAY, whole("200 OK\r\nContent-Length: 1", "torn"), ours),
        (SAY, whole("200 OK\r\nX: a\0b", "NUL"), ours),
        (SAY, whole("200 OK\r\nX: a\r\n b", "folded"), ours),
        (SAY, whole("200 OK\r\nX : a", "blank"), ours),
        (SAY, whole("101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade", "switched"), ours),
        (SAY, whole("20x OK", "no number"), ours),
        (SAY, whole("99 OK", "two digits"), ours),
        (SAY, "hello\r\n\r\n".to_owned(), ours),
        (SAY, String::new(), ours),
        (SAY, "HTTP/2.0 200 OK\r\n\r\n".to_owned(), ours),
        (SAY, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\ntorn".to_owned(), None),
        (SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntorn".to_owned(), None),
        (SAY, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ntorn\r\n-1\r\n".to_owned(), None),
    ] {
        for road in ROADS {
            let replies = hear(ground, road, at, &said);
            match heard {
                Some((status, body)) => {
                    assert_eq!(replies.len(), 1, "{road}, {said:?}: {replies:?}");
                    assert_eq!(replies[0].status, status, "{road}, {said:?}: {replies:?}");
                    assert!(is_it(&replies[0], body), "{road}, {said:?}: {replies:?}");
                }
                None => assert!(replies.is_empty(), "{road}, {said:?}: {replies:?}"),
            }
            for number in 0..3 {
                bob_hears_his_own(ground, road, number);
            }
        }
    }
}

/// What the gateway says itself is JSON.
fn is_it(reply: &WireReply, body: &str) -> bool {
    let said: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    if reply.status == 502 { said["error"] == body } else { reply.body == body }
}

/// Alice asks the MCP server to say this.
fn hear(ground: &Guarded, road: &str, at: &str, said: &str) -> Vec<WireReply> {
    let Guarded { host, tokens, .. } = ground;
    let (token, length) = (&tokens.mcp, said.len());
    let request = format!(
        "POST {at} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Length: {length}\r\n\r\n{said}"
    );
    insist(ground.port(road), request.as_bytes())
}

fn bob_hears_his_own(ground: &Guarded, road: &str, number: usize) {
    let Guarded { host, tokens, .. } = ground;
    let (token, target) = (&tokens.of_bob, format!("/mcp/bob?hears={number}"));
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    let replies = insist(ground.port(road), request.as_bytes());
    let said: Value = serde_json::from_str(&replies[0].body).unwrap_or_default();
    assert_eq!(
        (replies.len(), &said["target"], &said["email"]),
        (1, &json!(target), &json!(["bob@example.com"])),
        "{replies:?}"
    );
}
