//! A small proxy that bends what passes: one text of one path's answer becomes another.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// What it does to answers of paths that begin so.
pub(crate) struct Bend {
    pub path: &'static str,
    pub how: How,
}

pub(crate) enum How {
    /// A text of the answer, its head or its body, and what stands there instead.
    Says(&'static str, &'static str),
    /// Not at all.
    Keeps,
    /// The first answer comes so much later.
    Late(Duration),
}

/// Listens until the tests end; each connection carries one request to the upstreams in turn.
pub(crate) fn relay(upstreams: Vec<u16>, bend: Option<Bend>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (bend, turn) = (Arc::new(bend), Arc::new(AtomicUsize::new(0)));
    thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            let upstream = upstreams[turn.fetch_add(1, Ordering::SeqCst) % upstreams.len()];
            let (bend, late) = (Arc::clone(&bend), Arc::clone(&turn));
            // A caller that goes away has seen enough.
            thread::spawn(move || carry(caller, upstream, bend.as_ref().as_ref(), &late));
        }
    });
    port
}

fn carry(
    mut caller: TcpStream,
    upstream: u16,
    bend: Option<&Bend>,
    turn: &AtomicUsize,
) -> std::io::Result<()> {
    let (head, body) = message(&mut BufReader::new(caller.try_clone()?))?;
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream))?;
    // In one piece, as it came.
    server.write_all(&[format!("{head}Connection: close\r\n\r\n").as_bytes(), &body].concat())?;
    let mut answer = Vec::new();
    // A server that resets the connection behind its answer has answered.
    let _ = server.read_to_end(&mut answer);
    let path = head.split(' ').nth(1).unwrap_or_default();
    if let Some(bend) = bend.filter(|bend| path.starts_with(bend.path)) {
        match bend.how {
            How::Says(says, instead) => answer = bent(&answer, says, instead),
            How::Keeps => return Ok(()),
            How::Late(by) if turn.fetch_or(LATE, Ordering::SeqCst) & LATE == 0 => thread::sleep(by),
            How::Late(_) => {}
        }
    }
    caller.write_all(&answer)
}

/// Set when it was late once.
const LATE: usize = 1 << 63;

/// A head without its end, and as much of a body as it says.
fn message(reader: &mut impl BufRead) -> std::io::Result<(String, Vec<u8>)> {
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if !lower.starts_with("connection:") {
            head += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}

/// Its length is said anew.
fn bent(answer: &[u8], says: &str, instead: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer).replace(says, instead);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let lines = head.lines().filter(|line| !line.to_ascii_lowercase().starts_with("content-length:"));
    let head = lines.collect::<Vec<_>>().join("\r\n");
    format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
