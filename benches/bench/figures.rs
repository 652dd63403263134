//! Medians, percentiles, and how they are printed.

use std::time::Duration;

use crate::Outcome;

/// Durations that somebody waited.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    pub(crate) fn add(&mut self, more: impl IntoIterator<Item = Duration>) {
        self.0.extend(more);
    }

    /// The wait that this share of all waits does not exceed.
    pub(crate) fn at(&self, share: f64) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * share).round() as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

impl IntoIterator for Waits {
    type Item = Duration;
    type IntoIter = std::vec::IntoIter<Duration>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Of some repetitions, the one in the middle.
pub(crate) fn median(repetitions: impl IntoIterator<Item = f64>) -> f64 {
    quartiles(repetitions)[1]
}

/// Half of the repetitions lie between the first and the last.
pub(crate) fn quartiles(repetitions: impl IntoIterator<Item = f64>) -> [f64; 3] {
    let mut sorted: Vec<f64> = repetitions.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted.get(sorted.len() * quarter / 4).copied().unwrap_or(f64::NAN))
}

pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Outcome<&'a str> {
    let (_, rest) = text.split_once(before).ok_or_else(|| format!("no {before} in {text}"))?;
    rest.split_once(after).map(|(found, _)| found).ok_or_else(|| format!("no {after} in {rest}").into())
}

/// What a figure should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

/// A figure beside its goal.
pub(crate) fn row(figure: &str, value: f64, goal: Goal) {
    let (met, goal) = match goal {
        Goal::AtLeast(least) => (value >= least, format!(">= {least}")),
        Goal::AtMost(most) => (value <= most, format!("<= {most}")),
    };
    println!("{figure}: {value:.2} (goal {goal}: {})", if met { "met" } else { "MISSED" });
}
