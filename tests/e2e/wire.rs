//! A connection of one's own: any bytes, and every answer that comes back on it.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    thread,
    time::Duration,
};

/// Longer than any answer may take, shorter than a hang.
const PATIENCE: Duration = Duration::from_mins(1);
/// Who has not begun to answer by then may be waiting for more.
const DOUBT: Duration = Duration::from_secs(2);
/// Who has answered says nothing more after that.
const QUIET: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) struct WireReply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Every answer to bytes after which the other side has nothing to wait for.
pub(crate) fn exchange(port: u16, bytes: &[u8]) -> Vec<WireReply> {
    talk(port, bytes, PATIENCE)
}

/// The same, once more where the answer was cut off: oauth2-proxy may do so, see `mcp.rs`; a second time it is no
/// accident.
pub(crate) fn insist(port: u16, bytes: &[u8]) -> Vec<WireReply> {
    let replies = exchange(port, bytes);
    if replies.is_empty() { exchange(port, bytes) } else { replies }
}

/// For bytes that may be less than a request: silence is met by saying that no more will come.
pub(crate) fn exchange_in_doubt(port: u16, bytes: &[u8]) -> Vec<WireReply> {
    talk(port, bytes, DOUBT)
}

fn talk(port: u16, bytes: &[u8], patience: Duration) -> Vec<WireReply> {
    let mut reader = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut writer = reader.try_clone().unwrap();
    writer.set_write_timeout(Some(PATIENCE)).unwrap();
    thread::scope(|both| {
        both.spawn(move || writer.write_all(bytes));
        let mut answer = Vec::new();
        read(&mut reader, &mut answer, patience);
        let _ = reader.shutdown(Shutdown::Write);
        read(&mut reader, &mut answer, PATIENCE);
        let _ = reader.shutdown(Shutdown::Both);
        replies(&answer)
    })
}

fn read(reader: &mut TcpStream, answer: &mut Vec<u8>, patience: Duration) {
    let mut chunk = [0; 16 * 1024];
    reader.set_read_timeout(Some(patience)).unwrap();
    while let Ok(read @ 1..) = reader.read(&mut chunk) {
        answer.extend_from_slice(&chunk[..read]);
        reader.set_read_timeout(Some(if replies(answer).is_empty() { patience } else { QUIET })).unwrap();
    }
}

/// As many as are whole; what follows the last one is left.
fn replies(answer: &[u8]) -> Vec<WireReply> {
    let (mut found, mut rest) = (Vec::new(), answer);
    while let Some((reply, after)) = WireReply::first(rest) {
        found.push(reply);
        rest = after;
    }
    found
}

impl WireReply {
    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let rest = &bytes[end..];
        let (body, after) =
            match (values(&head, "transfer-encoding").next(), values(&head, "content-length").next()) {
                _ if status < 200 || status == 204 => (Vec::new(), rest),
                (Some(_), _) => chunks(rest)?,
                (None, Some(length)) => {
                    let length = length.parse().ok()?;
                    (rest.get(..length)?.to_vec(), rest.get(length..)?)
                }
                (None, None) => (rest.to_vec(), &rest[rest.len()..]),
            };
        Some((Self { status, head, body: String::from_utf8_lossy(&body).into_owned() }, after))
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        values(&self.head, name).collect()
    }
}

fn values<'a>(head: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    lines.filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

fn chunks(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let chunk = rest.get(end + 2..end + 2 + size)?;
        body.extend_from_slice(chunk);
        rest = rest.get(end + 2 + size + 2..)?;
        if size == 0 {
            return Some((body, rest));
        }
    }
}
