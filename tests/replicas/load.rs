//! Whole flows without a pause, on real parts, while everything that an operator may do is done.

use std::env;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::runtime::{Builder, Runtime};

use crate::browser::Browser;
use crate::deployment::Deployment;
use crate::driver::{Driver, NEW, OLD};
use crate::flow::Walk;
use crate::harness::upstream::Upstream;
use crate::redis_server::Redis;
use crate::steps::{Steps, TAKEN_ALONG};
use crate::verifier::Verifier;
use crate::ways::Way;

const WALKERS: usize = 3;

/// Those who make the load: some walk through whole flows, the last one came on the first day and stays.
struct Load {
    deployment: Deployment,
    verifier: Verifier,
    browsers: Vec<Browser>,
    steps: Steps,
    rounds: Vec<AtomicUsize>,
    over: AtomicBool,
}

/// JWK-07, design 4, 5.14; `REPLICAS_SECS` says for how long at least
#[test]
fn nothing_is_lost_while_keys_turn_and_replicas_and_redis_come_and_go() {
    // What the operator waits for must not hold up those who make the load.
    let (operator, crowd) = (runtime(), runtime());
    let (mut redis, upstream) = (Redis::start(), crowd.block_on(Upstream::start()));
    let load = operator.block_on(Load::on(&redis.url(), &upstream.url));
    thread::scope(|scope| {
        scope.spawn(|| crowd.block_on(load.make()));
        let _ends_it = Over(&load.over);
        operator.block_on(load.outlives_everything(&mut redis));
    });
    load.count_what_the_logs_say();
    load.assert_nothing_was_lost();
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The end of the load, also when the operator's side fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test's, not of the server's")]
fn as_long_as_asked_for() -> Duration {
    Duration::from_secs(env::var("REPLICAS_SECS").map_or(0, |secs| secs.parse().expect("seconds")))
}

impl Load {
    async fn on(redis: &str, upstream: &str) -> Self {
        let deployment = Deployment::start(redis, upstream).await;
        let verifier = Verifier::new(&deployment.replicas[0]).await;
        let mut browsers = Vec::new();
        for at in 0..=WALKERS {
            browsers.push(Browser::signed_in(["alice", "bob"][at % 2], &deployment.issuer).await);
        }
        let rounds = browsers.iter().map(|_| AtomicUsize::default()).collect();
        let (steps, over) = (Steps::default(), AtomicBool::default());
        Self { deployment, verifier, browsers, steps, rounds, over }
    }

    /// All at once, and nobody has more than one request under way.
    async fn make(&self) {
        let _ = join(self.stay(), join_all((0..WALKERS).map(|at| self.walk(at)))).await;
    }

    async fn outlives_everything(&self, redis: &mut Redis) {
        let (begun, long) = (Instant::now(), as_long_as_asked_for());
        for cycle in 0.. {
            self.everything_is_done(redis, cycle).await;
            // Once to the new configuration and once back, at least; two digits count the secrets.
            if (begun.elapsed() >= long && cycle > 0) || cycle == 98 {
                break;
            }
        }
        self.steps.count_times("- seconds of load", usize::try_from(begun.elapsed().as_secs()).unwrap());
    }

    async fn everything_is_done(&self, redis: &mut Redis, cycle: usize) {
        let Self { deployment, steps, verifier, rounds, .. } = self;
        let driver = Driver { deployment, steps, verifier, rounds };
        driver.turn_keys().await;
        for replica in &deployment.replicas {
            driver.kill_and_restart(replica).await;
            driver.roll(replica, [&NEW, &OLD][cycle % 2]).await;
        }
        driver.turn_proxy_secret().await;
        driver.restart_redis(redis).await;
        driver.turn_keys().await;
    }

    async fn walk(&self, at: usize) {
        while !self.over.load(Ordering::SeqCst) {
            self.by(at).whole().await;
            self.steps.count("rounds of whole flows");
            self.rounds[at].fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Registered before everything, signed in once; each None was noted as a failure.
    async fn stay(&self) -> Option<()> {
        let walk = self.by(WALKERS);
        let client = walk.register().await?;
        let mut tokens = walk.sign_in(&client).await?;
        while !self.over.load(Ordering::SeqCst) {
            tokens = walk.refresh(&client, &tokens).await.unwrap_or(tokens);
            walk.call(&tokens).await;
            self.steps.count("rounds of one who stays");
            self.rounds[WALKERS].fetch_add(1, Ordering::SeqCst);
        }
        walk.sign_in(&client).await.map(drop)
    }

    fn by(&self, at: usize) -> Walk<'_> {
        let Self { deployment, steps, verifier, .. } = self;
        Walk { deployment, steps, verifier, browser: &self.browsers[at] }
    }

    fn count_what_the_logs_say(&self) {
        for replica in &self.deployment.replicas {
            let half_way = replica.said().matches("the key rings are broken").count();
            self.steps.count_times("- readings of the keys that met a swap half-way", half_way);
        }
        let ways = self.deployment.edge.log();
        for way in ways.lines().map(Way::read) {
            way.count(&self.steps, |address| self.deployment.edge.name(address));
            assert!(!way.is_post_sent_twice(), "a POST was sent twice");
        }
    }

    fn assert_nothing_was_lost(&self) {
        let counted = |what: &str| self.steps.counted(what);
        assert!(self.steps.failures().is_empty(), "{:#?}", self.steps.failures());
        assert!(counted("rounds of whole flows") > 0 && counted("rounds of one who stays") > 0);
        // One key at the start, and one for each turn.
        assert_eq!(self.steps.kids.lock().unwrap().len(), 1 + counted("- turns of all rings"));
        assert!(counted("told to wait while Redis is away") > 0, "Redis was not missed");
        for gone in ["balancer: moved on, nobody at replica", "balancer: answered by replica"] {
            assert!((1..=3).all(|number| counted(&format!("{gone} {number}")) > 0), "{gone}");
        }
        assert!((1..=2).all(|number| counted(&format!("edge: answered by oauth2-proxy {number}")) > 0));
        for (lost, by) in [
            (TAKEN_ALONG, "- replicas killed and started again"),
            ("lost: a code whose answer went with Redis", "- restarts of Redis"),
        ] {
            assert!(counted(lost) <= self.rounds.len() * counted(by), "more than were under way: {lost}");
        }
        let taken_along = counted(&format!("502, {TAKEN_ALONG}"));
        assert_eq!(counted("balancer: it said 502"), taken_along, "a proxy or the edge lost one by itself");
    }
}

impl Drop for Load {
    /// Also when something failed, and past the harness of the tests, which swallows what a good test prints.
    fn drop(&mut self) {
        let report = format!("--- replicas under load\n{}\n", self.steps.table());
        let _ = std::io::stderr().write_all(report.as_bytes());
    }
}
