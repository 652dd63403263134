//! What a registration, a refresh and a whole sign-in cost: beside their cryptography alone, and as many requests for
//! a static body from the same process.

use crate::Outcome;
use crate::assistant::Assistant;
use crate::cryptography::{Cryptography, Work};
use crate::figures::{Goal, median, micros, row};
use crate::load::Load;
use crate::process::OneCore;
use crate::sidecar::{Home, Sidecar};
use crate::wire::{Wire, request};

const ROUNDS: u32 = 7;
const TIMES: u32 = 300;
/// A thread's own CPU is counted by ticks while nobody interrupts it, so a tick must be little of the whole.
const ALONE: u32 = 20 * TIMES;

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let home = Home::new()?;
    let sidecar = home.sidecar(&[])?;
    let mut bench = Bench {
        assistant: Assistant::of(&home, &[&sidecar])?,
        alone: Cryptography::new()?,
        sidecar: &sidecar,
    };
    let rounds = (0..ROUNDS).map(|_| bench.round()).collect::<Outcome<Vec<_>>>()?;

    let of = |figure: fn(&Round) -> f64| median(rounds.iter().map(figure));
    println!("a static body: {:.0} us", of(|round| round.still));
    let figures: [(&str, f64, CostOf, f64); 3] = [
        ("registration", 1.0, |round| &round.registration, 1.4),
        ("flow (authorize, consent, code, refresh)", 4.0, |round| &round.flow, 1.3),
        ("refresh", 1.0, |round| &round.refresh, 1.3),
    ];
    for (name, requests, cost, goal) in figures {
        let ratio = |round: &Round| cost(round).server / (cost(round).alone + requests * round.still);
        let of = |figure: fn(&Cost) -> f64| median(rounds.iter().map(|round| figure(cost(round))));
        println!(
            "{name}: {:.0} us of CPU, its cryptography alone {:.0} us; the driver {:.0} us",
            of(|cost| cost.server),
            of(|cost| cost.alone),
            of(|cost| cost.driver)
        );
        let what = format!("cpu of a {name} / (its cryptography and {requests} static)");
        row(&what, median(rounds.iter().map(ratio)), Goal::AtMost(goal));
    }
    Ok(())
}

struct Bench<'a> {
    assistant: Assistant,
    alone: Cryptography,
    sidecar: &'a Sidecar,
}

/// Microseconds of CPU for each.
struct Round {
    still: f64,
    registration: Cost,
    flow: Cost,
    refresh: Cost,
}

/// One of the three.
type CostOf = fn(&Round) -> &Cost;

struct Cost {
    server: f64,
    driver: f64,
    alone: f64,
}

impl Bench<'_> {
    fn round(&mut self) -> Outcome<Round> {
        let Self { assistant, alone, sidecar } = self;
        // The one door of this process whose answer never changes. It keeps connections for seconds only.
        let mut still = Wire::to(sidecar.admin);
        let healthz = request(&["GET /healthz", "Host: any"], "");
        let [still, _] = cpu(sidecar, || still.ask(&healthz).map(drop))?;
        let alone = |work| Ok::<_, Box<dyn std::error::Error + Send + Sync>>(micros(alone.cpu(work, ALONE)?));

        let mut clients = Vec::new();
        let registration = cpu(sidecar, || assistant.register().map(|client| clients.push(client)))?;
        let new_client = || -> Outcome<()> { assistant.flow_as(clients.pop().ok_or("no client is left")?) };
        let flow = cpu(sidecar, new_client)?;
        let code = assistant.code()?;
        let mut tokens = assistant.exchange(&code)?;
        let refresh = cpu(sidecar, || {
            tokens = assistant.refresh(&tokens)?;
            Ok(())
        })?;
        let cost = |[server, driver]: [f64; 2], alone| Cost { server, driver, alone };
        Ok(Round {
            still,
            registration: cost(registration, alone(Work::REGISTRATION)?),
            flow: cost(flow, alone(Work::FLOW)?),
            refresh: cost(refresh, alone(Work::REFRESH)?),
        })
    }
}

/// Of the server and of the driver for one step, in microseconds.
fn cpu(sidecar: &Sidecar, step: impl FnMut() -> Outcome<()> + Send) -> Outcome<[f64; 2]> {
    let before = sidecar.process.cpu()?;
    let load = Load::of(&mut [step], TIMES)?;
    Ok([load.of_a_step(sidecar.process.cpu()?.saturating_sub(before)), load.of_a_step(load.cpu)])
}
