//! A gateway between two bare connections.

use crate::harness::wire::{Line, Wire};
use crate::harness::{Answer, PUBLIC, TestServer};
use futures_util::future::select_all;

/// Each worker has connections of its own, and not so many workers are there.
const MANY: usize = 1_000;

pub(crate) struct Between {
    pub(crate) wire: Wire,
    pub(crate) server: TestServer,
    pub(crate) token: String,
}

impl Between {
    pub(crate) async fn start() -> Self {
        let wire = Wire::start().await;
        let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", wire.url.as_str())]);
        let token = server.tokens(&server.client().await).await.access;
        Self { wire, server, token }
    }

    /// The head of the only request on its connection, with a token; each of the other headers ends in `\r\n`.
    pub(crate) fn head(&self, method: &str, headers: &str) -> String {
        self.head_of_many(method, &format!("Connection: close\r\n{headers}"))
    }

    /// After this one others may come.
    pub(crate) fn head_of_many(&self, method: &str, headers: &str) -> String {
        let token = &self.token;
        format!("{method} /mcp HTTP/1.1\r\nHost: {PUBLIC}\r\nAuthorization: Bearer {token}\r\n{headers}\r\n")
    }

    /// A client that says this.
    pub(crate) async fn client(&self, request: impl AsRef<[u8]>) -> Line {
        let line = self.server.line().await;
        line.say(request).await;
        line
    }

    /// What a client gets, byte for byte, when the MCP server answers this and closes.
    pub(crate) async fn heard(&self, method: &str, answer: impl AsRef<[u8]>) -> Answer {
        let client = self.client(self.head(method, "")).await;
        let line = self.wire.line().await;
        line.head().await;
        line.say_if_heard(answer).await;
        drop(line);
        Answer::parse(&client.rest().await)
    }

    /// All that reached the MCP server has been heard: what comes next is what is sent now.
    pub(crate) async fn heard_all(&self) {
        let _client = self.client(self.head("GET", "X-Next: 1\r\n")).await;
        let head = self.wire.line().await.head().await;
        assert!(head.contains("\r\nx-next: 1\r\n"), "{head}");
    }

    /// A client whose request comes to the MCP server on a connection that served one before, and that connection.
    pub(crate) async fn on_a_used_connection(&self, request: &str, answer: &str) -> (Line, Line) {
        let mut used = Vec::new();
        for _ in 0..MANY {
            let client = self.client(request).await;
            let line = loop {
                tokio::select! {
                    fresh = self.wire.line() => break fresh,
                    (speaks, at) = first(&used), if !used.is_empty() => {
                        let line = used.swap_remove(at);
                        if speaks {
                            return (client, line);
                        }
                    }
                }
            };
            line.request().await;
            line.say(answer).await;
            client.rest().await;
            used.push(line);
        }
        panic!("no connection was used twice");
    }
}

async fn first(lines: &[Line]) -> (bool, usize) {
    let (speaks, at, _) = select_all(lines.iter().map(|line| Box::pin(line.speaks()))).await;
    (speaks, at)
}
