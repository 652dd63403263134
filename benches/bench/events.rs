//! Streams of events: straight, through nginx, and through the gateway; as many as go through, and one now and then.

use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::Outcome;
use crate::figures::{Waits, between, median, micros};
use crate::load::Load;
use crate::ways::{Way, Ways, stream};
use crate::wire::Wire;

const ROUNDS: usize = 7;
const WAYS: [Way; 3] = [Way::Straight, Way::Nginx, Way::Gateway];

/// How events come.
#[derive(Clone, Copy)]
struct Flow {
    streams: u32,
    /// Of each stream.
    events: u32,
    /// Microseconds from one to the next.
    every: u32,
}

const FLOOD: Flow = Flow { streams: 8, events: 10_000, every: 0 };
const TICKS: Flow = Flow { streams: 16, events: 100, every: 10_000 };

pub(crate) fn run() -> Outcome<()> {
    let ways = Ways::open()?;
    for (name, flow) in [("as many as go through", FLOOD), ("one now and then", TICKS)] {
        let mut rounds: [Vec<Cost>; 3] = Default::default();
        for round in 0..=ROUNDS {
            for at in 0..WAYS.len() {
                let at = (at + round) % WAYS.len();
                let cost = go(&ways, WAYS[at], flow)?;
                if round > 0 {
                    rounds[at].push(cost);
                }
            }
        }
        println!(
            "{name}: {} streams of {} events, {} us apart; cpu in us an event; waits from written to read",
            flow.streams, flow.events, flow.every
        );
        println!("          events/s  cpu between  of stub  of driver  first event us  p50 us  p99 us");
        WAYS.iter().zip(&rounds).for_each(|(way, rounds)| print(*way, rounds));
        let [_, nginx, gateway] = &rounds;
        let ratio = |figure: fn(&Cost) -> f64| {
            median(gateway.iter().zip(nginx).map(|(ours, theirs)| figure(ours) / figure(theirs)))
        };
        println!(
            "gateway / nginx: events/s {:.2}, cpu between {:.2}, first event {:.2}, p50 {:.2}, p99 {:.2}",
            ratio(|cost| cost.per_second),
            ratio(|cost| cost.between),
            ratio(|cost| cost.first),
            ratio(|cost| cost.p50),
            ratio(|cost| cost.p99),
        );
    }
    Ok(())
}

/// What a round came to; CPU in microseconds an event.
struct Cost {
    per_second: f64,
    between: f64,
    stub: f64,
    driver: f64,
    /// From the request to the first event.
    first: f64,
    p50: f64,
    p99: f64,
}

fn print(way: Way, rounds: &[Cost]) {
    let middle = |figure: fn(&Cost) -> f64| median(rounds.iter().map(figure));
    println!(
        "{:<8} {:>9.0} {:>12.1} {:>8.1} {:>10.1} {:>15.0} {:>7.0} {:>7.0}",
        format!("{way:?}").to_lowercase(),
        middle(|cost| cost.per_second),
        middle(|cost| cost.between),
        middle(|cost| cost.stub),
        middle(|cost| cost.driver),
        middle(|cost| cost.first),
        middle(|cost| cost.p50),
        middle(|cost| cost.p99),
    );
}

fn go(ways: &Ways, way: Way, flow: Flow) -> Outcome<Cost> {
    let request = stream(&ways.token, flow.events, flow.every);
    let mut readers: Vec<Reader> = (0..flow.streams).map(|_| Reader::default()).collect();
    let mut clients: Vec<_> = readers
        .iter_mut()
        .map(|reader| || reader.read(Wire::to(ways.address(way)), &request, flow.events))
        .collect();
    let (between, stub) = (ways.cpu(way)?, ways.stub.process.cpu()?);
    let load = Load::of(&mut clients, 1)?;
    drop(clients);
    let of_an_event = |cpu: Duration| micros(cpu) / f64::from(flow.streams * flow.events);
    let (mut first, mut waits) = (Waits::default(), Waits::default());
    for reader in readers {
        first.add(reader.first);
        waits.add(reader.waits);
    }
    Ok(Cost {
        per_second: f64::from(flow.streams * flow.events) / load.wall.as_secs_f64(),
        between: of_an_event(ways.cpu(way)?.saturating_sub(between)),
        stub: of_an_event(ways.stub.process.cpu()?.saturating_sub(stub)),
        driver: of_an_event(load.cpu),
        first: micros(first.at(0.5)),
        p50: micros(waits.at(0.5)),
        p99: micros(waits.at(0.99)),
    })
}

/// One who listens to a stream to its end.
#[derive(Default)]
struct Reader {
    first: Option<Duration>,
    waits: Vec<Duration>,
}

impl Reader {
    fn read(&mut self, mut wire: Wire, request: &[u8], events: u32) -> Outcome<()> {
        let asked = Instant::now();
        let (_, body) = wire.open(request)?;
        for line in BufReader::with_capacity(64 << 10, body).lines() {
            let line = line?;
            if line.starts_with("data: ") {
                let sent: i128 = between(&line, "\"sent\":", ",")?.parse()?;
                self.first.get_or_insert_with(|| asked.elapsed());
                let waited = Timestamp::now().as_nanosecond() - sent;
                self.waits.push(Duration::from_nanos(waited.try_into().unwrap_or_default()));
            }
        }
        let read = self.waits.len();
        if read == events as usize {
            Ok(())
        } else {
            Err(format!("{read} events instead of {events}").into())
        }
    }
}
