//! The body of a request on its way to the MCP server, never whole in memory.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::Stream as _;
use hyper::body::{self, Frame};
use tokio::time::Instant;

/// A slow reader holds back the sender: what is not asked for is not read.
#[derive(Default)]
pub(super) struct Body(Option<Coming>);

struct Coming {
    payload: Payload,
    /// What came right behind the last chunk.
    next: Option<Result<Bytes, PayloadError>>,
    read: Read,
}

/// When the last of a request's body was read; nothing until then.
#[derive(Clone, Debug, Default)]
pub(super) struct Read(Rc<Cell<Option<Instant>>>);

impl Read {
    pub(super) fn ended(&self) -> Option<Instant> {
        self.0.get()
    }
}

impl Body {
    pub(super) async fn of(payload: Payload) -> (Self, Read) {
        let mut coming = Coming { payload, next: None, read: Read::default() };
        // What arrived with the head is read a moment after it, and then leaves with it.
        let mut waited = false;
        poll_fn(|cx| {
            if coming.look_ahead(cx).is_ready() || mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        let read = coming.read.clone();
        (Self(Some(coming)), read)
    }
}

impl Coming {
    /// Reads one chunk further, so that the last one is known to be the last.
    fn look_ahead(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.next.is_none() && self.read.ended().is_none() {
            self.next = ready!(Pin::new(&mut self.payload).poll_next(cx));
            if self.next.is_none() {
                self.read.0.set(Some(Instant::now()));
            }
        }
        Poll::Ready(())
    }
}

impl body::Body for Body {
    type Data = Bytes;
    type Error = TornBody;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TornBody>>> {
        let Some(coming) = &mut self.0 else { return Poll::Ready(None) };
        ready!(coming.look_ahead(cx));
        let chunk = coming.next.take();
        if !matches!(chunk, Some(Ok(_))) || (coming.look_ahead(cx).is_ready() && coming.next.is_none()) {
            self.0 = None;
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data).map_err(TornBody)))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }
}

/// The client did not send its body whole, so the MCP server did not get it whole.
#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive whole: {0}")]
pub(super) struct TornBody(PayloadError);
