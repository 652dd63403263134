//! How many instructions each operation takes, compared with those that are committed.
//!
//! `make instructions` counts them with callgrind and fails where one moved by more than 3 %; `make instructions
//! RENEW=renew` writes `benches/instructions.txt` anew. Instructions are the same on a busy machine and on an idle
//! one. They are counted in the unoptimised build that the tests use, because that one is there already: what they
//! show is that something changed, not what it costs (`make bench` does that).

mod operations;

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::thread;

use operations::{OPERATIONS, Operations};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Two runs differ by so many: what the start takes is not counted.
const TIMES: u32 = 60;
/// A signature takes a few more or fewer each time.
const TOLERANCE: f64 = 0.03;
const VALGRIND: [&str; 3] = ["--tool=callgrind", "--callgrind-out-file=/dev/null", "--error-exitcode=0"];

fn main() -> Outcome<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["run", name, times] => Operations::new()?.run(name, times.parse()?).map(|()| ExitCode::SUCCESS),
        ["renew"] => Ok(fs::write(file(), text(&counted()?)).map(|()| ExitCode::SUCCESS)?),
        [] => compared(&counted()?),
        _ => Err("usage: make instructions [RENEW=renew]".into()),
    }
}

/// What each operation takes, by its name.
type Counts = BTreeMap<&'static str, u64>;

fn compared(now: &Counts) -> Outcome<ExitCode> {
    let committed = fs::read_to_string(file())?;
    let mut moved = false;
    for (name, count) in now {
        let before = committed.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u32>().ok());
        let before = f64::from(before.ok_or_else(|| format!("benches/instructions.txt has no {name}"))?);
        let change = f64::from(u32::try_from(*count)?) / before - 1.0;
        println!("{name:22} {count:>9} instructions, {:+.1} %", change * 100.0);
        moved |= change.abs() > TOLERANCE;
    }
    if !moved {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "The instructions of an operation moved by more than 3 %. If that is meant, `make instructions RENEW=renew` writes benches/instructions.txt anew: commit it and say why."
    );
    Ok(ExitCode::FAILURE)
}

/// Two at a time.
fn counted() -> Outcome<Counts> {
    let mut counts = Counts::new();
    for pair in OPERATIONS.chunks(2) {
        let running: Vec<_> = pair.iter().map(|name| (*name, thread::spawn(|| one(name)))).collect();
        for (name, count) in running {
            counts.insert(name, count.join().map_err(|_| "a count panicked")??);
        }
    }
    Ok(counts)
}

fn one(name: &str) -> Outcome<u64> {
    let (once, twice) = (collected(name, TIMES)?, collected(name, 2 * TIMES)?);
    Ok(twice.saturating_sub(once) / u64::from(TIMES))
}

/// All instructions of a run that does it so many times.
fn collected(name: &str, times: u32) -> Outcome<u64> {
    let mut command = Command::new("valgrind");
    command.args(VALGRIND).arg(std::env::current_exe()?).args(["run", name, &times.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let (_, collected) = collected.filter(|_| output.status.success()).ok_or_else(|| said.to_string())?;
    Ok(collected.trim().parse()?)
}

fn text(counts: &Counts) -> String {
    counts.iter().fold(String::new(), |mut text, (name, count)| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name:22} {count:>9}");
        text
    })
}

fn file() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches", "instructions.txt"].iter().collect()
}
