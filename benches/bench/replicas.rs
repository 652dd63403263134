//! What a flow costs when one replica sees all of it, and when two take turns, on one Redis.

use crate::Outcome;
use crate::assistant::Assistant;
use crate::figures::median;
use crate::load::Load;
use crate::redis::Redis;
use crate::sidecar::{Home, Sidecar};

const ROUNDS: usize = 11;
const FLOWS_OF_EACH: u32 = 300;
/// Flows under way at each replica.
const AT_ONCE: usize = 2;

pub(crate) fn run() -> Outcome<()> {
    let (home, redis) = (Home::new()?, Redis::start()?);
    let settings = [("MCP_AUTH_STORE", redis.url())];
    let settings = [(settings[0].0, settings[0].1.as_str())];
    let replicas = [home.sidecar(&settings)?, home.sidecar(&settings)?];
    let mut alone: [_; 2] = [group(&home, &[&replicas[0]])?, group(&home, &[&replicas[1]])?];
    let mut both = group(&home, &[&replicas[0], &replicas[1]])?;
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let at = round % 2;
        one.push(flows(&mut alone[at], &[&replicas[at]], &redis)?);
        two.push(flows(&mut both, &[&replicas[0], &replicas[1]], &redis)?);
    }
    let factor = median(one.iter().zip(&two).map(|(one, two)| 2.0 * one.sidecars / two.sidecars));
    for (name, rounds) in [("one replica", &one), ("two replicas", &two)] {
        println!(
            "{name}: cpu of a flow {:.0} us, of Redis {:.0} us, of the driver {:.0} us",
            median(rounds.iter().map(|round| round.sidecars)),
            median(rounds.iter().map(|round| round.redis)),
            median(rounds.iter().map(|round| round.driver)),
        );
    }
    println!("two replicas carry {factor:.2} times the flows of one on twice the cpu (goal: 1.90)");
    Ok(())
}

/// CPU of a flow in microseconds.
struct Cost {
    sidecars: f64,
    redis: f64,
    driver: f64,
}

fn group(home: &Home, replicas: &[&Sidecar]) -> Outcome<Vec<Assistant>> {
    (0..AT_ONCE * replicas.len()).map(|_| Assistant::of(home, replicas)).collect()
}

fn flows(assistants: &mut [Assistant], replicas: &[&Sidecar], redis: &Redis) -> Outcome<Cost> {
    let cpu = || replicas.iter().map(|replica| replica.process.cpu()).sum::<Outcome<std::time::Duration>>();
    let (before, redis_before) = (cpu()?, redis.process.cpu()?);
    let mut clients: Vec<_> = assistants.iter_mut().map(|assistant| || assistant.flow()).collect();
    let load = Load::of(&mut clients, FLOWS_OF_EACH)?;
    Ok(Cost {
        sidecars: load.of_a_step(cpu()?.saturating_sub(before)),
        redis: load.of_a_step(redis.process.cpu()?.saturating_sub(redis_before)),
        driver: load.of_a_step(load.cpu),
    })
}
