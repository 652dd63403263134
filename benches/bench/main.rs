//! What this server costs: each figure beside another that was measured in the same run.
//!
//! `make bench` runs all chapters, `make bench CHAPTERS="gateway events"` some; a number among them is how many
//! registrations and tokens the chapter `memory` makes. Each drives the release binary
//! on loopback. CPU is what the scheduler counted for a process, and so tells more than time on a machine that is
//! shared. What is compared takes turns, and of all rounds the one in the middle is printed. Where the
//! gateway, other servers or waits are compared, all have all cores; elsewhere one.

mod assistant;
mod cryptography;
mod discovery;
mod events;
mod figures;
mod flow;
mod gateway;
mod latency;
mod load;
mod memory;
mod nginx;
mod peers;
mod picture;
mod process;
mod redis;
mod reload;
mod replicas;
mod sidecar;
mod start;
mod store;
mod stub;
mod timing;
mod ways;
mod wire;

use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

type Chapter = (&'static str, fn(u32) -> Outcome<()>);

const CHAPTERS: [Chapter; 12] = [
    ("flow", |_| flow::run()),
    ("discovery", |_| discovery::run()),
    ("peers", |_| peers::run()),
    ("memory", memory::run),
    ("latency", |_| latency::run()),
    ("start", |_| start::run()),
    ("timing", |_| timing::run()),
    ("replicas", |_| replicas::run()),
    ("store", |_| store::run()),
    ("reload", |_| reload::run()),
    ("gateway", |_| gateway::run()),
    ("events", |_| events::run()),
];
/// Registrations and tokens, where nobody says how many.
const COUNT: u32 = 100_000;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.iter().any(|word| word == stub::AS_STUB) {
        return stub::serve();
    }
    let (numbers, words): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| word.parse::<u32>().is_ok());
    let count = numbers.first().map_or(Ok(COUNT), |number| number.parse())?;
    if let Some(unknown) = words.iter().find(|word| CHAPTERS.iter().all(|(name, _)| name != word)) {
        return Err(format!("no chapter {unknown}").into());
    }
    for (name, run) in CHAPTERS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            println!("\n== {name}");
            run(count)?;
        }
    }
    Ok(())
}
