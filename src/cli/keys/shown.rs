//! What the `keys` commands print, for people and for scripts.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::DAY;
use super::turn::{Status, Taken};
use crate::clock::Timestamp;
use crate::seal::rotation::Step;
use crate::seal::{Purpose, Ring, Rings};

pub(super) fn made(paths: &[PathBuf], as_json: bool) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    if as_json {
        return line(&json!({ "made": paths }));
    }
    paths.iter().fold(String::new(), |text, path| text + "made " + path + "\n")
}

/// What a step costs comes first.
pub(super) fn steps(taken: &[Taken], as_json: bool) -> String {
    if as_json {
        let steps = taken.iter().map(
            |taken| json!({"ring": taken.purpose.name(), "step": taken.step.map(name), "cost": taken.cost}),
        );
        return line(&json!({ "steps": steps.collect::<Vec<_>>() }));
    }
    let mut text = String::new();
    for Taken { purpose, step, cost } in taken {
        let done = match step {
            Some(Step::Stage) => "a key is staged",
            Some(Step::Promote) => "the staged key seals",
            Some(Step::Retire) => "retired keys are forgotten",
            None => NOTHING,
        };
        // Writing to a string does not fail.
        if let Some(cost) = cost {
            let _ = writeln!(text, "cost: {cost}");
        }
        let _ = writeln!(text, "{}: {done}", purpose.name());
    }
    text
}

pub(super) fn status(status: &Status, as_json: bool, now: Timestamp) -> String {
    let next = Purpose::ALL.into_iter().zip(status.next.map(due));
    if as_json {
        let ring = |(purpose, next): (Purpose, String)| {
            (purpose.name().to_owned(), json!({"keys": keys(status.rings.of(purpose), now), "next": next}))
        };
        return line(&Value::Object(next.map(ring).collect()));
    }
    let mut text = table(&status.rings, now);
    for (purpose, next) in next {
        let _ = writeln!(text, "{}: {next}", purpose.name());
    }
    text
}

/// The keys of every ring.
pub(in crate::cli) fn json(rings: &Rings, now: Timestamp) -> Value {
    let ring = |purpose: Purpose| (purpose.name().to_owned(), keys(rings.of(purpose), now));
    Value::Object(Purpose::ALL.into_iter().map(ring).collect())
}

fn keys(ring: &Ring, now: Timestamp) -> Value {
    let records = ring.records();
    let key = records.iter().map(|record| {
        let age = now.since(record.since);
        json!({"kid": record.kid(), "state": record.state, "since": record.since, "until": record.until, "age_secs": age})
    });
    key.collect()
}

/// A line for each key.
pub(in crate::cli) fn table(rings: &Rings, now: Timestamp) -> String {
    let mut table = format!("{:<13} {:<8} {:>8}  {}\n", "ring", "state", "age", "kid");
    for purpose in Purpose::ALL {
        for key in rings.of(purpose).iter() {
            let record = key.record();
            let (state, age) = (record.state.to_string(), age(now.since(record.since).0));
            let _ = writeln!(table, "{:<13} {state:<8} {age:>8}  {}", purpose.name(), record.kid());
        }
    }
    table
}

pub(in crate::cli) fn age(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / DAY),
    }
}

const NOTHING: &str = "nothing is due";

fn due(step: Option<Step>) -> String {
    step.map_or_else(|| NOTHING.to_owned(), |step| format!("{} is due", name(step)))
}

fn name(step: Step) -> &'static str {
    match step {
        Step::Stage => "stage",
        Step::Promote => "promote",
        Step::Retire => "retire",
    }
}

fn line(value: &Value) -> String {
    value.to_string() + "\n"
}
