//! An MCP server that costs next to nothing: this benchmark once more, as a process of its own.

use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::Outcome;
use crate::process::Process;

/// The argument that makes this program the stub.
pub(crate) const AS_STUB: &str = "--as-stub";
/// A thread serves one connection at a time, and proxies keep theirs.
const THREADS: u32 = 128;
/// Of an answer, and of an event.
const ANSWER: usize = 1024;
const EVENT: usize = 256;

pub(crate) struct Stub {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Stub {
    pub(crate) fn start() -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut process = Process::start(command.arg(AS_STUB).stdout(Stdio::piped()))?;
        let mut line = String::new();
        BufReader::new(process.0.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        Ok(Self { address: line.trim().parse()?, process })
    }
}

/// What the process does: says where it listens, and serves for ever.
pub(crate) fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let answers = [answer(""), answer("Connection: close\r\n")];
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok((stream, _)) = listener.accept() {
                    // Whoever goes away has had enough.
                    let _ = converse(stream, &answers);
                }
            });
        }
    });
    Ok(())
}

/// One request after the other, for as long as the client keeps the connection.
fn converse(stream: TcpStream, [kept, last]: &[String; 2]) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        head.make_ascii_lowercase();
        let mut body = vec![0; number(&head, "content-length: ").unwrap_or_default()];
        stream.read_exact(&mut body)?;
        match number(&head, "events=") {
            Some(events) => flow(stream.get_mut(), events, number(&head, "every=").unwrap_or_default())?,
            None if head.contains("\r\nconnection: close") => {
                return Ok(stream.get_mut().write_all(last.as_bytes())?);
            }
            None => stream.get_mut().write_all(kept.as_bytes())?,
        }
    }
}

/// So many events, each written alone, so many microseconds apart.
fn flow(stream: &mut TcpStream, events: usize, every: usize) -> Outcome<()> {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    let (began, every) = (Instant::now(), Duration::from_micros(every.try_into()?));
    for number in 0..u32::try_from(events)? {
        thread::sleep((every * number).saturating_sub(began.elapsed()));
        let event = format!("data: {{\"sent\":{},\"x\":\"", Timestamp::now().as_nanosecond());
        let event = format!("{event}{}\"}}\n\n", "x".repeat(EVENT - event.len() - 4));
        stream.write_all(format!("{EVENT:x}\r\n{event}\r\n").as_bytes())?;
    }
    Ok(stream.write_all(b"0\r\n\r\n")?)
}

fn answer(more: &str) -> String {
    let [before, after] = [r#"{"jsonrpc":"2.0","id":1,"result":{"content":""#, r#""}}"#];
    let padding = "x".repeat(ANSWER - before.len() - after.len());
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {ANSWER}\r\n");
    format!("{head}{more}\r\n{before}{padding}{after}")
}

fn number(head: &str, name: &str) -> Option<usize> {
    let (_, rest) = head.split_once(name)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
