//! Hours at half load while the rings turn: memory, handles and logs stay as they are.

use std::env;
use std::fmt;
use std::io::{Write as _, stderr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::figures::Figures;
use crate::floods::CLOUD;
use crate::harness::{Client, Tokens, alice, bob};
use crate::mcp_server::{self, EVENT};
use crate::mount::RINGS;
use crate::room::within;
use crate::server::{Server, proxy, runtime};
use crate::walk::Walk;

const WALKERS: usize = 2;
const STREAMS: usize = 4;
const BEAT: Duration = Duration::from_millis(500);
/// An event comes every second.
const SILENCE: Duration = Duration::from_secs(30);
/// A line is printed and the rings are turned so often, or four times in a short run.
const MINUTE: Duration = Duration::from_mins(1);
/// What the median of the last quarter may be above that of the second: pages that the allocator keeps.
const MEGABYTES_MORE: usize = 4;
/// A connection of a call under way, at both ends.
const HANDLES_MORE: usize = 2 * (WALKERS + 1);

/// The load of one replica, and what was measured of it.
struct Soak {
    server: Server,
    figures: Figures,
    long: Duration,
    begun: Instant,
    rounds: AtomicUsize,
    events: [AtomicUsize; STREAMS],
    samples: Mutex<Vec<Sample>>,
    over: AtomicBool,
}

#[derive(Clone, Copy)]
struct Sample {
    memory: usize,
    handles: usize,
}

/// T20; `SOAK_SECS` says for how long, `SOAK_REST` how many times a round everybody rests after it
#[test]
fn a_server_at_half_load_stays_as_it_is_for_as_long_as_it_works() {
    let (operator, crowd) = (runtime(), runtime());
    let soak = operator.block_on(Soak::on(&mcp_server::start()));
    thread::scope(|scope| {
        scope.spawn(|| crowd.block_on(soak.make()));
        operator.block_on(soak.turn_and_measure());
        soak.over.store(true, Ordering::SeqCst);
    });
    soak.assert_nothing_grew();
    soak.assert_nothing_went_wrong();
}

#[expect(clippy::disallowed_methods, reason = "settings of this test's, not of the server's")]
fn asked_for(name: &str, otherwise: u32) -> u32 {
    env::var(name).map_or(otherwise, |number| number.parse().expect("a number"))
}

impl Soak {
    async fn on(upstream: &str) -> Self {
        let server = Server::start(upstream, &[("MCP_AUTH_REGISTER_PER_MINUTE", "0")]).await;
        Self {
            server,
            figures: Figures::default(),
            long: Duration::from_secs(asked_for("SOAK_SECS", 60).into()),
            begun: Instant::now(),
            rounds: AtomicUsize::default(),
            events: Default::default(),
            samples: Mutex::default(),
            over: AtomicBool::default(),
        }
    }

    async fn make(&self) {
        let (rest, proxy) = (asked_for("SOAK_REST", 1), proxy());
        let walkers = (0..WALKERS).map(|at| self.walk(self.by(at, &proxy), rest));
        let streams = (0..STREAMS).map(|at| self.hold(self.by(at, &proxy), &self.events[at]));
        join(join(self.stay(self.by(WALKERS, &proxy), rest), join_all(walkers)), join_all(streams)).await;
    }

    fn by(&self, at: usize, proxy: &reqwest::Client) -> Walk<'_> {
        let (server, figures) = (&self.server, &self.figures);
        let person = [alice, bob][at % 2]();
        Walk { server, figures, proxy: proxy.clone(), person, from: CLOUD.to_owned() }
    }

    async fn walk(&self, walk: Walk<'_>, rest: u32) {
        while !self.is_over() {
            let begun = Instant::now();
            walk.whole().await;
            self.rounds.fetch_add(1, Ordering::SeqCst);
            sleep(begun.elapsed() * rest).await;
        }
    }

    /// Registered before everything, signed in once.
    async fn stay(&self, walk: Walk<'_>, rest: u32) -> Option<()> {
        let (client, mut tokens) = signed_in(&walk).await?;
        while !self.is_over() {
            let begun = Instant::now();
            tokens = walk.refresh(&client, &tokens).await?;
            walk.call(&tokens).await?;
            sleep(begun.elapsed() * rest).await;
        }
        walk.sign_in(&client).await.map(drop)
    }

    /// One stream, open all the time.
    async fn hold(&self, walk: Walk<'_>, events: &AtomicUsize) -> Option<()> {
        let (_, tokens) = signed_in(&walk).await?;
        let request = self.server.request(&walk.proxy, Method::GET, "/mcp").bearer_auth(&tokens.access);
        let mut stream = request.send().await.unwrap();
        while !self.is_over() {
            match timeout(SILENCE, stream.chunk()).await {
                Ok(Ok(Some(event))) if event == EVENT => events.fetch_add(1, Ordering::SeqCst),
                other => {
                    self.figures.failed("stream", &format!("{other:?}"));
                    return None;
                }
            };
        }
        Some(())
    }

    async fn turn_and_measure(&self) {
        let turn = MINUTE.min(self.long / 4);
        let mut next = turn;
        while self.begun.elapsed() < self.long {
            let sample = Sample { memory: self.server.memory(), handles: self.server.handles() };
            self.samples.lock().unwrap().push(sample);
            if self.begun.elapsed() > next {
                self.turn().await;
                next += turn;
                say(&format!("{:>5} s {self}", self.begun.elapsed().as_secs()));
            }
            sleep(BEAT).await;
        }
        self.turn().await;
        say(&format!("{:>5} s {self}", self.begun.elapsed().as_secs()));
    }

    /// What is retired goes: nobody has held it for longer than a round.
    async fn turn(&self) {
        let mount = &self.server.mount;
        for ring in ["access", "session"] {
            if !mount.kids(ring, "retired").is_empty() {
                mount.keys(&["retire", ring, "--force"]);
            }
        }
        for ring in RINGS {
            mount.keys(&["stage", ring]);
        }
        mount.publish();
        let staged = mount.kid("access", "next");
        within("the staged key published", async || self.published().await.contains(&staged)).await;
        for ring in RINGS {
            mount.keys(&["promote", ring, "--force"]);
        }
        mount.publish();
    }

    async fn published(&self) -> String {
        let jwks = self.server.request(crate::harness::browser(), Method::GET, "/oauth/jwks");
        jwks.send().await.unwrap().text().await.unwrap()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn median(&self, quarter: usize, of: impl Fn(&Sample) -> usize) -> usize {
        let samples = self.samples.lock().unwrap();
        let mut quarters = samples.chunks(samples.len().div_ceil(4));
        let mut values: Vec<usize> = quarters.nth(quarter).unwrap().iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 2]
    }

    fn assert_nothing_grew(&self) {
        let [before, after] = [1, 3].map(|quarter| self.median(quarter, |sample| sample.memory));
        let [opened, open] = [1, 3].map(|quarter| self.median(quarter, |sample| sample.handles));
        say(&format!(
            "medians of the second and the last quarter: {before} and {after} kB, {opened} and {open} handles"
        ));
        assert!(after <= before + 1024 * MEGABYTES_MORE, "{before} kB, then {after} kB");
        assert!(open <= opened + HANDLES_MORE, "{opened} handles, then {open}");
    }

    fn assert_nothing_went_wrong(&self) {
        assert!(self.figures.failures().is_empty(), "{:#?}", self.figures.failures());
        assert_eq!(self.server.complaints(), Vec::<String>::new());
        assert!(self.rounds.load(Ordering::SeqCst) > 0 && self.figures.count("refresh") > 0);
        let least = usize::try_from(self.long.as_secs() / 2).unwrap();
        assert!(self.events.iter().all(|events| events.load(Ordering::SeqCst) >= least));
    }
}

async fn signed_in(walk: &Walk<'_>) -> Option<(Client, Tokens)> {
    let client = walk.register().await?;
    let tokens = walk.sign_in(&client).await?;
    Some((client, tokens))
}

impl fmt::Display for Soak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds.load(Ordering::SeqCst);
        let events: usize = self.events.iter().map(|events| events.load(Ordering::SeqCst)).sum();
        let last = *self.samples.lock().unwrap().last().unwrap();
        let (memory, handles) = (last.memory, last.handles);
        write!(
            f,
            "{rounds} rounds, {events} events | {} | {memory} kB {handles} handles",
            self.figures.line()
        )
    }
}

/// Past the harness of the tests, which swallows what a good test prints.
fn say(line: &str) {
    let _ = stderr().write_all(format!("--- soak: {line}\n").as_bytes());
}
