//! `keys status`: every key with its state and age, and what is due next.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::keys::{Ages, DAY, Turn};
use crate::clock::Timestamp;
use crate::seal::keys_dir::{Keys, KeysError};
use crate::seal::rotation::Step;
use crate::seal::{Purpose, Ring, Rings};

pub(super) fn text(turn: &Turn, dir: &Path) -> Result<String, KeysError> {
    let rings = Keys::read(dir)?.current();
    let mut text = table(&rings, turn.now);
    for purpose in Purpose::ALL {
        let _ = writeln!(text, "{}: {}", purpose.name(), next(turn, purpose, rings.of(purpose)));
    }
    Ok(text)
}

pub(super) fn json(turn: &Turn, dir: &Path) -> Result<Value, KeysError> {
    let rings = Keys::read(dir)?.current();
    let mut status = json!({});
    for purpose in Purpose::ALL {
        let ring = rings.of(purpose);
        let keys: Vec<Value> = ring.records().iter().map(|record| {
            json!({"kid": record.kid(), "state": record.state, "since": record.since, "until": record.until, "age_secs": turn.now.since(record.since)})
        }).collect();
        status[purpose.name()] = json!({"keys": keys, "next": next(turn, purpose, ring)});
    }
    Ok(status)
}

/// What `tick` would do with its default ages.
fn next(turn: &Turn, purpose: Purpose, ring: &Ring) -> &'static str {
    match turn.due(purpose, ring, Ages::DEFAULT) {
        Some(Step::Stage) => "stage is due",
        Some(Step::Promote) => "promote is due",
        Some(Step::Retire) => "retire is due",
        None => "nothing is due",
    }
}

/// A line for each key.
pub(super) fn table(rings: &Rings, now: Timestamp) -> String {
    let mut table = format!("{:<13} {:<8} {:>8}  {}\n", "ring", "state", "age", "kid");
    for purpose in Purpose::ALL {
        for key in rings.of(purpose).iter() {
            let record = key.record();
            let age = age(now.since(record.since).0);
            // Writing to a string does not fail.
            let _ = writeln!(
                table,
                "{:<13} {:<8} {age:>8}  {}",
                purpose.name(),
                record.state.to_string(),
                record.kid()
            );
        }
    }
    table
}

fn age(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / DAY),
    }
}
