//! Bodies on their way through, never whole in memory.

use std::error::Error as _;

use actix_web::web::{Bytes, Payload};
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

type Chunk = Result<Bytes, actix_web::error::PayloadError>;

/// actix bodies stay on their thread and reqwest's may not, so the chunks go through a channel; one in flight, so
/// that a slow reader holds back the sender. When the upstream request ends, so does the reading.
pub(super) fn pump(mut payload: Payload) -> reqwest::Body {
    let (sender, receiver) = mpsc::channel::<Chunk>(1);
    actix_web::rt::spawn(async move {
        while let Some(chunk) = payload.next().await {
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
    });
    let chunks = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    reqwest::Body::wrap_stream(chunks.map(|chunk| chunk.map_err(|error| TornBody(error.to_string()))))
}

/// The client did not send its body whole, so the MCP server did not get it whole.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive whole: {0}")]
struct TornBody(String);

/// Is it the client's fault that a request could not be sent on?
pub(super) fn is_torn(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<TornBody>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The answer as it arrives. When the client goes away the stream is dropped, and the upstream request with it.
pub(super) fn back(mut response: HttpResponseBuilder, answer: reqwest::Response) -> HttpResponse {
    match answer.content_length() {
        Some(0) => response.finish(),
        _ => response.streaming(answer.bytes_stream()),
    }
}
