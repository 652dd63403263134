//! Bodies of a hundred megabytes, in a memory that does not grow with them.

use crate::harness::wire::{Line, Wire};
use crate::room::within;
use crate::sidecar::Sidecar;

pub(crate) const LARGE: usize = 100_000_000;
const MEGABYTE: usize = 1_000;
/// Buffers of sockets take some of it although nobody reads.
const UNREAD: usize = LARGE / 2;
const LAST_CHUNK: &str = "\r\n0\r\n\r\n";
pub(crate) const THANKS: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// How a body says where it ends (RFC 9112 §6).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    Length,
    Chunks,
}

impl Framing {
    const ALL: [Self; 2] = [Self::Length, Self::Chunks];

    pub(crate) fn header(self) -> String {
        match self {
            Self::Length => format!("Content-Length: {LARGE}\r\n"),
            Self::Chunks => "Transfer-Encoding: chunked\r\n".to_owned(),
        }
    }

    /// As much of a body as goes before it is held back.
    pub(crate) async fn begin(self, line: &Line) -> usize {
        if matches!(self, Self::Chunks) {
            line.say(format!("{LARGE:x}\r\n")).await;
        }
        line.pour(LARGE).await
    }

    /// The rest of it, up to where it ends.
    async fn go_on(self, line: &Line, mut gone: usize) {
        while gone < LARGE {
            gone += line.pour(LARGE - gone).await;
        }
    }

    async fn end(self, line: &Line) {
        if matches!(self, Self::Chunks) {
            line.say(LAST_CHUNK).await;
        }
    }

    /// All that is left, and its end, to one who reads.
    pub(crate) async fn flow(self, from: &Line, gone: usize, to: &Line) {
        let rest = async {
            self.go_on(from, gone).await;
            self.end(from).await;
        };
        tokio::join!(rest, self.swallow(to));
    }

    async fn swallow(self, line: &Line) {
        line.swallow(LARGE).await;
        if matches!(self, Self::Chunks) {
            // What their sizes took lies behind.
            line.up_to(LAST_CHUNK).await;
        }
    }
}

/// A sidecar that may not grow.
struct Measured {
    wire: Wire,
    sidecar: Sidecar,
    descriptors: usize,
    memory: usize,
}

impl Measured {
    /// Not measured before it has done once what is measured.
    async fn start() -> Self {
        let wire = Wire::start().await;
        let sidecar = Sidecar::start(&wire.url).await;
        let mut measured = Self { wire, sidecar, descriptors: 0, memory: 0 };
        drop(measured.open("GET", "").await);
        measured.descriptors = measured.sidecar.at_rest().await;
        measured.memory = measured.sidecar.memory();
        measured
    }

    async fn open(&self, method: &str, headers: &str) -> (Line, Line) {
        let client = Line::to(&self.sidecar.address).await;
        client.say(self.sidecar.request(method, headers).await).await;
        let upstream = self.wire.line().await;
        upstream.head().await;
        (client, upstream)
    }

    fn stays_small(&self, what: &str) {
        let more = self.sidecar.most_memory().saturating_sub(self.memory);
        println!("{what}: {more} kB more than {} kB at most", self.memory);
        assert!(more < 10 * MEGABYTE, "{what}: {more} kB");
    }
}

/// design 7: a slow reader holds back the sender, and the memory stays
#[tokio::test]
async fn a_large_request_waits_where_it_is_until_it_is_read() {
    let measured = Measured::start().await;
    for framing in Framing::ALL {
        let (client, upstream) = measured.open("POST", &framing.header()).await;
        let gone = framing.begin(&client).await;
        assert!(gone < UNREAD, "{gone} bytes went to nobody");
        framing.flow(&client, gone, &upstream).await;
        upstream.say(THANKS).await;
        assert!(client.rest().await.ends_with(b"ok"));
        measured.stays_small(&format!("a request by {framing:?}, {gone} bytes unread"));
    }
}

/// design 7: the same the other way
#[tokio::test]
async fn a_large_answer_waits_where_it_is_until_it_is_read() {
    let measured = Measured::start().await;
    for framing in Framing::ALL {
        let (client, upstream) = measured.open("GET", "").await;
        upstream.say(format!("HTTP/1.1 200 OK\r\n{}\r\n", framing.header())).await;
        client.head().await;
        let gone = framing.begin(&upstream).await;
        assert!(gone < UNREAD, "{gone} bytes went to nobody");
        framing.flow(&upstream, gone, &client).await;
        measured.stays_small(&format!("an answer by {framing:?}, {gone} bytes unread"));
    }
}

/// design 7: both ways at once
#[tokio::test]
async fn a_large_answer_flows_while_its_large_request_does() {
    let measured = Measured::start().await;
    for framing in Framing::ALL {
        let (client, upstream) = measured.open("POST", &framing.header()).await;
        let answer = async {
            upstream.say(format!("HTTP/1.1 200 OK\r\n{}\r\n", Framing::Chunks.header())).await;
            Framing::Chunks.begin(&upstream).await
        };
        // Nobody reads, and neither waits for the other.
        let (said, answered) = tokio::join!(framing.begin(&client), answer);
        assert!(said < UNREAD && answered < UNREAD, "{said} and {answered} bytes went to nobody");
        let request = framing.flow(&client, said, &upstream);
        tokio::join!(request, Framing::Chunks.go_on(&upstream, answered), client.swallow(LARGE));
        // Only the end of the answer ends the exchange.
        tokio::join!(Framing::Chunks.end(&upstream), client.up_to(LAST_CHUNK));
        measured.stays_small(&format!("a request by {framing:?} and an answer at once"));
    }
}

/// design 7: who goes away behind a body that is held back is not waited for
#[tokio::test]
async fn half_a_body_that_nobody_reads_is_let_go_with_its_client() {
    let measured = Measured::start().await;
    for size in [1 << 10, 1 << 20, 2 << 20] {
        for goes in [drop as fn(Line), Line::breaks_off] {
            let (client, _upstream) = measured.open("POST", &Framing::Length.header()).await;
            assert_eq!(client.pour(size).await, size);
            assert!(measured.sidecar.descriptors() > measured.descriptors);
            goes(client);
            within("let go", async || measured.sidecar.descriptors() <= measured.descriptors).await;
        }
    }
}
