//! What a flow costs when one replica sees all of it, and when two take turns, on one Redis.

use std::time::Duration;

use crate::Outcome;
use crate::assistant::Assistant;
use crate::figures::median;
use crate::load::Load;
use crate::process::OneCore;
use crate::redis::Redis;
use crate::sidecar::{Home, Sidecar};

const ROUNDS: usize = 60;
/// Their steps go to one replica before the next step goes to the other.
const FLOWS: u32 = 60;

/// One assistant in all cases, so that nothing differs but who is asked: two busy replicas would get into each other's
/// way on one machine, as they would not on machines of their own.
pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let (home, redis) = (Home::new()?, Redis::start()?);
    let url = redis.url();
    let settings = [("MCP_AUTH_STORE", url.as_str())];
    let [a, b] = [home.sidecar(&settings)?, home.sidecar(&settings)?];
    let mut ways = [
        Way { name: "one replica", assistants: vec![Assistant::of(&home, &[&a])?], costs: Vec::new() },
        Way {
            name: "two replicas, a flow stays at one",
            assistants: vec![Assistant::of(&home, &[&a])?, Assistant::of(&home, &[&b])?],
            costs: Vec::new(),
        },
        Way {
            name: "two replicas, a flow goes to both",
            assistants: vec![Assistant::of(&home, &[&a, &b])?],
            costs: Vec::new(),
        },
    ];
    for round in 0..=ROUNDS {
        for at in 0..ways.len() {
            let way = &mut ways[(at + round) % 3];
            let cost = way.cost(&[&a, &b], &redis, round)?;
            // The first time warms up.
            if round > 0 {
                way.costs.push(cost);
            }
        }
    }
    ways.iter().for_each(Way::print);
    let [one, apart, both] = &ways;
    println!(
        "two replicas carry {:.2} times the flows of one on twice the cpu (goal: 1.90)",
        2.0 * both.saves(one)
    );
    println!("a flow that goes to both costs {:.2} times one that stays", 1.0 / both.saves(apart));
    Ok(())
}

struct Way {
    name: &'static str,
    /// Who take turns.
    assistants: Vec<Assistant>,
    costs: Vec<Cost>,
}

/// CPU of a flow in microseconds.
struct Cost {
    sidecars: f64,
    redis: f64,
    driver: f64,
}

impl Way {
    fn cost(&mut self, replicas: &[&Sidecar], redis: &Redis, round: usize) -> Outcome<Cost> {
        let at = round % self.assistants.len();
        let assistant = &mut self.assistants[at];
        let cpu = || replicas.iter().map(|replica| replica.process.cpu()).sum::<Outcome<Duration>>();
        let (before, redis_before) = (cpu()?, redis.process.cpu()?);
        let load = Load::of(&mut [|| assistant.flows(FLOWS)], 1)?;
        let of_a_flow = |cpu| load.of_a_step(cpu) / f64::from(FLOWS);
        Ok(Cost {
            sidecars: of_a_flow(cpu()?.saturating_sub(before)),
            redis: of_a_flow(redis.process.cpu()?.saturating_sub(redis_before)),
            driver: of_a_flow(load.cpu),
        })
    }

    /// The other's cost to this one, round by round.
    fn saves(&self, other: &Self) -> f64 {
        median(other.costs.iter().zip(&self.costs).map(|(theirs, ours)| theirs.sidecars / ours.sidecars))
    }

    fn print(&self) {
        let middle = |figure: fn(&Cost) -> f64| median(self.costs.iter().map(figure));
        println!(
            "{}: cpu of a flow {:.0} us, of Redis {:.0} us, of the driver {:.0} us",
            self.name,
            middle(|cost| cost.sidecars),
            middle(|cost| cost.redis),
            middle(|cost| cost.driver),
        );
    }
}
