//! Streamable HTTP up to revision 2025-11-25: a handshake, a session where the server makes one, a stream to listen on.

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

use crate::{
    client::{Client, agreed, initialize, initialized},
    door::Door,
    events::{Events, answers},
};

#[derive(Debug)]
pub(crate) struct Session {
    door: Door,
    revision: &'static str,
    /// Some servers make none.
    pub id: Option<String>,
    answer: Option<Events>,
}

impl Session {
    /// The error is what the server said instead of agreeing.
    pub(crate) async fn open(door: &Door, revision: &'static str) -> Result<Self, String> {
        let mut session = Self { door: door.clone(), revision, id: None, answer: None };
        let response = session.post(&initialize(revision)).await;
        if !response.status().is_success() {
            return Err(format!("refused ({})", response.status().as_u16()));
        }
        session.id = response.headers().get("Mcp-Session-Id").map(|id| id.to_str().unwrap().to_owned());
        agreed(Events::of(response).message(answers(0)).await.as_ref(), revision)?;
        assert_eq!(session.tell(initialized()).await, 202);
        Ok(session)
    }

    /// The stream for what the server has to say unasked, or what came after an event.
    pub(crate) async fn listen(&self, last_id: Option<&str>) -> Response {
        let request = self.request(Method::GET).header("Accept", "text/event-stream");
        let request = match last_id {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        request.send().await.unwrap()
    }

    pub(crate) async fn end(&self) -> StatusCode {
        self.request(Method::DELETE).send().await.unwrap().status()
    }

    async fn post(&self, message: &Value) -> Response {
        let request = self.request(Method::POST).header("Accept", "application/json, text/event-stream");
        request.json(message).send().await.unwrap()
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let request = self.door.request(method);
        match &self.id {
            Some(id) => request.header("Mcp-Session-Id", id).header("MCP-Protocol-Version", self.revision),
            None => request.header("MCP-Protocol-Version", self.revision),
        }
    }
}

impl Client for Session {
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

    fn params(&self, params: Value) -> Value {
        params
    }
}
