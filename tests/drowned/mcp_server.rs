//! An MCP server that remembers nothing: an answer to each call, and an event a second on each stream.

use std::convert::Infallible;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::any};
use futures_util::stream;
use tokio::net::TcpListener;
use tokio::time::sleep;

use crate::server::runtime;

const BEAT: Duration = Duration::from_secs(1);
pub(crate) const EVENT: &str = "data: still here\n\n";

/// Its address. It has a thread to itself, and ends with the process.
pub(crate) fn start() -> String {
    let (ready, address) = mpsc::channel();
    thread::spawn(move || {
        runtime().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, Router::new().fallback(any(reply))).await.unwrap();
        });
    });
    format!("http://{}", address.recv().unwrap())
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
