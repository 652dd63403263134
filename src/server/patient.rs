//! A connection that is not kept for ever: actix looks at its clock before the first request and between two, and at no
//! other time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::rt::net::ActixStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Ready};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::Holds;

/// Longer than a connection is kept for the next request, and than any request takes that is not the gateway's.
const PATIENCE: Duration = Duration::from_mins(3);

/// It breaks when nothing was said to the client for so long, unless the gateway holds it.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    pub(super) holds: Holds,
    said: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, holds: Holds::default(), said: Instant::now(), alarm: Box::pin(sleep(PATIENCE)) }
    }

    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        while self.alarm.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let since = if self.holds.are_any() { now } else { self.said };
            if since + PATIENCE <= now {
                return true;
            }
            self.alarm.as_mut().reset(since + PATIENCE);
        }
        false
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(cx, bytes) {
            Poll::Pending if self.is_over(cx) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
            Poll::Ready(written) => {
                self.said = Instant::now();
                Poll::Ready(written)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: ActixStream> ActixStream for Patient<S> {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_write_ready(cx)
    }
}
