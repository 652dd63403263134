//! An MCP server that remembers nothing: an answer to each call, and an event a second on each stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::any};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::time::sleep;

const BEAT: Duration = Duration::from_secs(1);
pub(crate) const EVENT: &str = "data: still here\n\n";

/// Its address; it ends with its runtime.
pub(crate) async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(any(reply))).await });
    url
}

async fn reply(request: Request) -> Response {
    if request.method() == Method::GET {
        return events();
    }
    let _ = to_bytes(request.into_body(), usize::MAX).await;
    ([("content-type", "application/json")], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#).into_response()
}

fn events() -> Response {
    let events = stream::unfold(Duration::ZERO, async |wait| {
        sleep(wait).await;
        Some((Ok::<_, Infallible>(EVENT), BEAT))
    });
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}
