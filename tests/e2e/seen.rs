//! What the sidecar's log has of one client: each door that it came through, and how.

use std::fs;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::Url;
use serde_json::Value;

use crate::stack::Stack;

/// From the registration to the token, each once.
pub(crate) const WHOLE_WAY: [&str; 4] = [
    "POST /oauth/register 201",
    "GET /oauth/authorize 200",
    "POST /oauth/consent 303",
    "POST /oauth/token 200",
];

/// The client whose address a browser was asked to open.
#[derive(Debug)]
pub(crate) struct Seen {
    doors: Vec<String>,
}

impl Seen {
    pub(crate) fn of(authorize_url: &str, stack: &Stack) -> Self {
        let url = Url::parse(authorize_url).unwrap();
        let (_, id) = url.query_pairs().find(|(name, _)| name == "client_id").unwrap();
        let client = in_logs(&id);
        let log = fs::read_to_string(stack.folder.join("sidecar.log")).unwrap();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ours = lines.filter(|line| line["message"] == "request" && line["client"] == client);
        let door = |line: Value| {
            let text = |member: &str| line[member].as_str().unwrap_or_default().to_owned();
            format!("{} {} {}", text("method"), text("path"), line["status"])
        };
        Self { doors: ours.map(door).collect() }
    }

    /// Without the calls of the MCP server.
    pub(crate) fn doors(&self) -> Vec<&str> {
        self.doors.iter().map(String::as_str).filter(|door| !door.contains(" /mcp ")).collect()
    }

    /// It went the whole way once, and was served at the resource with its token.
    pub(crate) fn went_the_whole_way(&self) {
        assert_eq!(self.doors(), WHOLE_WAY);
        let served = self.doors.iter().filter(|door| *door == "POST /mcp 200").count();
        assert!(served >= 2, "it was to initialize and to list tools: {:?}", self.doors);
    }
}

/// A document's client goes by its address.
fn in_logs(client_id: &str) -> Value {
    if client_id.starts_with("https://") {
        return client_id.into();
    }
    let claims = URL_SAFE_NO_PAD.decode(client_id.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].clone()
}
