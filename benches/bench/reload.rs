//! How long token calls take while a key ring is rewritten again and again, beside the same calls in peace.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;
use crate::assistant::{Assistant, Tokens};
use crate::figures::{median, micros, quartiles};
use crate::load::Load;
use crate::process::{OneCore, Process};
use crate::sidecar::{Home, Sidecar, keys};

const ROUNDS: usize = 16;
const CALLS: u32 = 4_000;
const AT_ONCE: usize = 2;
/// Five times as often as the server looks by itself.
const EVERY: Duration = Duration::from_millis(200);

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let (home, elsewhere) = (Home::new()?, TempDir::new()?);
    let sidecar = home.sidecar(&[("MCP_AUTH_KEYS_POLL_SECS", "1"), ("MCP_AUTH_LOG", "warn,audit=info")])?;
    let rings = Rings::of(&home)?;
    let mut sessions: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let mut assistant = Assistant::of(&home, &[&sidecar])?;
            let code = assistant.code()?;
            Ok(Session { tokens: assistant.exchange(&code)?, assistant })
        })
        .collect::<Outcome<_>>()?;
    let mut calls: Vec<_> = sessions.iter_mut().map(|session| || session.refresh()).collect();
    let (mut peace, mut turmoil) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // In peace the same files are written where nobody reads them, and the signal is none.
        let written = Swaps { dir: elsewhere.path(), process: &sidecar.process, signal: "-0" };
        let read = Swaps { dir: &home.keys(), signal: "-HUP", ..written };
        let mut under = |swaps| rings.swapped_during(swaps, || Calls::of(&sidecar, &mut calls));
        if round % 2 == 0 {
            peace.push(under(&written)?);
            turmoil.push(under(&read)?);
        } else {
            turmoil.push(under(&read)?);
            peace.push(under(&written)?);
        }
    }
    let reloads = fs::read_to_string(home.log())?.matches("keys reloaded").count();
    println!(
        "the access ring was rewritten and read {reloads} times under {} token calls",
        ROUNDS * AT_ONCE * CALLS as usize,
    );
    for (name, share) in [("median", 0.5), ("p99", 0.99)] {
        print(&format!("{name} of a token call"), &peace, &turmoil, |calls| {
            micros(calls.load.waits.at(share))
        });
    }
    print("cpu of a token call", &peace, &turmoil, |calls| calls.load.of_a_step(calls.cpu));
    Ok(())
}

/// Of all rounds the one in the middle, and the ratio round by round.
fn print(name: &str, peace: &[Calls], turmoil: &[Calls], figure: impl Fn(&Calls) -> f64) {
    let middle = |rounds: &[Calls]| median(rounds.iter().map(&figure));
    let [low, ratio, high] =
        quartiles(peace.iter().zip(turmoil).map(|(peace, turmoil)| figure(turmoil) / figure(peace)));
    println!(
        "{name} {:.0} us in peace, {:.0} us while it is rewritten, ratio {ratio:.2}, half of the rounds from {low:.2} to {high:.2}",
        middle(peace),
        middle(turmoil)
    );
}

/// What came of a round.
struct Calls {
    load: Load,
    /// Of the sidecar.
    cpu: Duration,
}

impl Calls {
    fn of(sidecar: &Sidecar, calls: &mut [impl FnMut() -> Outcome<()> + Send]) -> Outcome<Self> {
        let before = sidecar.process.cpu()?;
        let load = Load::of(calls, CALLS)?;
        Ok(Self { load, cpu: sidecar.process.cpu()?.saturating_sub(before) })
    }
}

/// One who stays signed in.
struct Session {
    assistant: Assistant,
    tokens: Tokens,
}

impl Session {
    fn refresh(&mut self) -> Outcome<()> {
        self.tokens = self.assistant.refresh(&self.tokens)?;
        Ok(())
    }
}

/// The access ring as it is, and with a key that was staged.
struct Rings {
    texts: [String; 2],
}

impl Rings {
    fn of(home: &Home) -> Outcome<Self> {
        let copy = TempDir::new()?;
        for ring in ["access.json", "session.json", "registration.json"] {
            fs::copy(home.keys().join(ring), copy.path().join(ring))?;
        }
        let read = || fs::read_to_string(copy.path().join("access.json"));
        let before = read()?;
        keys(copy.path(), &["stage", "access"])?;
        Ok(Self { texts: [before, read()?] })
    }

    /// Swaps one for the other until the work is done.
    fn swapped_during<T>(&self, swaps: &Swaps, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let swapper = scope.spawn(|| self.swap_until(&over, swaps));
            let done = work();
            over.store(true, Ordering::Relaxed);
            swapper.join().unwrap_or_else(|_| Err("the swapper panicked".into()))?;
            done
        })
    }

    fn swap_until(&self, over: &AtomicBool, swaps: &Swaps) -> Outcome<()> {
        let aside = swaps.dir.join("aside");
        for text in self.texts.iter().rev().cycle() {
            if over.load(Ordering::Relaxed) {
                break;
            }
            fs::write(&aside, text)?;
            fs::rename(&aside, swaps.dir.join("access.json"))?;
            swaps.process.signal(swaps.signal)?;
            thread::sleep(EVERY);
        }
        Ok(())
    }
}

/// Where files are renamed, and what the sidecar is told each time.
struct Swaps<'a> {
    dir: &'a Path,
    process: &'a Process,
    signal: &'a str,
}
