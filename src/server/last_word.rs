//! A connection whose last answer says that it is the last.
//!
//! What actix cannot parse it refuses by itself, and closes the connection with the promise of keeping it still
//! standing. A proxy shares its connections among all its callers: the next one's POST would find this one closed.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use actix_web::rt::net::ActixStream;
use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Ready};
use tracing::info;

use crate::http::Holds;
use crate::seal::new_jti;

/// Longer than any refusal of actix's own, which has a length and a date and no body.
const LONGEST: usize = 200;

#[derive(Debug)]
pub(super) struct LastWord<S> {
    stream: S,
    holds: Holds,
    /// How often the gateway had held the connection when all that was to be said was out.
    said: u64,
    /// What is left to be said; nothing comes after it.
    last: Option<Bytes>,
}

impl<S> LastWord<S> {
    pub(super) fn new(stream: S, holds: Holds) -> Self {
        Self { stream, holds, said: 0, last: None }
    }

    pub(super) fn holds(&self) -> &Holds {
        &self.holds
    }

    /// Is nothing of an MCP server's still to go out? Its words may be those of a refusal.
    fn is_our_own(&self) -> bool {
        !self.holds.are_any() && self.holds.so_far() == self.said
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LastWord<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.last.is_none() && this.is_our_own() {
            this.last = refusal(bytes).map(said);
        }
        let Self { stream, last, .. } = this;
        let Some(last) = last else { return Pin::new(stream).poll_write(cx, bytes) };
        while !last.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(cx, last))?;
            last.advance(written);
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // actix asks for this when it has written everything.
        if !self.holds.are_any() {
            self.said = self.holds.so_far();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LastWord<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: ActixStream> ActixStream for LastWord<S> {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_read_ready(cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.stream.poll_write_ready(cx)
    }
}

/// The status line of an answer that actix made: every one of ours names its request.
fn refusal(bytes: &[u8]) -> Option<&str> {
    let head = std::str::from_utf8(bytes.get(..bytes.len().min(LONGEST))?).ok()?;
    let (status, headers) = head.split_once("\r\n")?;
    let code = status.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5))?;
    let mut names = headers.lines().filter_map(|line| line.split_once(':').map(|(name, _)| name));
    let bare = head.ends_with("\r\n\r\n") && names.all(|name| ["content-length", "date"].contains(&name));
    (bytes.len() < LONGEST && bare && ["400", "408", "431"].contains(&code)).then_some(status)
}

/// The same refusal in the words of this server.
fn said(status: &str) -> Bytes {
    let id = new_jti();
    info!(request = id.as_str(), status, "what came is no request that this server reads");
    let body =
        r#"{"error":"invalid_request","error_description":"this is no request that the server reads"}"#;
    Bytes::from(format!(
        "{status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\naccess-control-allow-origin: *\r\nx-request-id: {id}\r\n\r\n{body}",
        body.len()
    ))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const DATE: &str = "date: Wed, 25 Nov 2026 18:00:00 GMT\r\n\r\n";

    async fn heard(written: &[String]) -> String {
        // So narrow that nothing goes through in one piece.
        let (near, mut far) = duplex(7);
        let mut connection = LastWord::new(near, Holds::default());
        let say = async move {
            for bytes in written {
                connection.write_all(bytes.as_bytes()).await.unwrap();
            }
        };
        let mut heard = String::new();
        let (heard_all, ()) = tokio::join!(far.read_to_string(&mut heard), say);
        heard_all.unwrap();
        heard
    }

    #[tokio::test]
    async fn a_refusal_of_actixs_own_says_that_the_connection_ends_and_is_the_last_word() {
        for status in ["HTTP/1.1 400 Bad Request", "HTTP/1.0 431 Request Header Fields Too Large"] {
            let refused = format!("{status}\r\ncontent-length: 0\r\n{DATE}");
            let heard = heard(&[refused, "anything".to_owned()]).await;
            assert!(heard.starts_with(&format!("{status}\r\nconnection: close\r\n")), "{heard}");
            assert!(heard.contains("x-request-id: ") && heard.ends_with("reads\"}"), "{heard}");
        }
    }

    #[tokio::test]
    async fn what_the_gateway_says_is_no_refusal_until_it_is_out() {
        let (near, mut far) = duplex(1 << 10);
        let holds = Holds::default();
        let mut connection = LastWord::new(near, holds.clone());
        let like = format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n{DATE}");
        let held = holds.hold();
        connection.write_all(like.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
        drop(held);
        connection.write_all(like.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
        connection.write_all(like.as_bytes()).await.unwrap();
        drop(connection);
        let mut heard = String::new();
        far.read_to_string(&mut heard).await.unwrap();
        let refused = heard.strip_prefix(&like.repeat(2)).unwrap();
        assert!(refused.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"), "{heard}");
    }

    #[tokio::test]
    async fn everything_else_goes_out_as_it_is() {
        for ours in [
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-request-id: 1\r\n{DATE}"),
            format!("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n{DATE}{{}}"),
            format!("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n{DATE}"),
            "HTTP/1.1 100 Continue\r\n\r\n".to_owned(),
            "HTTP/1.1 400 \u{e9}\r\n\r\n!".to_owned(),
            "HTTP/1.1 400".to_owned(),
        ] {
            let both = [ours.clone(), "more".to_owned()];
            assert_eq!(heard(&both).await, both.concat());
        }
    }
}
