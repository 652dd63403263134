//! A call that counts: it reports each step, and takes the next one when it finds a file; another file tells how it ended.

use std::{
    fs::File,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    client::Client,
    events::{PATIENCE, is_notification},
    server::folder,
};

pub(crate) const MOMENT: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Count {
    /// Of no other request in any session: some servers keep the events of all sessions by such ids.
    pub id: u64,
    key: String,
    steps: u64,
}

impl Count {
    pub(crate) fn of(steps: u64) -> Self {
        static COUNTS: AtomicU64 = AtomicU64::new(100);
        let id = COUNTS.fetch_add(1, Ordering::Relaxed);
        Self { id, key: format!("count-{id}"), steps }
    }

    pub(crate) fn call(&self, client: &impl Client) -> Value {
        client.call(self.id, "count", json!({"key": self.key, "steps": self.steps}))
    }

    pub(crate) fn takes(&self, step: u64) {
        File::create(folder().join(format!("{}.{step}", self.key))).unwrap();
    }

    pub(crate) fn goes_on(&self) {
        (1..=self.steps).for_each(|step| self.takes(step));
    }

    pub(crate) fn left(&self, how: &str) -> bool {
        folder().join(format!("{}.{how}", self.key)).exists()
    }

    pub(crate) async fn ended(&self) -> Option<&'static str> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(how) = ["cancelled", "done"].into_iter().find(|how| self.left(how)) {
                return Some(how);
            }
            sleep(MOMENT).await;
        }
        None
    }

    /// Counts to one, and gives the id of that event.
    pub(crate) async fn reached(&self, client: &mut impl Client) -> Option<String> {
        let events = client.ask(self.call(client)).await.ok()?;
        events.message(reports(1)).await?;
        events.last_id.clone()
    }
}

#[expect(clippy::cast_precision_loss, reason = "steps are few")]
pub(crate) fn reports(step: u64) -> impl Fn(&Value) -> bool {
    move |message| {
        let progress = message["params"]["progress"].as_f64();
        is_notification("notifications/progress")(message) && progress == Some(step as f64)
    }
}
