//! Streamable HTTP of revision 2026-07-28: no handshake and no session, every request says all that is needed.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    client::Client,
    door::Door,
    events::{Events, answers},
};

const REVISION: &str = "2026-07-28";

#[derive(Debug)]
pub(crate) struct Stateless {
    door: Door,
    answer: Option<Events>,
}

impl Stateless {
    /// The error is what the server said instead of naming this revision.
    pub(crate) async fn discover(door: &Door) -> Result<Self, String> {
        let mut client = Self { door: door.clone(), answer: None };
        let discover = client.request(0, "server/discover", json!({}));
        let events = client.ask(discover).await.map_err(|status| format!("refused ({})", status.as_u16()))?;
        let answer = events.message(answers(0)).await.ok_or("no answer")?;
        let supported = answer["result"]["supportedVersions"].as_array().ok_or("no versions")?;
        supported.contains(&json!(REVISION)).then_some(client).ok_or_else(|| format!("offers {supported:?}"))
    }

    pub(crate) fn another(&self) -> Self {
        Self { door: self.door.clone(), answer: None }
    }

    pub(crate) fn bare(&self, method: Method) -> RequestBuilder {
        self.door.request(method).header("MCP-Protocol-Version", REVISION)
    }

    async fn post(&self, message: &Value) -> Response {
        let request = self.bare(Method::POST).header("Accept", "application/json, text/event-stream");
        let request = request.header("Mcp-Method", message["method"].as_str().unwrap());
        let request = match message["params"]["name"].as_str() {
            Some(name) => request.header("Mcp-Name", name),
            None => request,
        };
        request.json(message).send().await.unwrap()
    }
}

impl Client for Stateless {
    async fn ask(&mut self, message: Value) -> Result<&mut Events, StatusCode> {
        let response = self.post(&message).await;
        match response.status() {
            StatusCode::OK => Ok(self.answer.insert(Events::of(response))),
            status => Err(status),
        }
    }

    async fn tell(&mut self, message: Value) -> StatusCode {
        self.post(&message).await.status()
    }

    fn set_aside(&mut self) -> Option<Events> {
        self.answer.take()
    }

    fn params(&self, mut params: Value) -> Value {
        let meta = &mut params["_meta"];
        meta["io.modelcontextprotocol/protocolVersion"] = json!(REVISION);
        meta["io.modelcontextprotocol/clientInfo"] = json!({"name": "servers", "version": "0"});
        meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
        params
    }
}
