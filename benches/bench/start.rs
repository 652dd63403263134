//! From the start of the process to its first answer.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::figures::{Goal, median, row};
use crate::sidecar::Home;
use crate::wire::{Wire, request};

const ROUNDS: u32 = 15;

pub(crate) fn run() -> Outcome<()> {
    let home = Home::new()?;
    let jwks = request(&["GET /oauth/jwks", "Host: any"], "");
    let mut waits = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let sidecar = home.started(&[])?;
        while Wire::to(sidecar.address).ask(&jwks).is_err() {
            std::thread::sleep(Duration::from_micros(200));
        }
        waits.push(began.elapsed().as_secs_f64() * 1e3);
    }
    row("start to the first 200, ms", median(waits.iter().copied()), Goal::AtMost(50.0));
    println!("  the quickest of {ROUNDS}: {:.1} ms", waits.iter().copied().fold(f64::INFINITY, f64::min));
    Ok(())
}
