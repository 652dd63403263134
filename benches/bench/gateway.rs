//! Calls that are answered with a kilobyte of JSON: straight, through nginx, and through the gateway.

use crate::Outcome;
use crate::cryptography::Cryptography;
use crate::figures::{median, micros};
use crate::load::Load;
use crate::ways::{Way, Ways, call};
use crate::wire::Wire;

const ROUNDS: usize = 15;
const CLIENTS: u32 = 16;
/// Of each client in each round.
const CALLS: u32 = 150;

/// A way, and how it is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Lane {
    name: &'static str,
    way: Way,
    /// A connection for each call, as the client wants it.
    close: bool,
    /// No token comes twice.
    fresh: bool,
}

impl Lane {
    const fn kept(name: &'static str, way: Way) -> Self {
        Self { name, way, close: false, fresh: false }
    }

    const fn closed(self) -> Self {
        Self { close: true, ..self }
    }
}

const STRAIGHT: Lane = Lane::kept("straight", Way::Straight);
const NGINX: Lane = Lane::kept("nginx", Way::Nginx);
const SEEN: Lane = Lane::kept("gateway, tokens seen before", Way::Gateway);
const FRESH: Lane = Lane { fresh: true, ..Lane::kept("gateway, a fresh token each time", Way::Gateway) };
const KEPT: [Lane; 4] = [STRAIGHT, NGINX, FRESH, SEEN];
const LANES: usize = 2 * KEPT.len();

pub(crate) fn run() -> Outcome<()> {
    let ways = Ways::open()?;
    let lanes = KEPT.into_iter().chain(KEPT.map(Lane::closed));
    let mut rounds: Vec<_> = lanes.map(|lane| Rounds { lane, all: Vec::new() }).collect();
    let (alone, mut verification) = (Cryptography::new()?, Vec::new());
    for round in 0..=ROUNDS {
        verification.push(micros(alone.verification(CALLS)?));
        for at in 0..LANES {
            let rounds = &mut rounds[(at + round) % LANES];
            let cost = go(&ways, rounds.lane)?;
            // The first time warms up.
            if round > 0 {
                rounds.all.push(cost);
            }
        }
    }
    println!("calls with 1 KB of JSON, {CLIENTS} clients at once; cpu in us a call");
    println!(
        "                                  calls/s  cpu between  of stub  of driver  p50 us  p99 us  connections"
    );
    rounds.iter().for_each(Rounds::print);
    println!("{:<32} {:>21.0}", "to verify a token, alone", median(verification));
    for (ours, goal) in [(FRESH, 0.7), (SEEN, 0.9)] {
        compare(&rounds, (ours, goal), NGINX);
        compare(&rounds, (ours.closed(), goal), NGINX.closed());
    }
    Ok(())
}

/// What a round of a lane came to; CPU in microseconds a call.
struct Cost {
    per_second: f64,
    between: f64,
    stub: f64,
    driver: f64,
    p50: f64,
    p99: f64,
    /// Of a call.
    connections: f64,
}

struct Rounds {
    lane: Lane,
    all: Vec<Cost>,
}

impl Rounds {
    fn middle(&self, figure: fn(&Cost) -> f64) -> f64 {
        median(self.all.iter().map(figure))
    }

    fn print(&self) {
        println!(
            "{:<32} {:>8.0} {:>12.0} {:>8.0} {:>10.0} {:>7.0} {:>7.0} {:>12.2}",
            self.lane.name,
            self.middle(|cost| cost.per_second),
            self.middle(|cost| cost.between),
            self.middle(|cost| cost.stub),
            self.middle(|cost| cost.driver),
            self.middle(|cost| cost.p50),
            self.middle(|cost| cost.p99),
            self.middle(|cost| cost.connections),
        );
    }
}

/// Round by round, then the one in the middle.
fn compare(rounds: &[Rounds], (ours, goal): (Lane, f64), theirs: Lane) {
    let of =
        |lane: Lane| rounds.iter().filter(move |rounds| rounds.lane == lane).flat_map(|rounds| &rounds.all);
    let ratio = |figure: fn(&Cost) -> f64| {
        median(of(ours).zip(of(theirs)).map(|(ours, theirs)| figure(ours) / figure(theirs)))
    };
    println!(
        "{} / {}, {}: calls/s {:.2} (goal {goal}), cpu between {:.2}, p99 {:.2}",
        ours.name,
        theirs.name,
        if ours.close { "a connection for each call" } else { "connections kept" },
        ratio(|cost| cost.per_second),
        ratio(|cost| cost.between),
        ratio(|cost| cost.p99),
    );
}

fn go(ways: &Ways, lane: Lane) -> Outcome<Cost> {
    let mut wires: Vec<_> = (0..CLIENTS).map(|_| Wire::to(ways.address(lane.way))).collect();
    let mut requests = requests(ways, lane)?;
    let mut clients: Vec<_> = wires
        .iter_mut()
        .zip(requests.chunks_mut(CALLS as usize))
        .map(|(wire, requests)| {
            let mut requests = requests.iter();
            move || wire.ask(requests.next().ok_or("no request is left")?).map(drop)
        })
        .collect();
    let (between, stub) = (ways.cpu(lane.way)?, ways.stub.process.cpu()?);
    let load = Load::of(&mut clients, CALLS)?;
    drop(clients);
    Ok(Cost {
        per_second: load.per_second(),
        between: load.of_a_step(ways.cpu(lane.way)?.saturating_sub(between)),
        stub: load.of_a_step(ways.stub.process.cpu()?.saturating_sub(stub)),
        driver: load.of_a_step(load.cpu),
        p50: micros(load.waits.at(0.5)),
        p99: micros(load.waits.at(0.99)),
        connections: f64::from(wires.iter().map(|wire| wire.connections).sum::<u32>())
            / f64::from(load.steps),
    })
}

fn requests(ways: &Ways, lane: Lane) -> Outcome<Vec<Vec<u8>>> {
    let more: &[&str] = if lane.close { &["Connection: close"] } else { &[] };
    if !lane.fresh {
        return Ok(vec![call(&ways.token, more); (CLIENTS * CALLS) as usize]);
    }
    let tokens = ways.home.signed_anew(&ways.token, CLIENTS * CALLS)?;
    Ok(tokens.iter().map(|token| call(token, more)).collect())
}
