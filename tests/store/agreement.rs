//! The rules stand twice, in Rust for memory and in Lua for Redis: no sequence of steps tells them apart.

use mcp_auth_sidecar::artifact::{ClientDigest, Grant, Person, RefreshToken};
use mcp_auth_sidecar::clock::{Seconds, Timestamp};
use mcp_auth_sidecar::config::Store;
use mcp_auth_sidecar::oauth::{Catalogue, Jti};
use mcp_auth_sidecar::seal::{Sealed, new_jti};
use mcp_auth_sidecar::spent::{Reused, Spent, Unspent};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::redis_server::Redis;

const SEQUENCES: u64 = 400;
const STEPS: usize = 40;
const GRACES: [Seconds; 2] = [Seconds(60), Seconds(0)];
const START: i64 = 1_900_000_000;

#[derive(Clone, Copy, Debug)]
enum Step {
    Open,
    Present { generation: u32, nonce: u64 },
    Revoke,
}

/// design 5.1, 5.2
#[tokio::test]
async fn memory_and_redis_decide_alike() {
    let redis = Redis::start();
    let store: Store = redis.url().parse().unwrap();
    let (memory, shared) = (Spent::memory(Seconds(3600)), Spent::new(&store, Seconds(3600)).unwrap());
    let mut met = [0; 5];
    for seed in 0..SEQUENCES {
        let (mut dice, sid, mut now) = (StdRng::seed_from_u64(seed), new_jti(), START);
        let mut step = Step::Open;
        let mut steps = Vec::new();
        let grace = GRACES[usize::from(seed % 4 == 0)];
        for _ in 0..STEPS {
            steps.push((now - START, step));
            let at = (Timestamp::from_secs(now), grace);
            let (here, there) = (taken(&memory, &sid, step, at).await, taken(&shared, &sid, step, at).await);
            assert_eq!(here, there, "seed {seed}: {steps:?}");
            assert_eq!(memory.is_revoked(&sid), revoked_in(&redis, &sid), "seed {seed}: {steps:?}");
            met[outcome(here)] += 1;
            now += [0, 0, 1, 20, 59, 60, 61, 200][dice.random_range(0..8)];
            step = next(&mut dice);
        }
    }
    assert!(met.iter().all(|times| *times > 20), "an outcome that hardly came up: {met:?}");
}

/// Mostly what clients do: tokens of a few generations, of which some are siblings with nonces of 64 bits.
fn next(dice: &mut StdRng) -> Step {
    match dice.random_range(0..200) {
        0 => Step::Open,
        1 => Step::Revoke,
        _ => Step::Present {
            generation: dice.random_range(1..6) + dice.random_range(0..2) * 4,
            nonce: u64::MAX - dice.random_range(0..3),
        },
    }
}

async fn taken(spent: &Spent, sid: &Jti, step: Step, (now, grace): (Timestamp, Seconds)) -> Option<Reused> {
    let token = |generation, nonce| RefreshToken { exp: end(), grant: grant(sid), generation, nonce };
    let done = match step {
        Step::Open => spent.open_family(sid, &grant(sid).person.sub, end(), now).await,
        Step::Present { generation, nonce } => spent.present(&token(generation, nonce), grace, now).await,
        Step::Revoke => spent.revoke(sid, &grant(sid).person.sub, end(), now).await.map_err(Unspent::from),
    };
    match done {
        Ok(()) => None,
        Err(Unspent::Reused(reused)) => Some(reused),
        Err(Unspent::Away(away)) => panic!("{away:?}"),
    }
}

fn revoked_in(redis: &Redis, sid: &Jti) -> bool {
    redis.said(&format!("HEXISTS mcp-auth:f:{sid} r")) == ":1"
}

fn outcome(reused: Option<Reused>) -> usize {
    match reused {
        None => 0,
        Some(Reused::Code) => 1,
        Some(Reused::Revoked) => 2,
        Some(Reused::Superseded) => 3,
        Some(Reused::Stolen) => 4,
        Some(Reused::Unknown) => panic!("every sequence begins with a code"),
    }
}

fn end() -> Timestamp {
    Timestamp::from_secs(START + 604_800)
}

/// One person a family, because memory forgets the oldest of many.
fn grant(sid: &Jti) -> Grant {
    let text = |text: &str| text.to_owned();
    Grant {
        person: Person {
            sub: text(sid.as_str()).try_into().unwrap(),
            email: text("alice@example.com").try_into().unwrap(),
        },
        client: ClientDigest::of(&Sealed::new("a client")),
        scope: Catalogue::try_from(vec![text("mcp")]).unwrap().granted(None),
        resource: text("https://mcp.example.com/mcp").try_into().unwrap(),
        auth_time: Timestamp::from_secs(START),
        sid: sid.clone(),
    }
}
