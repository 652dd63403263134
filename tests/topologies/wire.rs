//! The last piece of the way to the MCP server: it carries every byte, and remembers what was asked.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    ports::free_port,
    stack::{Site, Stack},
};

/// Longer than any answer may take, shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(20);
/// An MCP server that has thought of browsers itself.
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\
    Access-Control-Allow-Origin: https://its.own.example\r\n\r\n";

#[derive(Debug)]
pub(crate) struct Wire {
    pub port: u16,
    seen: Arc<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Where it leads.
    server: AtomicU16,
    asked: Mutex<Vec<Vec<u8>>>,
    /// The other ends of whoever is connected.
    open: Mutex<BTreeMap<usize, TcpStream>>,
    /// Did the first event of a stream arrive?
    arrived: (Mutex<bool>, Condvar),
}

impl Wire {
    pub(crate) fn to(server: u16) -> Self {
        let wire = Self { port: free_port(), seen: Arc::default() };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, wire.port)).unwrap();
        wire.seen.server.store(server, Ordering::Relaxed);
        let seen = Arc::clone(&wire.seen);
        thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || seen.carry(&caller));
            }
        });
        wire
    }

    /// To another server from now on; whoever kept a connection to the last one has let go of it.
    pub(crate) fn leads_to(&self, server: u16) {
        self.seen.server.store(server, Ordering::Relaxed);
        let open = || self.seen.open.lock().unwrap();
        open().values().for_each(|end| drop(end.shutdown(Shutdown::Both)));
        let began = Instant::now();
        while !open().is_empty() {
            assert!(began.elapsed() < PATIENCE, "a connection is kept though its other end is gone");
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Did this text, in any case, ever reach the MCP server?
    pub(crate) fn carried(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let asked = self.seen.asked.lock().unwrap();
        asked.iter().any(|bytes| String::from_utf8_lossy(bytes).to_lowercase().contains(&text))
    }

    /// The first lines of what was asked with this text in it, one for each connection.
    pub(crate) fn requests_with(&self, text: &str) -> Vec<String> {
        let asked = self.seen.asked.lock().unwrap();
        let texts = asked.iter().map(|bytes| String::from_utf8_lossy(bytes));
        texts
            .filter(|asked| asked.contains(text))
            .filter_map(|asked| asked.lines().next().map(str::to_owned))
            .collect()
    }

    /// Whatever the proxy knows of a person who is signed in; `token` came along, so the wire is the right one.
    pub(crate) fn carried_nothing_of_the_proxys(&self, stack: &Stack, token: &str) {
        assert!(self.carried(token), "the request itself did not arrive");
        for text in [&stack.proxy_secret, "X-Sidecar-Auth", "Id-Token", "mcp_auth="] {
            assert!(!self.carried(text), "the MCP server was sent {text}");
        }
    }

    /// The first of two events arrives while the second is not there yet. Gives the whole answer.
    pub(crate) fn streams(&self, site: &Site, token: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, site.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = site.host();
        let head = "Accept: text/event-stream\r\nConnection: close";
        write!(
            stream,
            "GET /mcp/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{head}\r\n\r\n"
        )
        .unwrap();
        let mut read = String::new();
        let mut until = |event: &str| {
            let mut chunk = [0; 4096];
            while !read.contains(event) {
                let bytes =
                    stream.read(&mut chunk).unwrap_or_else(|error| panic!("{event}: {error}: {read}"));
                assert!(bytes > 0, "the stream ended before {event}: {read}");
                read += &String::from_utf8_lossy(&chunk[..bytes]);
            }
        };
        until("data: first");
        *self.seen.arrived.0.lock().unwrap() = true;
        self.seen.arrived.1.notify_all();
        until("data: second");
        read
    }
}

impl Seen {
    fn carry(&self, caller: &TcpStream) -> io::Result<()> {
        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, self.server.load(Ordering::Relaxed)))?;
        let mine = self.another();
        self.open.lock().unwrap().insert(mine, server.try_clone()?);
        let carried = self.carry_to(server, caller, mine);
        self.open.lock().unwrap().remove(&mine);
        carried
    }

    fn carry_to(&self, mut server: TcpStream, mut caller: &TcpStream, mine: usize) -> io::Result<()> {
        let (mut answers, mut back) = (server.try_clone()?, caller.try_clone()?);
        thread::spawn(move || {
            let _ = io::copy(&mut answers, &mut back);
            back.shutdown(Shutdown::Write)
        });
        let mut chunk = [0; 16 * 1024];
        loop {
            let read = caller.read(&mut chunk)?;
            if read == 0 {
                return server.shutdown(Shutdown::Write);
            }
            self.asked.lock().unwrap()[mine].extend_from_slice(&chunk[..read]);
            if chunk.starts_with(b"GET /mcp/events ") {
                self.stream(caller)?;
                return server.shutdown(Shutdown::Both);
            }
            server.write_all(&chunk[..read])?;
        }
    }

    fn another(&self) -> usize {
        let mut asked = self.asked.lock().unwrap();
        asked.push(Vec::new());
        asked.len() - 1
    }

    /// In place of an MCP server, whose tools send no two events on demand.
    fn stream(&self, mut caller: &TcpStream) -> io::Result<()> {
        write!(caller, "{HEAD}data: first\n\n")?;
        let arrived = self.arrived.0.lock().unwrap();
        let waited = self.arrived.1.wait_timeout_while(arrived, PATIENCE, |arrived| !*arrived).unwrap();
        if waited.1.timed_out() { Ok(()) } else { write!(caller, "data: second\n\n") }
    }
}
