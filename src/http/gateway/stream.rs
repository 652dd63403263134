//! Bodies on their way through, never whole in memory.

use actix_web::http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpResponse, HttpResponseBuilder};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

type Chunk = Result<Bytes, actix_web::error::PayloadError>;

/// Does a request have a body? (RFC 9112 §6.3)
pub(super) fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    length || headers.contains_key(TRANSFER_ENCODING)
}

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
    reqwest::Body::wrap_stream(chunks.map(|chunk| chunk.map_err(|error| error.to_string())))
}

/// The answer as it arrives. When the client goes away the stream is dropped, and the upstream request with it.
pub(super) fn back(mut response: HttpResponseBuilder, answer: reqwest::Response) -> HttpResponse {
    match answer.content_length() {
        Some(0) => response.finish(),
        _ => response.streaming(answer.bytes_stream()),
    }
}
