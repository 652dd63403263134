//! Any bytes to a port, as no well-behaved client would send them, and what came back.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpStream},
    thread,
    time::Duration,
};

/// Longer than any answer may take, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct RawReply {
    pub status: u16,
    pub text: String,
}

/// A request that ends its connection, so that the answer does too.
pub(crate) fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH") {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("connection")) {
        bytes.extend(b"Connection: close\r\n");
    }
    [&bytes, b"\r\n".as_slice(), body].concat()
}

/// No answer, whether by a hang or by a reset, is the error.
pub(crate) fn send(port: u16, bytes: &[u8]) -> Result<RawReply, String> {
    let mut reader =
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| format!("no connection: {error}"))?;
    reader.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = reader.try_clone().unwrap();
    writer.set_write_timeout(Some(PATIENCE)).unwrap();
    thread::scope(|both| {
        // Who answers early need not read to the end: a failed write is no failure.
        both.spawn(move || writer.write_all(bytes));
        let (mut answer, mut chunk) = (Vec::new(), [0; 16 * 1024]);
        let end = loop {
            match reader.read(&mut chunk) {
                Ok(0) => break Ok(()),
                Ok(read) => answer.extend_from_slice(&chunk[..read]),
                Err(error) => break Err(error),
            }
            if is_whole(&answer) {
                break Ok(());
            }
        };
        let _ = reader.shutdown(Shutdown::Both);
        RawReply::parse(&answer).ok_or_else(|| format!("no answer: {end:?}"))
    })
}

/// Who answers before it has read everything keeps the connection open for a while: that is not worth waiting for.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| length > 0 && answer.len() >= end + 4 + length)
}

impl RawReply {
    fn parse(answer: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(answer).into_owned();
        let status =
            text.strip_prefix("HTTP/1.1 ").or(text.strip_prefix("HTTP/1.0 "))?.get(..3)?.parse().ok()?;
        Some(Self { status, text })
    }
}
