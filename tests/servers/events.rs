//! An answer as it arrives: server-sent events one by one, or one message of JSON.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

/// Longer than anything takes that comes at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Events {
    response: Response,
    /// One message, and no stream of events.
    pub is_json: bool,
    unread: Vec<u8>,
    /// Of the last event that had one: where a client that lost its connection goes on.
    pub last_id: Option<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Event {
    pub name: Option<String>,
    pub data: String,
}

impl Events {
    pub(crate) fn of(response: Response) -> Self {
        let content_type = response.headers().get("Content-Type").map(|value| value.to_str().unwrap());
        let is_json = content_type.is_some_and(|kind| kind.starts_with("application/json"));
        Self { response, is_json, unread: Vec::new(), last_id: None }
    }

    /// The first message that fits; nothing when the answer ends before, or goes on without it.
    pub(crate) async fn message(&mut self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        timeout(PATIENCE, self.first(fits)).await.ok()?
    }

    pub(crate) async fn next(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.read()).await.ok()?
    }

    async fn first(&mut self, fits: impl Fn(&Value) -> bool) -> Option<Value> {
        while let Some(event) = self.read().await {
            match serde_json::from_str(&event.data) {
                Ok(message) if fits(&message) => return Some(message),
                _ => {}
            }
        }
        None
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.take() {
                return Some(event);
            }
            match self.response.chunk().await {
                // Blank lines end an event, whatever the lines end with.
                Ok(Some(chunk)) => self.unread.extend(chunk.iter().filter(|byte| **byte != b'\r')),
                Ok(None) if self.is_json && !self.unread.is_empty() => {
                    let data = String::from_utf8(std::mem::take(&mut self.unread)).unwrap();
                    return Some(Event { data, name: None });
                }
                Ok(None) | Err(_) => return None,
            }
        }
    }

    fn take(&mut self) -> Option<Event> {
        let end = self.unread.windows(2).position(|two| two == b"\n\n").filter(|_| !self.is_json)?;
        let lines: Vec<u8> = self.unread.drain(..end + 2).collect();
        let mut event = Event::default();
        for line in String::from_utf8(lines).unwrap().lines() {
            match line.split_once(": ").unwrap_or((line, "")) {
                ("id", id) => self.last_id = Some(id.to_owned()),
                ("event", name) => event.name = Some(name.to_owned()),
                ("data", data) => event.data.push_str(data),
                _ => {}
            }
        }
        Some(event)
    }
}

/// Is it the answer to this request?
pub(crate) fn answers(id: u64) -> impl Fn(&Value) -> bool {
    move |message| message["id"] == id && message.get("method").is_none()
}

pub(crate) fn is_notification(method: &str) -> impl Fn(&Value) -> bool {
    move |message| message["method"] == method
}
