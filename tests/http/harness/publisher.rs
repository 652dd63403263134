//! Somebody's web server, with the documents of clients and with what is none: https on a port of its own.

use crate::harness::Client;
use crate::harness::trust::Authority;
use native_tls::{Identity, TlsAcceptor};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) const CALLBACK: &str = "http://localhost:53124/callback";

pub(crate) struct Publisher {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    connections: AtomicUsize,
    /// The head of each request that came.
    seen: Mutex<Vec<String>>,
    pages: Mutex<HashMap<String, Arc<Page>>>,
}

/// Writes the answer, in whichever way.
type Page = dyn Fn(&mut dyn Write) -> io::Result<()> + Send + Sync;

impl Publisher {
    pub(crate) fn start(authority: &Authority) -> Self {
        Self::start_as("good", authority)
    }

    /// With this certificate.
    pub(crate) fn start_as(name: &str, authority: &Authority) -> Self {
        let pem = |extension: &str| fs::read(authority.file(&format!("{name}.{extension}"))).unwrap();
        let identity = Identity::from_pkcs8(&pem("crt"), &pem("key")).unwrap();
        let acceptor = TlsAcceptor::new(identity).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, shared) = (listener.local_addr().unwrap().port(), Arc::new(Shared::default()));
        let publisher = Self { port, shared: shared.clone() };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, shared) = (acceptor.clone(), shared.clone());
                // A caller that does not like what it gets goes away.
                thread::spawn(move || acceptor.accept(stream).map(|stream| shared.answer(stream)));
            }
        });
        publisher
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// A client whose document is at this path.
    pub(crate) fn client(&self, path: &str) -> Client {
        Client { id: self.url(path), redirect_uri: CALLBACK.to_owned() }
    }

    /// All that a document needs.
    pub(crate) fn document(&self, path: &str) -> Value {
        json!({"client_id": self.url(path), "client_name": "App", "redirect_uris": ["http://localhost/callback"]})
    }

    /// Serves a whole document from now on.
    pub(crate) fn publishes(&self, path: &str) -> Client {
        self.publishes_as(path, JSON, &self.document(path))
    }

    pub(crate) fn publishes_as(&self, path: &str, headers: &str, document: &Value) -> Client {
        self.serves(path, &answer("200 OK", headers, &document.to_string()));
        self.client(path)
    }

    pub(crate) fn serves(&self, path: &str, answer: &str) {
        let answer = answer.to_owned();
        self.serves_by(path, move |stream| stream.write_all(answer.as_bytes()));
    }

    pub(crate) fn serves_by(
        &self,
        path: &str,
        page: impl Fn(&mut dyn Write) -> io::Result<()> + Send + Sync + 'static,
    ) {
        self.shared.pages.lock().unwrap().insert(path.to_owned(), Arc::new(page));
    }

    /// The heads of the requests for this path.
    pub(crate) fn seen(&self, path: &str) -> Vec<String> {
        let line = format!("GET {path} ");
        self.shared.seen.lock().unwrap().iter().filter(|head| head.starts_with(&line)).cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn answer(&self, mut stream: impl Read + Write) -> io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.extend(byte);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.seen.lock().unwrap().push(head);
        let page = self.pages.lock().unwrap().get(&path).cloned();
        match page {
            Some(page) => page(&mut stream),
            None => stream.write_all(answer("404 Not Found", JSON, "{}").as_bytes()),
        }
    }
}

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

/// An answer as it goes over the wire; each header ends in `\r\n`.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}
