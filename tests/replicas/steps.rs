//! What came of each step: an answer, a failure, or a reason to ask once more, each counted by its kind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::RequestBuilder;

use crate::harness::Answer;
use crate::spell::Spell;

/// What may be lost, and nothing else.
pub(crate) const TAKEN_ALONG: &str = "in flight at a replica that was killed";

#[derive(Default)]
pub(crate) struct Steps {
    /// From just before a SIGKILL until the process is gone: who asks later has no excuse.
    pub(crate) killing: Spell,
    pub(crate) store_away: Spell,
    /// Whose signatures came along.
    pub(crate) kids: Mutex<BTreeSet<String>>,
    counts: Mutex<BTreeMap<String, usize>>,
    failures: Mutex<Vec<String>>,
}

/// What happened to a request before the answer that counts.
#[derive(Default)]
pub(crate) struct Excuse {
    pub(crate) killed: bool,
    pub(crate) store_away: bool,
}

impl Steps {
    /// A step of a client that knows what to do: it waits when told to, and asks again when nobody answered.
    /// None where something else went wrong than what was brought about.
    pub(crate) async fn step(
        &self,
        name: &str,
        ask: impl Fn() -> RequestBuilder,
    ) -> Option<(Answer, Excuse)> {
        let mut excuse = Excuse::default();
        loop {
            let (killing, away) = (self.killing.mark(), self.store_away.mark());
            let answer = match read(ask()).await {
                Ok(answer) => answer,
                Err(error) if !error.is_connect() && self.killing.touched_since(killing) => {
                    self.count(&format!("{name}: cut off, {TAKEN_ALONG}"));
                    excuse.killed = true;
                    continue;
                }
                Err(error) => return self.fail(format!("{name}: {error:?}")),
            };
            let wait = answer.header("retry-after").and_then(|wait| wait.parse().ok());
            match (answer.status, wait) {
                (502 | 504, _) if self.killing.touched_since(killing) => {
                    self.count(&format!("{name}: {}, {TAKEN_ALONG}", answer.status));
                    excuse.killed = true;
                }
                (503, Some(wait)) if self.store_away.touched_since(away) => {
                    self.count(&format!("{name}: 503, told to wait while Redis is away"));
                    excuse.store_away = true;
                    tokio::time::sleep(Duration::from_secs(wait)).await;
                }
                (502..=504, _) => return self.fail(format!("{name}: {answer:?}")),
                (status, _) => {
                    self.count(&format!("{name}: {status}"));
                    return Some((answer, excuse));
                }
            }
        }
    }

    pub(crate) fn count(&self, what: &str) {
        self.count_times(what, 1);
    }

    pub(crate) fn count_times(&self, what: &str, times: usize) {
        *self.counts.lock().unwrap().entry(what.to_owned()).or_default() += times;
    }

    pub(crate) fn fail<T>(&self, what: String) -> Option<T> {
        self.count("FAILED");
        self.failures.lock().unwrap().push(what);
        None
    }

    /// All that was counted under names that end so.
    pub(crate) fn counted(&self, what: &str) -> usize {
        self.counts
            .lock()
            .unwrap()
            .iter()
            .filter(|(name, _)| name.ends_with(what))
            .map(|(_, times)| times)
            .sum()
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
