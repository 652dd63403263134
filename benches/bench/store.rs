//! What Redis adds to a code exchange and to a refresh: commands, time, CPU.

use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::assistant::{Assistant, Tokens};
use crate::figures::{median, micros};
use crate::load::Load;
use crate::process::OneCore;
use crate::redis::Redis;
use crate::sidecar::{Home, Sidecar};

const ROUNDS: usize = 9;
const CALLS: u32 = 300;
const IDLE: Duration = Duration::from_secs(5);

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let (home, redis) = (Home::new()?, Redis::start()?);
    let url = redis.url();
    let memory = home.sidecar(&[])?;
    let shared = home.sidecar(&[("MCP_AUTH_STORE", &url)])?;
    let mut asks = [Caller::of(&home, &memory)?, Caller::of(&home, &shared)?];
    count(&mut asks[1], &redis)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let [memory, shared] = &mut asks;
        rounds.push([memory.round(&redis)?, shared.round(&redis)?]);
    }
    print("a code exchange", &rounds, |round| &round.exchange);
    print("a refresh", &rounds, |round| &round.refresh);
    Ok(())
}

/// One call at a time, so no command can share a round trip with another's.
fn count(caller: &mut Caller, redis: &Redis) -> Outcome<()> {
    let idle = redis.monitor()?;
    thread::sleep(IDLE);
    println!("redis, idle: {:?} in {IDLE:?}", idle.counted(redis)?);
    let codes = caller.codes()?;
    let (began, monitor) = (Instant::now(), redis.monitor()?);
    let tokens = caller.exchange(codes)?.1;
    println!("redis, {CALLS} code exchanges: {:?} in {:.1?}", monitor.counted(redis)?, began.elapsed());
    let (began, monitor) = (Instant::now(), redis.monitor()?);
    caller.refresh(tokens)?;
    println!("redis, {CALLS} refreshes: {:?} in {:.1?}", monitor.counted(redis)?, began.elapsed());
    Ok(())
}

struct Caller<'a> {
    assistant: Assistant,
    sidecar: &'a Sidecar,
}

/// Of one call, in microseconds.
struct Cost {
    wait: f64,
    cpu: f64,
    redis: f64,
}

struct Round {
    exchange: Cost,
    refresh: Cost,
}

impl<'a> Caller<'a> {
    fn of(home: &Home, sidecar: &'a Sidecar) -> Outcome<Self> {
        Ok(Self { assistant: Assistant::of(home, &[sidecar])?, sidecar })
    }

    fn round(&mut self, redis: &Redis) -> Outcome<Round> {
        let codes = self.codes()?;
        let (exchange, tokens) = self.cost(redis, |caller| caller.exchange(codes))?;
        let (refresh, ()) = self.cost(redis, |caller| caller.refresh(tokens).map(|load| (load, ())))?;
        Ok(Round { exchange, refresh })
    }

    fn cost<T>(
        &mut self,
        redis: &Redis,
        calls: impl FnOnce(&mut Self) -> Outcome<(Load, T)>,
    ) -> Outcome<(Cost, T)> {
        let before = (self.sidecar.process.cpu()?, redis.process.cpu()?);
        let (load, made) = calls(self)?;
        let cost = Cost {
            wait: micros(load.waits.at(0.5)),
            cpu: load.of_a_step(self.sidecar.process.cpu()?.saturating_sub(before.0)),
            redis: load.of_a_step(redis.process.cpu()?.saturating_sub(before.1)),
        };
        Ok((cost, made))
    }

    fn codes(&mut self) -> Outcome<Vec<String>> {
        (0..CALLS).map(|_| self.assistant.code()).collect()
    }

    fn exchange(&mut self, mut codes: Vec<String>) -> Outcome<(Load, Vec<Tokens>)> {
        let mut tokens = Vec::new();
        let exchange = || {
            tokens.push(self.assistant.exchange(&codes.pop().unwrap_or_default())?);
            Ok(())
        };
        Ok((Load::of(&mut [exchange], CALLS)?, tokens))
    }

    fn refresh(&mut self, mut tokens: Vec<Tokens>) -> Outcome<Load> {
        let refresh = || {
            let token = tokens.pop().ok_or("no token is left")?;
            self.assistant.refresh(&token).map(drop)
        };
        Load::of(&mut [refresh], CALLS)
    }
}

fn print(name: &str, rounds: &[[Round; 2]], of: impl Fn(&Round) -> &Cost) {
    let middle =
        |at: usize, figure: fn(&Cost) -> f64| median(rounds.iter().map(|round| figure(of(&round[at]))));
    let more = |figure: fn(&Cost) -> f64| {
        median(rounds.iter().map(|[memory, shared]| figure(of(shared)) / figure(of(memory))))
    };
    println!(
        "{name}: median wait {:.0} us with memory, {:.0} us with Redis, ratio {:.2}; cpu {:.0} us and {:.0} us, ratio {:.2}, and {:.0} us of Redis",
        middle(0, |cost| cost.wait),
        middle(1, |cost| cost.wait),
        more(|cost| cost.wait),
        middle(0, |cost| cost.cpu),
        middle(1, |cost| cost.cpu),
        more(|cost| cost.cpu),
        middle(1, |cost| cost.redis),
    );
}
