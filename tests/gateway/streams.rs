//! A thousand streams at once.

use crate::harness::wire::{Line, Wire};
use crate::room::within;
use crate::sidecar::Sidecar;

const STREAMS: usize = 1_000;
const MEGABYTE: usize = 1_000;

/// Both ends of one stream.
pub(crate) struct Stream {
    pub(crate) client: Line,
    pub(crate) upstream: Line,
}

impl Stream {
    /// Open, with its first event through.
    pub(crate) async fn open(sidecar: &Sidecar, wire: &Wire, request: &str) -> Self {
        let client = Line::to(&sidecar.address).await;
        client.say(request).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut stream = Self { client, upstream: wire.says(head).await };
        stream.carries("first").await;
        stream
    }

    /// An event gets through at once.
    pub(crate) async fn carries(&mut self, event: &str) {
        self.upstream.say(format!("{:x}\r\ndata: {event}\n\n\r\n", event.len() + 8)).await;
        self.client.up_to(&format!("data: {event}\n\n\r\n")).await;
    }
}

/// design 7
#[tokio::test]
async fn a_thousand_streams_fit_into_little_memory_and_leave_nothing() {
    let wire = Wire::start().await;
    let sidecar = Sidecar::start(&wire.url).await;
    let request = sidecar.request("GET", "").await;
    let (descriptors, memory) = (sidecar.at_rest().await, sidecar.memory());
    for round in ["first", "second"] {
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(Stream::open(&sidecar, &wire, &request).await);
        }
        for stream in &mut streams {
            stream.carries("second").await;
        }
        assert!(sidecar.descriptors() > 2 * STREAMS, "they are all open");
        let more = sidecar.memory().saturating_sub(memory);
        println!("{STREAMS} streams, {round} time: {more} kB more than {memory} kB");
        assert!(more < 60 * MEGABYTE, "{round} time: {more} kB");
        drop(streams);
        within("all closed", async || sidecar.descriptors() <= descriptors).await;
    }
}
