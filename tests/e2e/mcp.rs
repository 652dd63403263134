//! Streamable HTTP as MCP clients speak it, against the real `FastMCP` server behind proxy and gateway.

use std::collections::BTreeMap;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::stack::Site;

const PROTOCOL: &str = "2025-11-25";

#[derive(Debug)]
pub(crate) struct Mcp {
    http: Client,
    url: String,
    token: String,
    session: Option<String>,
    headers: BTreeMap<&'static str, String>,
}

impl Mcp {
    pub(crate) async fn connect(site: &Site, token: &str) -> Self {
        Self::connect_with(site, token, BTreeMap::new()).await
    }

    /// With headers of its own on every request.
    pub(crate) async fn connect_with(
        site: &Site,
        token: &str,
        headers: BTreeMap<&'static str, String>,
    ) -> Self {
        let mut mcp = Self { headers, ..Self::without_session(site, token) };
        let response = mcp.post(&initialize()).await;
        mcp.session = response.headers().get("Mcp-Session-Id").map(|id| id.to_str().unwrap().to_owned());
        let answer = read(response).await;
        assert_eq!(answer["result"]["protocolVersion"], PROTOCOL, "{answer}");
        let notified = mcp.post(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        assert_eq!(notified.status(), 202);
        mcp
    }

    pub(crate) fn without_session(site: &Site, token: &str) -> Self {
        Self {
            http: Client::new(),
            url: site.url("/mcp"),
            token: token.to_owned(),
            session: None,
            headers: BTreeMap::new(),
        }
    }

    /// The server verified the token itself, and the gateway told it the same in headers, and nothing else.
    pub(crate) async fn knows(&mut self, site: &Site, address: &str) {
        let told = self.call("whoami").await;
        assert_eq!(told["claims"]["iss"], json!(site.issuer));
        assert_eq!(told["claims"]["aud"], json!(site.url("/mcp")));
        assert_eq!(told["claims"]["email"], address);
        let headers = told["headers"].as_object().unwrap();
        assert_eq!(headers["x-forwarded-email"], address);
        assert_eq!(headers["x-forwarded-user"], told["claims"]["sub"]);
        for absent in ["cookie", "x-sidecar-auth", "x-forwarded-id-token", "x-forwarded-uri", "forwarded"] {
            assert!(!headers.contains_key(absent), "the MCP server saw {absent}");
        }
    }

    pub(crate) async fn call(&mut self, tool: &str) -> Value {
        let params = json!({"name": tool, "arguments": {}});
        let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params});
        let answer = match whole(self.post(&call).await).await {
            Some(answer) => answer,
            // Seen once in some twenty runs of all these tests: oauth2-proxy closes its connection while it copies an
            // answer ("ReverseProxy read error during body copy: use of closed network connection", as in
            // golang/go#40747). A client asks again, and a second time it is no accident.
            None => read(self.post(&call).await).await,
        };
        let result = &answer["result"];
        assert_ne!(result["isError"], true, "{answer}");
        result["structuredContent"].clone()
    }

    pub(crate) async fn post(&self, message: &Value) -> Response {
        let request = self.request(Method::POST).header("Accept", "application/json, text/event-stream");
        request.json(message).send().await.unwrap()
    }

    /// The stream for what the server has to say unasked; closed again at once.
    pub(crate) async fn open_stream(&self) -> StatusCode {
        self.request(Method::GET).header("Accept", "text/event-stream").send().await.unwrap().status()
    }

    fn request(&self, method: Method) -> RequestBuilder {
        let request = self.http.request(method, &self.url).bearer_auth(&self.token);
        let request = request.header("MCP-Protocol-Version", PROTOCOL);
        let request =
            self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        match &self.session {
            Some(session) => request.header("Mcp-Session-Id", session),
            None => request,
        }
    }
}

pub(crate) fn initialize() -> Value {
    let client = json!({"name": "e2e", "version": "0"});
    let params = json!({"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

/// The one message of the answer, whether it came as JSON or as an event.
pub(crate) async fn read(response: Response) -> Value {
    whole(response).await.expect("the answer is cut off")
}

/// The same, or nothing where the answer was cut off.
async fn whole(response: Response) -> Option<Value> {
    let status = response.status();
    let text = response.text().await.ok()?;
    assert_eq!(status, 200, "{text}");
    let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap_or(&text);
    Some(serde_json::from_str(data).unwrap_or_else(|_| panic!("no JSON: {text}")))
}
