//! The log complains of what is broken on this side, and not of what strangers send.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::drowned::signed_up;
use crate::floods::{FORM, body, head};
use crate::harness::wire::{Line, Wire};
use crate::mcp_server;
use crate::server::Server;

/// README: an error is ours
#[tokio::test]
async fn what_strangers_send_is_no_error_of_ours() {
    let server = Server::start(&mcp_server::start(), &[]).await;
    let large = "a".repeat(300_000);
    for (what, odd) in [
        ("no HTTP", "\u{1}\r\n\r\n".to_owned()),
        ("an odd target", head("GET", "/<", "\r\n")),
        ("a target that is too long", head("GET", &format!("/?{large}"), "\r\n")),
        ("a head that is too large", head("GET", "/", &format!("A: {large}\r\n\r\n"))),
        ("chunks that are none", head("POST", "/oauth/token", "Transfer-Encoding: chunked\r\n\r\nzz\r\n")),
        ("half a head", head("GET", "/", "A: ")),
        ("half a body", body("/oauth/token", FORM, 9, "a")),
    ] {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        // Who is refused early may find the other end closed.
        let _ = stream.write_all(odd.as_bytes()).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
        assert_eq!(server.complaints(), Vec::<String>::new(), "{what}");
    }
}

/// README: one line names the request
#[tokio::test]
async fn an_answer_that_the_mcp_server_breaks_off_is_an_error_that_names_the_request() {
    let wire = Wire::start().await;
    let server = Server::start(&wire.url, &[]).await;
    let bearer = format!("Authorization: Bearer {}\r\n\r\n", signed_up(&server).await.tokens.access);
    let client = Line::to(&server.address).await;
    client.say(head("GET", "/mcp?secret=x", &bearer)).await;
    let upstream = wire.says("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na").await;
    let heard = client.head().await;
    let id = heard.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    drop(upstream);
    client.rest().await;
    let [complaint] = server.complaints().try_into().expect("one line");
    assert!(complaint.contains(id) && complaint.contains("broke off"), "{complaint}");
    assert!(!complaint.contains("secret"), "{complaint}");
}
