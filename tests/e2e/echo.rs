//! A stand-in for the MCP server that keeps every byte of what it is asked, and says whatever it is told to.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Result, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

/// What is posted here is answered by the body, byte for byte, and nothing more.
pub(crate) const SAY: &str = "/mcp/say";
/// The same, and the connection stays open.
pub(crate) const SAY_ON: &str = "/mcp/say/on";

#[derive(Debug)]
pub(crate) struct Echo {
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One request as it stood on the wire, or as much of it as came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub method: String,
    pub target: String,
    /// Names in lower case, values without the blanks around them.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// What stands behind the last chunk.
    pub trailers: String,
}

impl Echo {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let remembered = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = remembered.clone();
                thread::spawn(move || converse(stream, &seen));
            }
        });
        Self { port, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The requests for exactly this.
    pub(crate) fn seen_at(&self, target: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|seen| seen.target == target).cloned().collect()
    }
}

/// Strictly by RFC 9112; whatever is no request is kept like one, and ends the connection.
fn converse(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(head) = head(&mut reader)? {
        let mut request = Seen::of(&head);
        let at = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let whole = request.read_body(&mut reader);
        seen.lock().unwrap()[at] = request.clone();
        whole?;
        stream.write_all(&request.answer())?;
        if request.target == SAY {
            break;
        }
    }
    Ok(())
}

impl Seen {
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    fn of(head: &str) -> Self {
        let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
        let mut words = line.split(' ').map(str::to_owned);
        let headers = headers.split("\r\n").map(|line| line.split_once(':').unwrap_or((line, "")));
        let headers =
            headers.map(|(name, value)| (name.to_lowercase(), value.trim_matches([' ', '\t']).to_owned()));
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Self { method, target, headers: headers.collect(), ..Self::default() }
    }

    fn read_body(&mut self, reader: &mut impl BufRead) -> Result<()> {
        if self.values("transfer-encoding") == ["chunked"] {
            return self.read_chunks(reader);
        }
        let length = self.values("content-length").first().map_or(Ok(0), |length| length.parse());
        let length = length.map_err(|_| ErrorKind::InvalidData)?;
        let read = reader.take(length).read_to_string(&mut self.body)?;
        if read as u64 == length { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }

    fn read_chunks(&mut self, reader: &mut impl BufRead) -> Result<()> {
        loop {
            let size = line(reader)?;
            let size = usize::from_str_radix(size.trim_end(), 16).map_err(|_| ErrorKind::InvalidData)?;
            if size == 0 {
                break;
            }
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk)?;
            self.body.push_str(&String::from_utf8_lossy(&chunk[..size]));
        }
        self.trailers = head(reader)?.unwrap_or_default();
        Ok(())
    }

    /// Says what was asked and by whom, so that an answer can be told from somebody else's.
    fn answer(&self) -> Vec<u8> {
        if self.target.starts_with(SAY) {
            return self.body.clone().into_bytes();
        }
        let said =
            json!({"target": self.target, "email": self.values("x-forwarded-email"), "body": self.body});
        let said = if self.method == "HEAD" { String::new() } else { said.to_string() };
        let length = said.len();
        format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{said}")
            .into_bytes()
    }
}

/// The lines up to an empty one; none where nobody says anything more.
fn head(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut lines = String::new();
    loop {
        let line = line(reader)?;
        match line.as_str() {
            "" if lines.is_empty() => return Ok(None),
            "" | "\r\n" => return Ok(Some(lines.trim_end_matches("\r\n").to_owned())),
            line => lines.push_str(line),
        }
    }
}

fn line(reader: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}
