//! The body of an answer on its way to the client, never whole in memory.

use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use hyper::HeaderMap;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::CONTENT_LENGTH;
use tokio::task::AbortHandle;

use super::super::held::Held;
use super::super::log;
use super::connection::{Connections, Line};
use crate::telemetry::OpenStream;

/// As it arrives. When the client goes away it is dropped, and the upstream request with it.
pub(super) struct Answer {
    size: BodySize,
    body: Incoming,
    broken: Option<hyper::Error>,
    carrier: Carrier,
    /// The client's connection, which may be silent meanwhile, and what logs call its request.
    client: (Held, String),
    _counted: Option<OpenStream>,
}

/// What keeps the connection going that an answer comes on.
pub(super) enum Carrier {
    /// Whoever reads the answer; then others may have it.
    Reader(Box<Line>, Rc<Connections>),
    /// Itself: the request is not sent to its end yet, and that must not wait for a reader of the answer.
    Itself(AbortHandle),
    Nobody,
}

impl Answer {
    pub(super) fn new(
        body: Incoming,
        size: BodySize,
        carrier: Carrier,
        client: (Held, String),
        counted: Option<OpenStream>,
    ) -> Self {
        Self { size, body, broken: None, carrier, client, _counted: counted }
    }
}

impl Carrier {
    /// There is no more of the answer.
    pub(super) fn is_over(&mut self) {
        if let Self::Reader(line, connections) = mem::replace(self, Self::Nobody) {
            connections.keep(*line);
        }
    }
}

/// How long the answer is that a client gets.
pub(super) fn size(method: &Method, headers: &HeaderMap, body: &Incoming) -> BodySize {
    let declared = || headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    match body.size_hint().exact() {
        // The length that the answer to GET has.
        Some(0) if method == Method::HEAD => declared().map_or(BodySize::None, BodySize::Sized),
        Some(length) => BodySize::Sized(length),
        None => BodySize::Stream,
    }
}

impl MessageBody for Answer {
    type Error = hyper::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, hyper::Error>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        loop {
            let Self { body, carrier, .. } = &mut *self;
            let mut frame = |cx: &mut Context<'_>| Pin::new(&mut *body).poll_frame(cx);
            let came = match carrier {
                Carrier::Reader(line, _) => ready!(line.poll_while(cx, frame)),
                Carrier::Itself(_) | Carrier::Nobody => ready!(frame(cx)),
            };
            match came.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => return Poll::Ready(Some(Ok(data))),
                // Trailers are let go.
                Some(Ok(Err(_))) => {}
                // What came before it gets a moment to leave: actix closes at once and throws away the rest.
                Some(Err(error)) => {
                    log::broke_off(&self.client.1, &error);
                    self.broken = Some(error);
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                None => {
                    self.carrier.is_over();
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Carrier::Itself(connection) = &self.carrier {
            connection.abort();
        }
    }
}
