//! An MCP server that knows nothing of OAuth: it remembers what reached it and answers as the path asks.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::any};
use bytes::Bytes;
use futures_util::stream;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::mpsc;

pub(crate) struct Upstream {
    pub(crate) url: String,
    /// What is sent here comes out of `/mcp/events` at once.
    pub(crate) events: mpsc::Sender<&'static str>,
    shared: Arc<Shared>,
}

#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

struct Shared {
    seen: Mutex<Vec<Seen>>,
    events: Mutex<Option<mpsc::Receiver<&'static str>>>,
}

impl Upstream {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (upstream, router) = Self::at(format!("http://{}", listener.local_addr().unwrap()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        upstream
    }

    /// On a socket in the file system.
    pub(crate) fn start_on(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let (upstream, router) = Self::at(format!("unix:{}", path.display()));
        tokio::spawn(async move { axum::serve(listener, router).await });
        upstream
    }

    fn at(url: String) -> (Self, Router) {
        let (events, coming) = mpsc::channel(1);
        let shared = Arc::new(Shared { seen: Mutex::default(), events: Mutex::new(Some(coming)) });
        let router = Router::new().fallback(any(reply)).with_state(shared.clone());
        (Self { url, events, shared }, router)
    }

    pub(crate) fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("a request that reached the MCP server")
    }
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next().map(|value| value.to_str().expect("a header of text"));
        assert!(values.next().is_none(), "{name} twice");
        value
    }
}

async fn reply(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match request.uri().path() {
        "/mcp/events" => events(&shared),
        "/mcp/echo" => Body::new(request.into_body()).into_response(),
        "/mcp/elsewhere" => (axum::http::StatusCode::FOUND, [("location", "/mcp/ok")]).into_response(),
        _ => remember(&shared, request).await,
    }
}

async fn remember(shared: &Shared, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let target = head.uri.to_string();
    let seen = Seen { method: head.method, target, headers: head.headers, body };
    shared.seen.lock().unwrap().push(seen);
    let mut response = (
        [("content-type", "application/json"), ("mcp-session-id", "session-1")],
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
    )
        .into_response();
    response.headers_mut().insert("access-control-allow-origin", HeaderValue::from_static("https://mcp"));
    response
}

fn events(shared: &Shared) -> Response {
    let coming = shared.events.lock().unwrap().take().expect("one stream a test");
    let events = stream::unfold(coming, async |mut coming| {
        let event = coming.recv().await?;
        Some((Ok::<_, Infallible>(event), coming))
    });
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}
