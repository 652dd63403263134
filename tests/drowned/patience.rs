//! Nobody holds a connection for ever by being slow, but who has something to say to the MCP server.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::drowned::signed_up;
use crate::floods::{FORM, body, head};
use crate::harness::wire::{Line, Wire};
use crate::harness::{PROXY_SECRET, alice};
use crate::mcp_server;
use crate::room::within;
use crate::server::Server;

/// The server's own clock, so that its minutes are seconds.
const FASTER: [(&str, &str); 2] =
    [("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1"), ("FAKETIME", "+0 x20")];
const DRIP: Duration = Duration::from_millis(50);
/// Twenty times this by the server's clock.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is not taken by then waits for a reader.
const HELD_BACK: Duration = Duration::from_secs(2);
const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
/// Four minutes by the server's clock.
const A_WHILE: Duration = Duration::from_secs(12);

/// One who never comes to an end.
struct Slow {
    who: &'static str,
    at_once: String,
    slowly: &'static str,
}

///
#[tokio::test]
async fn nobody_holds_a_connection_for_ever_by_being_slow() {
    let server = Server::start(&mcp_server::start(), &FASTER).await;
    let before = server.comes_to_rest().await;
    let slow = all_of_them();
    let ended = join_all(slow.iter().map(|slow| slow.is_given_up(&server.address))).await;
    let held: Vec<_> = slow.iter().zip(ended).filter(|(_, ended)| !ended).map(|(slow, _)| slow.who).collect();
    assert_eq!(held, Vec::<&str>::new());
    within("all closed", async || server.handles() <= before).await;
}

///
#[tokio::test]
async fn a_body_of_ours_that_does_not_come_is_a_refusal_in_json() {
    let server = Server::start(&mcp_server::start(), &FASTER).await;
    for target in ["/oauth/register", "/oauth/token", "/oauth/revoke"] {
        let line = Line::to(&server.address).await;
        line.say(body(target, FORM, 9, "a")).await;
        let head = line.head().await;
        assert!(head.starts_with("HTTP/1.1 408 ") && head.contains("\r\nconnection: close\r\n"), "{head}");
        let refusal: Value = serde_json::from_slice(&line.rest().await).unwrap();
        assert_eq!(refusal["error"], "invalid_request", "{target}");
    }
}

///
#[tokio::test]
async fn nobody_holds_a_connection_for_ever_by_reading_nothing() {
    let server = Server::start(&mcp_server::start(), &FASTER).await;
    let before = server.comes_to_rest().await;
    let questions = head("GET", "/oauth/jwks", "\r\n").repeat(1_000);
    let mut deaf = Vec::new();
    for falls_silent in [false, true] {
        let mut stream = TcpStream::connect(&server.address).await.unwrap();
        while let Ok(said) = timeout(HELD_BACK, stream.write_all(questions.as_bytes())).await {
            said.unwrap();
        }
        if falls_silent {
            stream.shutdown().await.unwrap();
        }
        deaf.push(stream);
    }
    assert!(server.handles() >= before + deaf.len(), "closed already");
    within("all closed", async || server.handles() <= before).await;
}

/// design 7: no overall time limit
#[tokio::test]
async fn what_is_for_the_mcp_server_and_from_it_may_be_as_slow_as_it_likes() {
    let wire = Wire::start().await;
    let server = Server::start(&wire.url, &FASTER).await;
    let tokens = signed_up(&server).await.tokens;
    let headers = format!("Authorization: Bearer {}\r\nContent-Length: 2\r\n\r\n", tokens.access);
    let mut calls = Vec::new();
    for sent in ["", "a", "ab", "ab"] {
        let client = Line::to(&server.address).await;
        client.say(format!("{}{sent}", head("POST", "/mcp", &headers))).await;
        let upstream = wire.line().await;
        upstream.up_to(&format!("\r\n\r\n{sent}")).await;
        calls.push((client, upstream, &"ab"[sent.len()..]));
    }
    let (begun, upstream, _) = calls.last().unwrap();
    upstream.say(format!("{ANSWER}c")).await;
    begun.up_to("\r\n\r\nc").await;
    sleep(A_WHILE).await;
    let (begun, upstream, _) = calls.pop().unwrap();
    upstream.say("d").await;
    begun.up_to("d").await;
    for (client, upstream, rest) in &calls {
        client.say(rest).await;
        upstream.up_to(rest).await;
        upstream.say(format!("{ANSWER}cd")).await;
        client.up_to("\r\n\r\ncd").await;
    }
}

fn all_of_them() -> Vec<Slow> {
    let slow = |who, at_once, slowly| Slow { who, at_once, slowly };
    let chunked = |method, target| head(method, target, "Transfer-Encoding: chunked\r\n\r\n");
    let jwks = head("GET", "/oauth/jwks", "\r\n");
    vec![
        slow("nothing", String::new(), ""),
        slow("nothing after an answer", jwks.clone(), ""),
        slow("a request line", "GET /".to_owned(), "a"),
        slow("a head", head("GET", "/oauth/jwks", ""), "a: b\r\n"),
        slow("a request line after an answer", format!("{jwks}GET /"), "a"),
        slow("a head after an answer", format!("{jwks}{}", head("GET", "/oauth/jwks", "")), "a: b\r\n"),
        slow("half a head after an answer", format!("{jwks}{}", head("GET", "/oauth/jwks", "")), ""),
        slow("a registration", body("/oauth/register", "Content-Type: application/json\r\n", 9000, ""), "a"),
        slow("half a registration", body("/oauth/register", "", 9000, "{"), ""),
        slow("a form for tokens", body("/oauth/token", FORM, 9000, ""), "a"),
        slow("a revocation", body("/oauth/revoke", FORM, 9000, ""), "a"),
        slow("an answer to a question", body("/oauth/consent", &signed_in(), 9000, ""), "a"),
        slow("chunks for tokens", chunked("POST", "/oauth/token"), "1\r\na\r\n"),
        slow("chunks that nobody reads", chunked("POST", "/nowhere"), "1\r\na\r\n"),
        slow("chunks without a token", chunked("POST", "/mcp"), "1\r\na\r\n"),
        slow("chunks of a GET", chunked("GET", "/oauth/jwks"), "1\r\na\r\n"),
        slow("a body that nobody reads", body("/nowhere", "", 9000, ""), "a"),
        slow("a body of a GET", head("GET", "/oauth/jwks", "Content-Length: 9000\r\n\r\n"), "a"),
    ]
}

fn signed_in() -> String {
    let person = alice();
    format!(
        "{FORM}X-Forwarded-User: {}\r\nX-Forwarded-Email: {}\r\nX-Sidecar-Auth: {PROXY_SECRET}\r\n",
        person.user, person.email
    )
}

impl Slow {
    async fn is_given_up(&self, address: &str) -> bool {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let (mut hear, mut say) = stream.split();
        let saying = async {
            let mut said = say.write_all(self.at_once.as_bytes()).await;
            while said.is_ok() {
                sleep(DRIP).await;
                said = match self.slowly {
                    "" => Ok(()),
                    bytes => say.write_all(bytes.as_bytes()).await,
                };
            }
        };
        let hearing = async { while hear.read(&mut [0; 4096]).await.unwrap_or(0) > 0 {} };
        let given_up = async {
            tokio::select! { () = saying => {}, () = hearing => {} }
        };
        timeout(PATIENCE, given_up).await.is_ok()
    }
}
