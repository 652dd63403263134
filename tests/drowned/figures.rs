//! How it went for those who behave: each step's answers and how long they took.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Figures {
    steps: Mutex<BTreeMap<&'static str, Step>>,
    failures: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Step {
    micros: Vec<u32>,
    told_to_wait: usize,
    failed: usize,
}

impl Figures {
    pub(crate) fn good(&self, step: &'static str, took: Duration) {
        let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        self.of(step, |step| step.micros.push(micros));
    }

    /// 429 or 503, with the time to come back.
    pub(crate) fn told_to_wait(&self, step: &'static str) {
        self.of(step, |step| step.told_to_wait += 1);
    }

    pub(crate) fn failed(&self, name: &'static str, how: &str) {
        self.of(name, |step| step.failed += 1);
        self.failures.lock().unwrap().push(format!("{name}: {how}"));
    }

    pub(crate) fn failures(&self) -> Vec<String> {
        self.failures.lock().unwrap().clone()
    }

    /// Answers of a step that were as they should be.
    pub(crate) fn count(&self, step: &'static str) -> usize {
        self.of(step, |step| step.micros.len())
    }

    /// How often somebody was told to wait.
    pub(crate) fn waits(&self) -> usize {
        self.steps.lock().unwrap().values().map(|step| step.told_to_wait).sum()
    }

    /// All steps together: good ones, those told to wait, failed ones, median and 99th percentile, slowest.
    pub(crate) fn line(&self) -> String {
        let steps = self.steps.lock().unwrap();
        let sum = |of: fn(&Step) -> usize| steps.values().map(of).sum::<usize>();
        let mut micros: Vec<u32> = steps.values().flat_map(|step| step.micros.iter().copied()).collect();
        micros.sort_unstable();
        let at = |share: usize| micros.get((micros.len() * share / 1000).min(micros.len().saturating_sub(1)));
        let millis = |share| f64::from(*at(share).unwrap_or(&0)) / 1000.0;
        format!(
            "{:>6} {:>4} {:>3}; {:>6.1} {:>7.1} {:>7.1}",
            sum(|step| step.micros.len()),
            sum(|step| step.told_to_wait),
            sum(|step| step.failed),
            millis(500),
            millis(990),
            millis(1000)
        )
    }

    fn of<T>(&self, step: &'static str, what: impl FnOnce(&mut Step) -> T) -> T {
        what(self.steps.lock().unwrap().entry(step).or_default())
    }
}
