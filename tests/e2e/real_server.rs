//! The stack's `FastMCP` server, asked in any bytes which headers it sees.

use serde_json::{Value, json};

use crate::{
    assistant::{Assistant, Credentials},
    cursor,
    journey::{Attempt, Way},
    mcp::initialize,
    person::Person,
    spellings::{Forgery, INNOCENT},
    stack::{Watched, stack},
    what_the_server_sees::Outcome,
    wire::{WireReply, exchange},
};

const WAY: Way = Way { callback: "http://127.0.0.1:53015/callback", ..cursor::WAY };

/// A session of Alice's, and what the server sees where nothing is forged.
pub(crate) struct RealServer {
    stack: Watched,
    token: String,
    session: String,
    usual: Value,
}

impl RealServer {
    pub(crate) async fn start() -> Self {
        let stack = stack();
        let alice = Person::named("alice", &stack);
        let assistant = Assistant::discover(&stack.internal).await;
        let registration = json!({"client_name": "forging", "redirect_uris": [WAY.callback]});
        let client = Credentials::public(&assistant.register(&registration).await);
        let attempt = Attempt::new(&assistant, &client, &WAY);
        let code = attempt.is_allowed(&assistant, &alice).await;
        let token = assistant.ask_for_tokens(&client, &attempt.redemption(&code)).await.tokens().access;
        let mut server = Self { stack, token, session: String::new(), usual: Value::Null };
        let answer = server.post(&initialize(), &Forgery::nothing());
        answer[0].values("mcp-session-id")[0].clone_into(&mut server.session);
        server.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}), &Forgery::nothing());
        server.usual = headers(&server.ask(usize::MAX, &Forgery::nothing())[0]);
        assert_eq!(server.usual["x-forwarded-email"], "alice@example.com");
        assert_eq!(server.usual["x-forwarded-user"], "1001");
        server
    }

    /// None: without an answer.
    pub(crate) fn attempt(&self, number: usize, forgery: &Forgery) -> Option<Outcome> {
        let replies = self.ask(number, forgery);
        Some(match replies.first()? {
            reply if (300..500).contains(&reply.status) => Outcome::Refused,
            reply if headers(reply) == self.usual => Outcome::Removed,
            _ => Outcome::Through(format!("{}, {}: {replies:?}", forgery.name, forgery.spelling)),
        })
    }

    /// In a session each request has a number of its own.
    fn ask(&self, number: usize, forgery: &Forgery) -> Vec<WireReply> {
        let params = json!({"name": "whoami", "arguments": {}});
        self.post(&json!({"jsonrpc": "2.0", "id": format!("call-{number}"), "method": "tools/call", "params": params}), forgery)
    }

    fn post(&self, message: &Value, forgery: &Forgery) -> Vec<WireReply> {
        let Self { stack, token, session, .. } = self;
        let session =
            if session.is_empty() { String::new() } else { format!("Mcp-Session-Id: {session}\r\n") };
        let usual = format!(
            "Authorization: Bearer {token}\r\n{session}Accept: application/json, text/event-stream\r\n\
             MCP-Protocol-Version: 2025-11-25\r\nContent-Type: application/json\r\n"
        );
        let request = forgery.request("/mcp", stack.internal.host(), &usual, &message.to_string());
        exchange(stack.ports.proxy, &request)
    }
}

/// What the tool says that the gateway told it, but for what differs from call to call.
fn headers(reply: &WireReply) -> Value {
    assert_eq!(reply.status, 200, "{reply:?}");
    let data = reply.body.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&reply.body);
    let answer: Value = serde_json::from_str(data).unwrap_or_else(|_| panic!("no JSON: {reply:?}"));
    let mut headers = answer["result"]["structuredContent"]["headers"].clone();
    let all = headers.as_object_mut().unwrap();
    for own in ["content-length", "transfer-encoding", INNOCENT] {
        all.remove(own);
    }
    headers
}
