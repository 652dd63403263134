//! Connections to one MCP server, kept for the next request.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt::Debug;
use std::future::{Future as _, poll_fn};
use std::path::PathBuf;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::rt;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::header::HeaderValue;
use hyper::rt::{Read, Write};
use hyper::service::Service as _;
use hyper::{Request, Response, Uri};
use hyper_tls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::UnixStream;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use super::body::Body;
use crate::config::Upstream;

/// A connection that the MCP server may be about to close is not used again (gunicorn: after 2 seconds, uvicorn: 5).
const IDLE: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(5);
/// What a connection holds of either direction at most: bodies flow, and a head must fit in.
const BUFFER: usize = 64 << 10;

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// To one MCP server, from one worker: a connection lives on the worker that opened it.
#[derive(Debug)]
pub(super) struct Connections {
    opener: Opener,
    /// The one that was used last on top.
    kept: RefCell<Vec<Kept>>,
    is_swept: Cell<bool>,
}

#[derive(Debug)]
struct Kept {
    line: Line,
    since: Instant,
}

impl Connections {
    pub(super) fn new(opener: Opener) -> Self {
        Self { opener, kept: RefCell::default(), is_swept: Cell::default() }
    }

    /// What the MCP server is called there.
    pub(super) fn host(&self) -> &HeaderValue {
        &self.opener.host
    }

    /// Sends a request, and gives the head of its answer with the connection that the rest comes on. What a kept
    /// connection gave back, because it ended before any of it was sent, goes out on another.
    pub(super) async fn ask(
        &self,
        mut request: Request<Body>,
    ) -> Result<(Response<Incoming>, Line), NoAnswer> {
        while let Some(mut line) = poll_fn(|cx| Poll::Ready(self.kept(cx))).await {
            match line.ask(request).await {
                Ok(answer) => return Ok((answer, line)),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(failed.into_error().into()),
                },
            }
        }
        let mut line = self.opener.open().await?;
        let answer = line.ask(request).await.map_err(TrySendError::into_error)?;
        Ok((answer, line))
    }

    /// The connection that was used last, if it still is one.
    fn kept(&self, cx: &mut Context<'_>) -> Option<Line> {
        let mut kept = self.kept.borrow_mut();
        while let Some(Kept { mut line, since }) = kept.pop() {
            if since.elapsed() >= IDLE {
                kept.clear();
            } else if line.is_open(cx) {
                return Some(line);
            }
        }
        None
    }

    /// Takes a connection back whose answer is over.
    pub(super) fn keep(self: &Rc<Self>, line: Line) {
        if !line.sender.is_ready() {
            line.go_on_alone();
            return;
        }
        self.kept.borrow_mut().push(Kept { line, since: Instant::now() });
        if !self.is_swept.replace(true) {
            rt::spawn(self.clone().sweep());
        }
    }

    /// Closes what nobody came for, until there is nothing left.
    async fn sweep(self: Rc<Self>) {
        while !self.kept.borrow().is_empty() {
            sleep(IDLE).await;
            self.kept.borrow_mut().retain(|kept| kept.since.elapsed() < IDLE);
        }
        self.is_swept.set(false);
    }
}

/// One connection. It has no task: whoever waits for something on it keeps it going.
#[derive(Debug)]
pub(super) struct Line {
    sender: SendRequest<Body>,
    connection: Connection<Stream, Body>,
    is_over: bool,
}

impl Line {
    async fn ask(
        &mut self,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|cx| self.poll_while(cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// Waits for what comes over this connection.
    pub(super) fn poll_while<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wait: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if let Poll::Ready(came) = wait(cx) {
            return Poll::Ready(came);
        }
        self.go_on(cx);
        wait(cx)
    }

    /// What ends a connection is told to whoever waits.
    fn go_on(&mut self, cx: &mut Context<'_>) {
        self.is_over = self.is_over || Pin::new(&mut self.connection).poll(cx).is_ready();
    }

    fn is_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.go_on(cx);
        !self.is_over && self.sender.is_ready()
    }

    /// Sends what is left of its request although nobody waits, and ends.
    pub(super) fn go_on_alone(self) -> AbortHandle {
        let Self { connection, .. } = self;
        rt::spawn(async { drop(connection.await) }).abort_handle()
    }
}

trait Transport: Read + Write + Debug {}
impl<T: Read + Write + Debug> Transport for T {}
type Stream = Pin<Box<dyn Transport>>;

/// How a connection is opened: no proxy in between, no HTTP/2, and nothing that ends one on which nobody reads for as
/// long as it likes.
#[derive(Clone, Debug)]
pub(super) struct Opener {
    host: HeaderValue,
    origin: Uri,
    way: Way,
}

#[derive(Clone, Debug)]
enum Way {
    Plain(TowerToHyperService<HttpConnector>),
    Tls(TowerToHyperService<HttpsConnector<HttpConnector>>),
    Unix(PathBuf),
}

impl Opener {
    pub(super) fn to(upstream: &Upstream) -> Result<Self, BoxError> {
        let origin: Uri = upstream.origin().parse()?;
        let host = HeaderValue::from_str(origin.authority().map_or("", |authority| authority.as_str()))?;
        let way = match upstream {
            Upstream::Unix(path) => Way::Unix(path.clone()),
            Upstream::Http(_) if origin.scheme_str() == Some("https") => {
                let tls = native_tls::TlsConnector::new()?;
                Way::Tls(TowerToHyperService::new(HttpsConnector::from((tcp(), tls.into()))))
            }
            Upstream::Http(_) => Way::Plain(TowerToHyperService::new(tcp())),
        };
        Ok(Self { host, origin, way })
    }

    async fn open(&self) -> Result<Line, NoAnswer> {
        let opened =
            timeout(CONNECT, self.stream()).await.map_err(|late| NoAnswer::Unreachable(late.into()))?;
        let stream = opened.map_err(NoAnswer::Unreachable)?;
        let (sender, connection) = http1::Builder::new().max_buf_size(BUFFER).handshake(stream).await?;
        Ok(Line { sender, connection, is_over: false })
    }

    async fn stream(&self) -> Result<Stream, BoxError> {
        Ok(match &self.way {
            Way::Plain(opener) => Box::pin(opener.call(self.origin.clone()).await?),
            Way::Tls(opener) => Box::pin(opener.call(self.origin.clone()).await?),
            Way::Unix(path) => Box::pin(TokioIo::new(UnixStream::connect(path).await?)),
        })
    }
}

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    // TLS above it is its caller's matter.
    tcp.enforce_http(false);
    tcp
}

/// Why an MCP server did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("the connection broke off, or what came is no answer")]
    Broken(#[from] hyper::Error),
    #[error("it cannot be reached")]
    Unreachable(#[source] BoxError),
}
