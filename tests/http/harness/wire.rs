//! Bare connections to both ends of the gateway: what is said is said byte for byte, and nothing is read unasked.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::time::{sleep, timeout};

/// Shows that nothing hangs, on a slow machine, too.
const SOON: Duration = Duration::from_mins(1);
/// What has not gone by then waits for a reader.
const HELD_BACK: Duration = Duration::from_millis(500);
const A_MOMENT: Duration = Duration::from_millis(10);
const PIECE: usize = 1 << 16;

/// An MCP server that does nothing by itself.
pub(crate) struct Wire {
    pub(crate) url: String,
    listener: TcpListener,
}

/// One connection, of a client's or of the gateway's.
pub(crate) struct Line(TcpStream);

impl Wire {
    pub(crate) async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    pub(crate) async fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        Self { url: format!("http://{}", listener.local_addr().unwrap()), listener }
    }

    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// To whoever connects next.
    pub(crate) async fn line(&self) -> Line {
        let (stream, _) = timeout(SOON, self.listener.accept()).await.expect("a connection").unwrap();
        Line(stream)
    }

    /// Hears the head of a request on a new connection and says this.
    pub(crate) async fn says(&self, answer: impl AsRef<[u8]>) -> Line {
        let line = self.line().await;
        line.head().await;
        line.say(answer).await;
        line
    }
}

impl Line {
    pub(crate) async fn to(address: impl ToSocketAddrs) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// To the empty line and not a byte further.
    pub(crate) async fn head(&self) -> String {
        self.up_to("\r\n\r\n").await
    }

    /// A request to the end of its body, which has a length if it is there.
    pub(crate) async fn request(&self) -> String {
        let head = self.head().await;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        self.swallow(length.map_or(0, |length| length.parse().unwrap())).await;
        head
    }

    pub(crate) async fn up_to(&self, end: &str) -> String {
        let mut heard = Vec::new();
        while !heard.ends_with(end.as_bytes()) {
            let mut byte = [0];
            let read = self.read(&mut byte).await;
            assert_eq!(read.ok(), Some(1), "cut off: {}", String::from_utf8_lossy(&heard));
            heard.extend(byte);
        }
        String::from_utf8(heard).unwrap()
    }

    /// Everything up to the end, which must come soon; cut off or closed, both are an end.
    pub(crate) async fn rest(&self) -> Vec<u8> {
        let (mut rest, mut piece) = (Vec::new(), vec![0; PIECE]);
        while let Ok(read @ 1..) = self.read(&mut piece).await {
            rest.extend_from_slice(&piece[..read]);
        }
        rest
    }

    /// Reads so many bytes and forgets them.
    pub(crate) async fn swallow(&self, count: usize) {
        let (mut left, mut piece) = (count, vec![0; PIECE]);
        while left > 0 {
            let some = left.min(PIECE);
            let read = self.read(&mut piece[..some]).await.unwrap();
            assert!(read > 0, "cut off, {left} bytes before the end");
            left -= read;
        }
    }

    pub(crate) async fn say(&self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        while !bytes.is_empty() {
            let written = timeout(SOON, self.write(bytes)).await.expect("a reader").unwrap();
            bytes = &bytes[written..];
        }
    }

    /// The same to one who may have heard enough and hung up.
    pub(crate) async fn say_if_heard(&self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        while !bytes.is_empty() {
            match timeout(SOON, self.write(bytes)).await.expect("a reader, or none") {
                Ok(written) => bytes = &bytes[written..],
                Err(_) => return,
            }
        }
    }

    /// Says so many bytes at most; how many went before they were held back.
    pub(crate) async fn pour(&self, count: usize) -> usize {
        let (mut gone, piece) = (0, vec![b'a'; PIECE]);
        while gone < count {
            let some = PIECE.min(count - gone);
            match timeout(HELD_BACK, self.write(&piece[..some])).await {
                Ok(written) => gone += written.unwrap(),
                Err(_) => break,
            }
        }
        gone
    }

    /// Waits for a word or the end. No byte of it is read.
    pub(crate) async fn speaks(&self) -> bool {
        self.0.peek(&mut [0]).await.is_ok_and(|heard| heard > 0)
    }

    /// The other side ends it, which is seen although nothing is read.
    pub(crate) async fn hangs_up(&self) {
        let hung_up = async {
            while !self.0.ready(Interest::READABLE).await.unwrap().is_read_closed() {
                sleep(A_MOMENT).await;
            }
        };
        timeout(SOON, hung_up).await.expect("an end");
    }

    /// Says no more, and would still listen.
    pub(crate) async fn falls_silent(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Ends as a process that is killed may end it: with a reset.
    pub(crate) fn breaks_off(self) {
        self.0.set_zero_linger().unwrap();
    }

    async fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = async {
            loop {
                self.0.readable().await?;
                match self.0.try_read(bytes) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    read => return read,
                }
            }
        };
        timeout(SOON, read).await.expect("a word or the end")
    }

    async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.0.writable().await?;
            match self.0.try_write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }
}
