//! How long calls wait: at half load, and the more clients there are.

use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::assistant::Assistant;
use crate::figures::{Goal, Waits, median, micros, row};
use crate::load::Load;
use crate::picture::Picture;
use crate::sidecar::{Home, Sidecar};
use crate::wire::{Wire, request};

const CLIENTS: u32 = 8;
const CALLS: u32 = 400;
const ROUNDS: usize = 5;
const RISING: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// In all, at each step.
const FLOWS: u32 = 6_400;

pub(crate) fn run() -> Outcome<()> {
    let home = Home::new()?;
    let sidecar = home.sidecar(&[])?;
    let mut assistants = assistants(&home, &sidecar, CLIENTS)?;
    let mut refresh: Vec<_> = assistants.iter_mut().map(Assistant::refreshing).collect::<Outcome<_>>()?;
    let (mut ratios, mut still, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let at_most = Load::of(&mut refresh, CALLS)?.per_second();
        let every = Duration::from_secs_f64(f64::from(CLIENTS) / (at_most / 2.0));
        let waits = paced(&mut refresh, every)?;
        ratios.push(tail(&waits));
        full.push((at_most, micros(waits.at(0.5))));
        still.push(tail(&paced(&mut static_bodies(&sidecar), every)?));
    }
    println!(
        "at half of {:.0} refreshes per second the median waits {:.0} us",
        median(full.iter().map(|round| round.0)),
        median(full.iter().map(|round| round.1))
    );
    row("p99 of a token call at half load / its median", median(ratios), Goal::AtMost(5.0));
    println!("p99 of a static body, asked for as often, / its median: {:.2}", median(still));
    rising(&home, &sidecar)
}

fn assistants(home: &Home, sidecar: &Sidecar, many: u32) -> Outcome<Vec<Assistant>> {
    (0..many).map(|_| Assistant::of(home, &[sidecar])).collect()
}

/// How much longer than half of them the slowest hundredth waits.
fn tail(waits: &Waits) -> f64 {
    micros(waits.at(0.99)) / micros(waits.at(0.5))
}

/// What the machine alone does to those who wait.
fn static_bodies(sidecar: &Sidecar) -> Vec<impl FnMut() -> Outcome<()> + Send> {
    let asking = |_| {
        let (mut wire, healthz) = (Wire::to(sidecar.admin), request(&["GET /healthz", "Host: any"], ""));
        move || wire.ask(&healthz).map(drop)
    };
    (0..CLIENTS).map(asking).collect()
}

/// Each client begins a call every so often, unless its last one is still on its way.
fn paced(clients: &mut [impl FnMut() -> Outcome<()> + Send], every: Duration) -> Outcome<Waits> {
    let began = Instant::now();
    let ended: Vec<Outcome<Waits>> = thread::scope(|scope| {
        let mut threads = Vec::new();
        for (at, client) in (0..).zip(clients) {
            let first = began + every * at / CLIENTS;
            threads.push(scope.spawn(move || paced_one(client, first, every)));
        }
        let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
        joined.map(|ended| ended.unwrap_or_else(|_| Err("a client panicked".into()))).collect()
    });
    let mut waits = Waits::default();
    for client in ended {
        waits.add(client?);
    }
    Ok(waits)
}

/// A call that could not begin in time because of the one before it has waited since then.
fn paced_one(mut call: impl FnMut() -> Outcome<()>, first: Instant, every: Duration) -> Outcome<Waits> {
    let mut waits = Waits::default();
    for at in 0..CALLS {
        let due = first + every * at;
        let early = due.saturating_duration_since(Instant::now());
        thread::sleep(early);
        let since = if early.is_zero() { due } else { Instant::now() };
        call()?;
        waits.add([since.elapsed()]);
    }
    Ok(waits)
}

fn rising(home: &Home, sidecar: &Sidecar) -> Outcome<()> {
    let (mut rates, mut half, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for clients in RISING {
        let mut assistants = assistants(home, sidecar, clients)?;
        let mut flows: Vec<_> = assistants.iter_mut().map(|assistant| || assistant.flow()).collect();
        let load = Load::of(&mut flows, FLOWS / clients)?;
        let at = |share| micros(load.waits.at(share)) / 1e3;
        println!(
            "{clients} clients: {:.0} flows per second, p50 {:.2} ms, p99 {:.2} ms; the driver {:.1} cores",
            load.per_second(),
            at(0.5),
            at(0.99),
            load.cpu.as_secs_f64() / load.wall.as_secs_f64()
        );
        rates.push((f64::from(clients), load.per_second()));
        half.push((f64::from(clients), at(0.5)));
        most.push((f64::from(clients), at(0.99)));
    }
    let across = "clients at once, each in a flow of four requests";
    let lines = [("flows", rates)];
    Picture { file: "throughput.svg", title: "Flows per second", across, lines: &lines }.draw()?;
    let lines = [("p50", half), ("p99", most)];
    Picture {
        file: "latency.svg",
        title: "A flow from its first request to its last answer (ms)",
        across,
        lines: &lines,
    }
    .draw()
}
