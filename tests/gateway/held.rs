//! Streams and bodies on which nothing moves: no clock ends them.

use std::env;
use std::process::Command;
use std::time::Duration;

use tokio::time::sleep;

use crate::bodies::{Framing, LARGE, THANKS};
use crate::harness::wire::{Line, Wire};
use crate::sidecar::Sidecar;
use crate::streams::Stream;

/// Longer than what the kernel is given to end a connection by, in our libraries: 30 seconds.
const HOLD: Duration = Duration::from_secs(32);
/// The process's own clock goes so much faster meanwhile that an hour goes by.
const FASTER: u32 = 125;

/// design 7: no overall time limit. `GATEWAY_HOLD_SECS` says how long nothing moves, by everybody's clock
#[tokio::test]
async fn what_stands_still_for_an_hour_goes_on_where_it_was() {
    let (hold, faster) = as_long_as_asked_for().map_or((HOLD, FASTER), |hold| (hold, 1));
    let wire = Wire::start().await;
    let sidecar = Sidecar::start_by(on_a_clock(faster), &wire.url).await;
    let (get, begun) = (sidecar.request("GET", "").await, sidecar.time().await);
    let mut events = Stream::open(&sidecar, &wire, &get).await;
    let unanswered = Held::start(&sidecar, &wire, &get).await;
    let request = Framing::Length;
    let upload = Held::start(&sidecar, &wire, &sidecar.request("POST", &request.header()).await).await;
    let sent = request.begin(&upload.client).await;
    let answer = Framing::Chunks;
    let download = Held::start(&sidecar, &wire, &get).await;
    download.upstream.say(format!("HTTP/1.1 200 OK\r\n{}\r\n", answer.header())).await;
    let answered = answer.begin(&download.upstream).await;
    assert!(sent < LARGE && answered < LARGE, "both are held back");

    sleep(hold).await;

    let passed = sidecar.time().await - begun;
    assert!(passed >= (hold * faster).as_secs().try_into().unwrap(), "{passed} s by the sidecar's clock");
    println!("held for {hold:?}, {passed} s by the sidecar's clock");
    events.carries("again").await;
    unanswered.is_answered().await;
    request.flow(&upload.client, sent, &upload.upstream).await;
    upload.is_answered().await;
    download.client.head().await;
    answer.flow(&download.upstream, answered, &download.client).await;
}

/// A request that has reached the MCP server.
pub(crate) struct Held {
    pub(crate) client: Line,
    pub(crate) upstream: Line,
}

impl Held {
    pub(crate) async fn start(sidecar: &Sidecar, wire: &Wire, request: &str) -> Self {
        let client = Line::to(&sidecar.address).await;
        client.say(request).await;
        Self { client, upstream: wire.says("").await }
    }

    pub(crate) async fn is_answered(&self) {
        self.upstream.say(THANKS).await;
        assert!(self.client.rest().await.ends_with(b"ok"));
    }
}

/// The sidecar, for which so many seconds are one.
fn on_a_clock(faster: u32) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    if faster > 1 {
        // Debian's libfaketime; where it is missing the hour does not go by, and the test says so.
        command.env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketimeMT.so.1");
        command.env("FAKETIME", format!("+0 x{faster}"));
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test's, not of the server's")]
fn as_long_as_asked_for() -> Option<Duration> {
    let secs = env::var("GATEWAY_HOLD_SECS").ok()?;
    Some(Duration::from_secs(secs.parse().expect("seconds")))
}
