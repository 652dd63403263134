//! Connections that are kept: a proxy shares them among its callers, so none may end without a word.

use crate::harness::upstream::Upstream;
use crate::harness::{PUBLIC, TestServer};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

/// One connection to the server, as a proxy keeps it.
struct Kept(BufReader<TcpStream>);

/// What was answered, and whether the connection goes on by its word.
struct Heard {
    status: u16,
    keeps: bool,
}

impl Kept {
    async fn to(server: &TestServer) -> Self {
        Self(BufReader::new(TcpStream::connect(server.address()).await.unwrap()))
    }

    /// None where the connection ended before an answer came.
    async fn ask(&mut self, request: &[u8]) -> Option<Heard> {
        // Who is refused early may find the other end closed.
        let _ = self.0.write_all(request).await;
        let mut head = self.head().await?;
        while head.starts_with("HTTP/1.1 100 ") {
            head = self.head().await?;
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        if !request.starts_with(b"HEAD") {
            self.0.read_exact(&mut body).await.ok()?;
        }
        let keeps = head.starts_with("HTTP/1.1 ") && !lower.contains("\r\nconnection: close\r\n");
        Some(Heard { status: head.get(9..12)?.parse().ok()?, keeps })
    }

    async fn head(&mut self) -> Option<String> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(SOON, self.0.read_line(&mut head)).await.expect("an answer in time");
            if read.unwrap_or(0) == 0 {
                return None;
            }
        }
        Some(head)
    }
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {PUBLIC}\r\n{headers}\r\n").into_bytes()
}

fn post(target: &str, headers: &str, body: &str) -> Vec<u8> {
    with_body("POST", target, headers, body)
}

fn with_body(method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {target} HTTP/1.1\r\nHost: {PUBLIC}\r\nContent-Length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

fn chunked(target: &str, headers: &str, chunks: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nHost: {PUBLIC}\r\nTransfer-Encoding: chunked\r\n{headers}\r\n{chunks}")
        .into_bytes()
}

/// design 3: whatever was asked, the answer tells the truth about the connection
#[tokio::test]
async fn a_connection_that_ends_was_announced_to_end() {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", upstream.url.as_str())]);
    let token = server.tokens(&server.client().await).await.access;
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let large = "a".repeat(300_000);
    for (what, odd) in [
        ("an ordinary one", get("/oauth/jwks", "")),
        ("a refused one", post("/oauth/token", form, "grant_type=x")),
        ("an odd target", get("/oauth/jwks?<", "")),
        ("a target with a byte above ASCII", get("/oauth/\u{e9}", "")),
        ("an odd name of a header", get("/oauth/jwks", "a b: c\r\n")),
        ("an odd value of a header", get("/oauth/jwks", "a: \u{1}\r\n")),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 \r\n\r\n".to_vec()),
        ("two lengths", get("/oauth/jwks", "Content-Length: 1\r\nContent-Length: 2\r\n")),
        ("a length and chunks", get("/oauth/jwks", "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")),
        ("a long target", get(&format!("/oauth/jwks?{large}"), "")),
        ("a large head", get("/oauth/jwks", &format!("a: {large}\r\n"))),
        ("many headers", get("/oauth/jwks", &"a: b\r\n".repeat(500))),
        ("an upgrade", get("/oauth/jwks", "Connection: upgrade\r\nUpgrade: websocket\r\n")),
        ("an upgrade to HTTP/2", get("/mcp", "Connection: upgrade\r\nUpgrade: h2c\r\n")),
        ("a body that nobody reads", post("/nowhere", "", &large)),
        ("a body without a token", post("/mcp", "", &large)),
        ("a body that is too large", post("/oauth/token", form, &large)),
        ("a body for the MCP server", post("/mcp", &bearer, &large)),
        ("a body where there is no POST", post("/oauth/jwks", "", &large)),
        ("a body at a GET", with_body("GET", "/oauth/jwks", "", &large)),
        ("a body at a preflight", with_body("OPTIONS", "/mcp", "", "a small one")),
        ("a body at the door of forward authentication", post("/oauth/verify/mcp", &bearer, "a small one")),
        ("a body that is read", post("/mcp", &bearer, "a small one")),
        ("chunks that are none", chunked("/oauth/token", form, "zz\r\n")),
        ("chunks that are none, read by nobody", chunked("/nowhere", "", "zz\r\n")),
        ("chunks without a token", chunked("/mcp", "", "4\r\nabcd\r\n-1\r\n")),
        ("an endless chunk", chunked("/oauth/token", form, "ffffffffffffffffff\r\nabcd")),
        ("a foreign host", b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n".to_vec()),
        ("an old version", format!("GET / HTTP/1.0\r\nHost: {PUBLIC}\r\n\r\n").into_bytes()),
        ("a tunnel", format!("CONNECT {PUBLIC}:443 HTTP/1.1\r\nHost: {PUBLIC}\r\n\r\n").into_bytes()),
        ("an expectation", post("/oauth/token", "Expect: 100-continue\r\n", "")),
    ] {
        let mut kept = Kept::to(&server).await;
        let before = kept.ask(&get("/oauth/jwks", "")).await.unwrap();
        assert_eq!((before.status, before.keeps), (200, true), "before {what}");
        let heard = kept.ask(&odd).await.unwrap_or_else(|| panic!("{what}: no answer"));
        assert!((200..500).contains(&heard.status), "{what}: {}", heard.status);
        if heard.keeps {
            let after = kept.ask(&get("/oauth/jwks", "")).await;
            assert_eq!(after.map(|heard| heard.status), Some(200), "after {what}");
        }
    }
}
