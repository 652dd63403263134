//! One of those who flood: says what no client library would, as slowly as it likes, and listens for an answer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// Between two bytes of one who is slow.
const DRIP: Duration = Duration::from_millis(100);
/// Between two who begin.
const STAGGER: Duration = Duration::from_micros(500);
/// Longer than any head of ours.
const HEAD: usize = 4096;

/// What is said on one connection.
pub(crate) struct Knock {
    pub(crate) at_once: Vec<u8>,
    /// Byte by byte, again and again, until there is an answer; empty: nothing more.
    pub(crate) slowly: &'static [u8],
}

/// What strangers heard, by status.
#[derive(Default)]
pub(crate) struct Heard(Mutex<BTreeMap<String, usize>>);

/// So many at once, each on a new connection again and again.
pub(crate) async fn flood(address: &str, crowd: usize, heard: &Heard, knock: impl Fn(usize) -> Knock) {
    let knock = &knock;
    let one = async |at: usize| {
        sleep(STAGGER * u32::try_from(at).unwrap()).await;
        for turn in 0.. {
            let Ok(stream) = TcpStream::connect(address).await else { continue };
            heard.count("opened");
            heard.count(&knock(at + turn * crowd).on(stream).await);
        }
    };
    join_all((0..crowd).map(one)).await;
}

impl Knock {
    pub(crate) fn at_once(said: impl Into<Vec<u8>>) -> Self {
        Self { at_once: said.into(), slowly: b"" }
    }

    pub(crate) fn slowly(at_once: impl Into<Vec<u8>>, slowly: &'static [u8]) -> Self {
        Self { at_once: at_once.into(), slowly }
    }

    /// Says it, and gives the status of the answer.
    pub(crate) async fn on(&self, mut stream: TcpStream) -> String {
        // No connection waits for its end, of which there are not so many.
        let _ = stream.set_zero_linger();
        let (mut from, mut to) = stream.split();
        let saying = async {
            // Who is refused early may find the other end closed.
            let mut said = to.write_all(&self.at_once).await;
            for byte in self.slowly.iter().cycle() {
                if said.is_err() {
                    break;
                }
                sleep(DRIP).await;
                said = to.write_all(&[*byte]).await;
            }
            std::future::pending::<()>().await;
        };
        let mut head = Vec::with_capacity(HEAD);
        let hearing = async {
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                if from.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    return;
                }
            }
        };
        tokio::select! { () = saying => {}, () = hearing => {} }
        status(&String::from_utf8_lossy(&head))
    }
}

/// 429 and 503 must say when to come back.
fn status(head: &str) -> String {
    let status = head.get(9..12).unwrap_or("closed");
    let waits = head.to_ascii_lowercase().contains("\r\nretry-after: ");
    let forgot = ["429", "503"].contains(&status) && !waits;
    if forgot { format!("{status} without Retry-After") } else { status.to_owned() }
}

impl Heard {
    pub(crate) fn count(&self, what: &str) {
        *self.0.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn all(&self, whats: &[&str]) -> bool {
        whats.iter().all(|what| self.counted(what) > 0)
    }

    pub(crate) fn counted(&self, what: &str) -> usize {
        self.0.lock().unwrap().get(what).copied().unwrap_or_default()
    }
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heard = self.0.lock().unwrap();
        let (opened, answers): (Vec<_>, Vec<_>) = heard.iter().partition(|(what, _)| *what == "opened");
        let opened: usize = opened.iter().map(|(_, times)| **times).sum();
        let held = opened - answers.iter().map(|(_, times)| **times).sum::<usize>();
        let answers = answers.iter().map(|(what, times)| format!("{what}: {times}"));
        let all: Vec<_> = answers.chain((held > 0).then(|| format!("still open: {held}"))).collect();
        write!(f, "{}", all.join(", "))
    }
}
