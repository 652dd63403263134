//! What the three ways to speak have in common: a request goes out, and its answer comes on some stream.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::events::{Events, answers};

pub(crate) trait Client {
    /// Sends a request, and gives the stream that brings its answer; or the status of a refusal.
    async fn ask(&mut self, message: Value) -> Result<&mut Events, StatusCode>;
    /// Sends what is not answered.
    async fn tell(&mut self, message: Value) -> StatusCode;
    /// Keeps the stream of the last answer open while others are asked for.
    fn set_aside(&mut self) -> Option<Events>;
    fn hang_up(&mut self) {
        drop(self.set_aside());
    }
    /// The parameters as this revision wants them.
    fn params(&self, params: Value) -> Value;

    fn request(&self, id: u64, method: &str, params: Value) -> Value {
        json!({"jsonrpc": "2.0", "id": id, "method": method, "params": self.params(params)})
    }

    fn call(&self, id: u64, tool: &str, arguments: Value) -> Value {
        let progress = json!({"progressToken": id});
        self.request(id, "tools/call", json!({"name": tool, "arguments": arguments, "_meta": progress}))
    }

    /// The answer's text; nothing where it is an error or never comes.
    async fn text_of_call(&mut self, id: u64, tool: &str, arguments: Value) -> Option<String> {
        let call = self.call(id, tool, arguments);
        let answer = self.ask(call).await.ok()?.message(answers(id)).await?;
        answer["result"]["content"][0]["text"].as_str().map(str::to_owned)
    }
}

pub(crate) fn initialize(revision: &str) -> Value {
    let client = json!({"name": "servers", "version": "0"});
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params})
}

pub(crate) fn initialized() -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/initialized"})
}

/// Does the server speak the revision that was asked for? If not: what it said instead.
pub(crate) fn agreed(answer: Option<&Value>, revision: &str) -> Result<(), String> {
    match answer.and_then(|answer| answer["result"]["protocolVersion"].as_str()) {
        Some(offered) if offered == revision => Ok(()),
        Some(offered) => Err(format!("offers {offered}")),
        None => Err("no answer".to_owned()),
    }
}
