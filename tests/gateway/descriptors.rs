//! More streams than the process may have file descriptors for: who finds no place waits or is told, nobody is harmed.

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::harness::wire::{Line, Wire};
use crate::room::within;
use crate::sidecar::Sidecar;

const LIMIT: usize = 1_024;
const CLIENTS: usize = 1_500;
const EVENTS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n";
/// Time enough to see whether anybody works.
const A_WHILE: Duration = Duration::from_secs(2);
const A_MOMENT: Duration = Duration::from_millis(5);

/// An MCP server that lets every stream begin.
#[derive(Clone, Default)]
struct Host(Arc<Mutex<Vec<Arc<Line>>>>);

impl Host {
    async fn start() -> (Self, String) {
        let (host, wire) = (Self::default(), Wire::start().await);
        let (guests, url) = (host.clone(), wire.url.clone());
        tokio::spawn(async move {
            loop {
                guests.begin(Arc::new(wire.line().await));
            }
        });
        (host, url)
    }

    fn begin(&self, line: Arc<Line>) {
        self.0.lock().unwrap().push(line.clone());
        tokio::spawn(async move {
            line.head().await;
            line.say(EVENTS).await;
        });
    }

    fn streams(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    async fn say_to_all(&self, event: &str) {
        let lines = self.0.lock().unwrap().clone();
        for line in lines {
            line.say(event).await;
        }
    }
}

/// How it went for those who came at once.
#[derive(Default)]
struct Crowd {
    streams: Vec<Line>,
    refused: usize,
    waiting: Vec<Line>,
}

impl Crowd {
    async fn before(host: &Host, sidecar: &Sidecar, request: &str) -> Self {
        let mut clients = Vec::new();
        for _ in 0..CLIENTS {
            let client = Line::to(&sidecar.address).await;
            client.say(request).await;
            clients.push(client);
        }
        within("nobody gets any further", async || {
            let (begun, busy) = (host.streams(), sidecar.busy());
            sleep(A_WHILE).await;
            host.streams() == begun && sidecar.busy().abs_diff(busy) < A_WHILE / 10
        })
        .await;
        let mut crowd = Self::default();
        for client in clients {
            match timeout(A_MOMENT, client.speaks()).await {
                Err(_) => crowd.waiting.push(client),
                Ok(_) if is_stream(&client).await => crowd.streams.push(client),
                Ok(_) => crowd.refused += 1,
            }
        }
        crowd
    }
}

/// If it is not, it is a refusal in JSON.
async fn is_stream(client: &Line) -> bool {
    let head = client.head().await;
    if head.starts_with("HTTP/1.1 200 ") {
        client.up_to("first\r\n").await;
        return true;
    }
    assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
    assert!(String::from_utf8(client.rest().await).unwrap().contains("\"bad_gateway\""));
    false
}

#[tokio::test]
async fn who_finds_no_place_waits_or_is_told_and_the_others_go_on() {
    let (host, url) = Host::start().await;
    let mut command = Command::new("prlimit");
    command.arg(format!("--nofile={LIMIT}:{LIMIT}")).arg(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    let sidecar = Sidecar::start_by(command, &url).await;
    let request = sidecar.request("GET", "").await;
    let crowd = Crowd::before(&host, &sidecar, &request).await;
    let (streams, refused, waiting) = (crowd.streams.len(), crowd.refused, crowd.waiting.len());
    println!(
        "{CLIENTS} clients, {LIMIT} descriptors: {streams} streams, {refused} refused, {waiting} waiting"
    );
    assert!(streams > LIMIT / 3, "{streams} streams have two each");
    assert!(sidecar.descriptors() > LIMIT - 10, "none is left");

    let busy = sidecar.busy();
    sleep(A_WHILE).await;
    let busy = sidecar.busy().abs_diff(busy);
    println!("{busy:?} of a processor in {A_WHILE:?}");
    assert!(busy < A_WHILE / 5, "{busy:?}");
    host.say_to_all("5\r\nagain\r\n").await;
    for stream in &crowd.streams {
        stream.up_to("again\r\n").await;
    }

    drop(crowd.streams);
    let mut served = 0;
    for client in &crowd.waiting {
        served += usize::from(is_stream(client).await);
    }
    println!("once they had gone, {served} of {waiting} were served");
    assert!(served > waiting / 2);
    drop(crowd.waiting);
    let client = Line::to(&sidecar.address).await;
    client.say(&request).await;
    assert!(is_stream(&client).await);
}
