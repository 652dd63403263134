//! What this server costs: each figure beside another that was measured in the same run.
//!
//! `make bench` runs all chapters, `cargo bench --bench bench -- gateway events` some. Each drives the release binary
//! on loopback. CPU is what the scheduler counted for a process, and so tells more than time on a machine that is
//! shared. What is compared takes turns, and of all rounds the one in the middle is printed. The gateway and nginx have
//! all cores, the other chapters one.

mod assistant;
mod cryptography;
mod events;
mod figures;
mod flow;
mod gateway;
mod load;
mod nginx;
mod process;
mod redis;
mod reload;
mod replicas;
mod sidecar;
mod store;
mod stub;
mod ways;
mod wire;

use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

type Chapter = (&'static str, fn() -> Outcome<()>);

const CHAPTERS: [Chapter; 6] = [
    ("flow", flow::run),
    ("replicas", replicas::run),
    ("store", store::run),
    ("reload", reload::run),
    ("gateway", gateway::run),
    ("events", events::run),
];

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if words.iter().any(|word| word == stub::AS_STUB) {
        return stub::serve();
    }
    if let Some(unknown) = words.iter().find(|word| CHAPTERS.iter().all(|(name, _)| name != word)) {
        return Err(format!("no chapter {unknown}").into());
    }
    for (name, run) in CHAPTERS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            println!("\n== {name}");
            run()?;
        }
    }
    Ok(())
}
