//! What stands before the replicas: each request goes to the next one, and on to another if nobody listens there.
//! It also counts what came of them: what a killed replica took along, and apart from that what one took along
//! that was told to end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::RequestBuilder;

use crate::harness::{Answer, Person, alice};
use crate::replica::Replica;
use crate::spell::Spell;

pub(crate) struct Front {
    pub(crate) replicas: [Replica; 3],
    pub(crate) store_away: Spell,
    pub(crate) secret: Mutex<String>,
    /// Whose signatures came along.
    pub(crate) kids: Mutex<BTreeSet<String>>,
    next: AtomicUsize,
    counts: Mutex<BTreeMap<String, usize>>,
    failures: Mutex<Vec<String>>,
}

/// What happened to a request before the answer that counts.
#[derive(Default)]
pub(crate) struct Excuse {
    pub(crate) killed: bool,
    pub(crate) store_away: bool,
}

enum Passed {
    Answered(Answer),
    /// The replica went away while it had the request.
    Lost(&'static str),
    Failed(String),
}

impl Front {
    pub(crate) fn new(replicas: [Replica; 3], secret: &str) -> Self {
        Self {
            replicas,
            store_away: Spell::default(),
            secret: Mutex::new(secret.to_owned()),
            kids: Mutex::default(),
            next: AtomicUsize::default(),
            counts: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// A step of a client that knows what to do: it waits when told to, and asks again when nobody answered.
    /// None where something else went wrong than what was brought about.
    pub(crate) async fn step(
        &self,
        name: &str,
        ask: impl Fn(&Replica) -> RequestBuilder,
    ) -> Option<(Answer, Excuse)> {
        let mut excuse = Excuse::default();
        loop {
            let mark = self.store_away.mark();
            match self.pass(&ask).await {
                Passed::Answered(answer) if answer.status != 503 => {
                    self.count(&format!("{name}: {}", answer.status));
                    return Some((answer, excuse));
                }
                Passed::Answered(answer) => {
                    let wait = answer.header("retry-after").and_then(|wait| wait.parse().ok());
                    let Some(wait) = wait.filter(|_| self.store_away.touched_since(mark)) else {
                        self.fail(format!("{name}: {answer:?}"));
                        return None;
                    };
                    self.count(&format!("{name}: told to wait while Redis is away"));
                    excuse.store_away = true;
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                Passed::Lost(how) => {
                    self.count(&format!("{name}: in flight at a replica that was {how}"));
                    excuse.killed = true;
                }
                Passed::Failed(reason) => {
                    self.fail(format!("{name}: {reason}"));
                    return None;
                }
            }
        }
    }

    async fn pass(&self, ask: &impl Fn(&Replica) -> RequestBuilder) -> Passed {
        loop {
            let replica = &self.replicas[self.next.fetch_add(1, Ordering::SeqCst) % 3];
            let (down, leaving) = (replica.down.mark(), replica.leaving.mark());
            let error = match read(ask(replica)).await {
                Ok(answer) => return Passed::Answered(answer),
                Err(error) => error,
            };
            let killed = replica.down.touched_since(down);
            match (killed || replica.leaving.touched_since(leaving), error.is_connect()) {
                (true, true) => self.count("moved on from a replica that is down"),
                (true, false) => return Passed::Lost(if killed { "killed" } else { "told to end" }),
                (false, _) => return Passed::Failed(format!("{error:?}")),
            }
        }
    }

    /// Alice, as the proxy shows her with the secret that it has now.
    pub(crate) fn alice(&self) -> Person {
        let secret = self.secret.lock().unwrap().clone();
        Person { proofs: vec![("X-Sidecar-Auth", secret)], ..alice() }
    }

    pub(crate) fn count(&self, what: &str) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += 1;
    }

    pub(crate) fn fail(&self, what: String) {
        self.count("FAILED");
        self.failures.lock().unwrap().push(what);
    }

    pub(crate) fn counted(&self, what: &str) -> usize {
        self.counts.lock().unwrap().get(what).copied().unwrap_or_default()
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    pub(crate) fn table(&self) -> String {
        let counts = self.counts.lock().unwrap();
        let lines: Vec<_> = counts.iter().map(|(what, times)| format!("{times:>7}  {what}")).collect();
        lines.join("\n")
    }
}

async fn read(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}
