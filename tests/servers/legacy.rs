//! HTTP with SSE, the transport of revision 2024-11-05: one stream for all answers, which says where to post.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::{
    client::{Client, agreed, initialize, initialized},
    door::Door,
    events::{Events, answers},
};

#[derive(Debug)]
pub(crate) struct Legacy {
    door: Door,
    messages: String,
    stream: Option<Events>,
}

impl Legacy {
    /// The error is what the server said instead of agreeing.
    pub(crate) async fn open(door: &Door, revision: &str) -> Result<Self, String> {
        let request = door.request(Method::GET).header("Accept", "text/event-stream");
        let response = request.send().await.unwrap();
        if !response.status().is_success() {
            return Err(format!("refused ({})", response.status().as_u16()));
        }
        let mut stream = Events::of(response);
        let endpoint = stream.next().await.ok_or("no endpoint")?;
        assert_eq!(endpoint.name.as_deref(), Some("endpoint"));
        let mut client = Self { door: door.clone(), messages: endpoint.data, stream: Some(stream) };
        let answered = client.ask(initialize(revision)).await;
        let events = answered.map_err(|status| format!("refused ({})", status.as_u16()))?;
        agreed(events.message(answers(0)).await.as_ref(), revision)?;
        assert_eq!(client.tell(initialized()).await, 202);
        Ok(client)
    }

    pub(crate) async fn end(&self) -> StatusCode {
        self.door.request(Method::DELETE).send().await.unwrap().status()
    }
}

impl Client for Legacy {
    async fn ask(&mut self, message: Value) -> Result<&mut Events, StatusCode> {
        match self.tell(message).await {
            StatusCode::ACCEPTED => Ok(self.stream.as_mut().unwrap()),
            status => Err(status),
        }
    }

    async fn tell(&mut self, message: Value) -> StatusCode {
        let request = self.door.request_at(Method::POST, &self.messages);
        request.json(&message).send().await.unwrap().status()
    }

    /// There is but one stream.
    fn set_aside(&mut self) -> Option<Events> {
        None
    }

    fn hang_up(&mut self) {
        self.stream = None;
    }

    fn params(&self, params: Value) -> Value {
        params
    }
}
