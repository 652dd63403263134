//! Bodies on their way through, never whole in memory.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::body::{self, BodyStream, SizedStream};
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::http::{ConnectionType, Method, Version};
use actix_web::web::{Bytes, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use super::super::held::Held;
use super::super::log;
use crate::fetch::is_caused_by;

type Chunk = Result<Bytes, actix_web::error::PayloadError>;

/// How long oauth2-proxy gets to see that the request's body is over. Go closes that body as soon as the answer begins; if
/// the proxy's writer looks for its end only then, it gives up the connection and cuts the answer off (golang/go#40747).
/// It looks at once, unless its thread has to wait for a processor.
const HEAD_START: Duration = Duration::from_millis(10);

/// When the last of a request's body was read; nothing when that never happened.
pub(super) type Read = oneshot::Receiver<Instant>;

/// actix bodies stay on their thread and reqwest's may not, so the chunks go through a channel; one in flight, so
/// that a slow reader holds back the sender. When the upstream request ends, so does the reading.
pub(super) fn pump(mut payload: Payload) -> (reqwest::Body, Read) {
    let (sender, receiver) = mpsc::channel::<Chunk>(1);
    let (over, read) = oneshot::channel();
    actix_web::rt::spawn(async move {
        while let Some(chunk) = payload.next().await {
            if sender.send(chunk).await.is_err() {
                return;
            }
        }
        let _ = over.send(Instant::now());
    });
    let chunks = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    let chunks = chunks.map(|chunk| chunk.map_err(|error| TornBody(error.to_string())));
    (reqwest::Body::wrap_stream(chunks), read)
}

/// What has a length comes in one piece and cannot be cut; a stream begins a little later than the request ended.
pub(super) async fn give_a_head_start(answer: &reqwest::Response, mut read: Read) {
    if answer.content_length().is_none()
        && let Ok(ended) = read.try_recv()
    {
        sleep_until(ended + HEAD_START).await;
    }
}

/// The client did not send its body whole, so the MCP server did not get it whole.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive whole: {0}")]
struct TornBody(String);

/// Is it the client's fault that a request could not be sent on?
pub(super) fn is_torn(error: &reqwest::Error) -> bool {
    is_caused_by::<TornBody>(error)
}

/// The answer as it arrives. When the client goes away the stream is dropped, and the upstream request with it.
pub(super) fn back(
    mut response: HttpResponseBuilder,
    answer: reqwest::Response,
    request: &HttpRequest,
    held: &Held,
) -> HttpResponse {
    let (is_head, id) = (request.method() == Method::HEAD, log::request_id(request));
    match (declared(answer.headers()), answer.content_length()) {
        // The length that the answer to GET has.
        (Some(length), Some(0)) if is_head => {
            response.body(SizedStream::new(length, stream::empty::<Result<Bytes, Infallible>>()))
        }
        (None, Some(0)) if is_head => response.body(body::None::new()),
        (_, Some(0)) => response.finish(),
        (_, Some(length)) => response.body(SizedStream::new(length, arriving(answer, held.clone(), id))),
        (_, None) => {
            let mut response = response.body(BodyStream::new(arriving(answer, held.clone(), id)));
            if request.version() < Version::HTTP_11 {
                // Who is older than chunks (RFC 9112 §6.1) waits for the end of the connection.
                response.head_mut().no_chunking(true);
                response.head_mut().set_connection_type(ConnectionType::Close);
            }
            response
        }
    }
}

/// What breaks off gets a moment in which what came before it leaves: actix closes at once and throws away the rest.
fn arriving(
    answer: reqwest::Response,
    held: Held,
    request: String,
) -> impl Stream<Item = reqwest::Result<Bytes>> {
    stream::try_unfold((answer, held, request), async |(mut answer, held, request)| {
        match answer.chunk().await {
            Ok(chunk) => Ok(chunk.map(|chunk| (chunk, (answer, held, request)))),
            Err(error) => {
                let error = error.without_url();
                log::broke_off(&request, &error);
                yield_now().await;
                Err(error)
            }
        }
    })
}

fn declared(headers: &reqwest::header::HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH.as_str())?.to_str().ok()?.parse().ok()
}
