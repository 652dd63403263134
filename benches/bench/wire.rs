//! HTTP/1.1 with as little CPU as it takes, so that the driver does not crowd out what it measures.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::Outcome;

/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// One client of one server. It keeps its connection for as long as the server lets it.
pub(crate) struct Wire {
    address: SocketAddr,
    kept: Option<BufReader<TcpStream>>,
    /// How many connections it took so far.
    pub(crate) connections: u32,
}

pub(crate) struct Answer {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Wire {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address, kept: None, connections: 0 }
    }

    /// Sends a request and reads the whole answer, which must not be a failure.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Outcome<Answer> {
        let (head, mut body) = self.open(request)?;
        let mut text = String::new();
        body.read_to_string(&mut text)?;
        if !matches!(head.get(9..10), Some("2" | "3")) {
            return Err(format!("refused: {head}{text}").into());
        }
        if header(&head, "connection") != Some("close") && body.left == Left::Nothing {
            self.kept = Some(body.stream);
        }
        Ok(Answer { head, body: text })
    }

    /// Connects beforehand.
    pub(crate) fn connect(&mut self) -> Outcome<()> {
        self.kept = Some(self.connected()?);
        Ok(())
    }

    /// Sends a request and gives the body as it arrives.
    pub(crate) fn open(&mut self, request: &[u8]) -> Outcome<(String, Body)> {
        let mut stream = match self.kept.take() {
            Some(stream) => stream,
            None => self.connected()?,
        };
        stream.get_mut().write_all(request)?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Err(format!("the answer ends in its head: {head:?}").into());
            }
        }
        let left = Left::of(&head)?;
        Ok((head, Body { stream, left }))
    }

    fn connected(&mut self) -> Outcome<BufReader<TcpStream>> {
        self.connections += 1;
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(BufReader::with_capacity(16 << 10, stream))
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

/// The body of an answer (RFC 9112 §6.3).
pub(crate) struct Body {
    stream: BufReader<TcpStream>,
    left: Left,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Left {
    /// Of this chunk; more may follow.
    Chunk(usize),
    Length(usize),
    Nothing,
    /// Until the connection ends.
    Unsaid,
}

impl Left {
    fn of(head: &str) -> Outcome<Self> {
        if header(head, "transfer-encoding").is_some() {
            return Ok(Self::Chunk(0));
        }
        Ok(match header(head, "content-length").map(str::parse).transpose()? {
            None => Self::Unsaid,
            Some(0) => Self::Nothing,
            Some(length) => Self::Length(length),
        })
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == Left::Chunk(0) {
            self.next_chunk()?;
        }
        let (Left::Chunk(most) | Left::Length(most)) = self.left else {
            return if self.left == Left::Nothing { Ok(0) } else { self.stream.read(buffer) };
        };
        let most = most.min(buffer.len());
        let read = self.stream.read(&mut buffer[..most])?;
        if read == 0 && most > 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.took(read)?;
        Ok(read)
    }
}

impl Body {
    fn next_chunk(&mut self) -> std::io::Result<()> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
        self.left = Left::Chunk(size);
        if size == 0 {
            self.stream.read_line(&mut line)?;
            self.left = Left::Nothing;
        }
        Ok(())
    }

    fn took(&mut self, read: usize) -> std::io::Result<()> {
        self.left = match self.left {
            Left::Chunk(left) if left == read => {
                self.stream.read_exact(&mut [0; 2])?;
                Left::Chunk(0)
            }
            Left::Chunk(left) => Left::Chunk(left - read),
            Left::Length(left) if left == read => Left::Nothing,
            Left::Length(left) => Left::Length(left - read),
            end => end,
        };
        Ok(())
    }
}

/// A request as it goes over the wire. `head` is its first line without the version, then header lines.
pub(crate) fn request(head: &[&str], body: &str) -> Vec<u8> {
    let [target, headers @ ..] = head else { return Vec::new() };
    let length = format!("Content-Length: {}", body.len());
    let length: &[&str] = if body.is_empty() { &[] } else { &[&length] };
    let headers = [headers, length, &["", body]].concat().join("\r\n");
    format!("{target} HTTP/1.1\r\n{headers}").into_bytes()
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
