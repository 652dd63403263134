//! Whole flows without a pause while everything that an operator may do is done.

use std::env;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::driver::Driver;
use crate::flow::Walk;
use crate::front::Front;
use crate::harness::upstream::Upstream;
use crate::mount::Mount;
use crate::redis_server::Redis;
use crate::replica::Replica;
use crate::verifier::Verifier;

/// Its last two characters count.
const SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-00";
const WALKERS: usize = 3;

/// Those who make the load: some walk through whole flows, the last one came on the first day and stays.
struct Load {
    front: Front,
    verifier: Verifier,
    rounds: Vec<AtomicUsize>,
    over: AtomicBool,
}

/// JWK-07, design 4, 5.14; `REPLICAS_SECS` says for how long at least
#[tokio::test]
async fn nothing_is_lost_while_keys_turn_and_replicas_and_redis_come_and_go() {
    let (mut redis, upstream) = (Redis::start(), Upstream::start().await);
    let mount = Mount::new();
    let load = Arc::new(Load::on(&mount, &redis.url(), &upstream.url).await);
    let mut everybody = vec![tokio::spawn(load.clone().stay())];
    everybody.extend((0..WALKERS).map(|at| tokio::spawn(load.clone().walk(at))));
    let (front, verifier, rounds) = (&load.front, &load.verifier, &load.rounds);
    let driver = Driver { mount: &mount, front, verifier, rounds };
    let (begun, long) = (Instant::now(), as_long_as_asked_for());
    for cycle in 0.. {
        driver.turn_keys().await;
        for replica in &front.replicas {
            driver.kill_and_restart(replica).await;
            driver.roll(replica).await;
        }
        driver.turn_proxy_secret().await;
        driver.restart_redis(&mut redis).await;
        driver.turn_keys().await;
        // Two digits count the secrets.
        if begun.elapsed() >= long || cycle == 98 {
            break;
        }
    }
    load.over.store(true, Ordering::SeqCst);
    for one in everybody {
        one.await.unwrap();
    }
    for replica in &front.replicas {
        for _ in replica.said().matches("the key rings are broken") {
            front.count("- readings of the keys that met a swap half-way");
        }
    }
    let report = format!("--- replicas, {} s of load\n{}\n", begun.elapsed().as_secs(), front.table());
    std::io::stderr().write_all(report.as_bytes()).unwrap();
    assert!(front.failures().is_empty(), "{:#?}", front.failures());
    assert!(front.counted("rounds of whole flows") > 0 && front.counted("rounds of one who stays") > 0);
    // One key at the start, and one for each turn.
    assert_eq!(front.kids.lock().unwrap().len(), 1 + front.counted("- turns of all rings"));
    assert!(front.counted("refresh: told to wait while Redis is away") > 0, "Redis was not missed");
    assert!(front.counted("moved on from a replica that is down") > 0, "the replica was not missed");
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test's, not of the server's")]
fn as_long_as_asked_for() -> Duration {
    Duration::from_secs(env::var("REPLICAS_SECS").map_or(0, |secs| secs.parse().expect("seconds")))
}

impl Load {
    async fn on(mount: &Mount, redis: &str, upstream: &str) -> Self {
        std::fs::write(mount.home().join("proxy-secret"), SECRET).unwrap();
        let settings = [
            ("MCP_AUTH_STORE", redis),
            ("MCP_AUTH_UPSTREAM", upstream),
            ("MCP_AUTH_KEYS_POLL_SECS", "1"),
            ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0"),
        ];
        let start = async || Replica::start(mount, &settings).await;
        let replicas = [start().await, start().await, start().await];
        let verifier = Verifier::new(&replicas[0]).await;
        let rounds = (0..=WALKERS).map(|_| AtomicUsize::default()).collect();
        Self { front: Front::new(replicas, SECRET), verifier, rounds, over: AtomicBool::default() }
    }

    async fn walk(self: Arc<Self>, at: usize) {
        while !self.over.load(Ordering::SeqCst) {
            self.by().whole().await;
            self.front.count("rounds of whole flows");
            self.rounds[at].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Registered before everything, signed in once.
    async fn stay(self: Arc<Self>) {
        let client = self.by().register().await.expect("a client");
        let mut tokens = self.by().sign_in(&client).await.expect("tokens");
        while !self.over.load(Ordering::SeqCst) {
            tokens = self.by().refresh(&client, &tokens).await.unwrap_or(tokens);
            self.by().call(&tokens).await;
            self.front.count("rounds of one who stays");
            self.rounds[WALKERS].fetch_add(1, Ordering::SeqCst);
        }
        self.by().sign_in(&client).await.expect("the client of the first day");
    }

    fn by(&self) -> Walk<'_> {
        Walk { front: &self.front, verifier: &self.verifier }
    }
}
