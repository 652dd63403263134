//! While strangers flood the server, whoever behaves is served, and when they have gone nothing of them is left.

use std::env;
use std::io::{Write as _, stderr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::{join, join3, select};
use tokio::time::sleep;

use crate::figures::Figures;
use crate::floods::{BEYOND_THE_LIMIT, CLOUD, FLOODS, Flood, Ground, PER_MINUTE};
use crate::harness::{Person, alice, bob, visitor};
use crate::mcp_server;
use crate::room::within;
use crate::server::{Server, proxy, runtime};
use crate::stranger::{Heard, flood};
use crate::walk::Walk;

/// All floods together, if nothing else is asked for.
const LONG: u64 = 20;
const BEAT: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(1);
/// Of everybody, at the least.
const ROUNDS: usize = 3;
const HEADER: [&str; 4] = [
    "those who behave: good, told to wait, failed; ms: median, 99 %, most",
    "newcomers at the strangers' address",
    "MB: before, most, after; handles",
    "strangers",
];
const MEGABYTE: usize = 1024;
/// What a flood may cost while it lasts: half of what the pod has in `deploy/kubernetes`.
const AT_MOST: usize = 128 * MEGABYTE;
/// What may be left of it: pages that the allocator keeps.
const LEFT: usize = 64 * MEGABYTE;

/// Those who behave.
struct Good<'a> {
    server: &'a Server,
    ground: &'a Ground,
    /// Those to whom no flood may do anything.
    untouched: Figures,
    /// A client that is new at the address that the strangers share: it may have to wait before it registers.
    newcomer: Figures,
    rounds: [AtomicUsize; 3],
    heard: Heard,
    over: AtomicBool,
}

/// What the kernel says of the server.
#[derive(Clone, Copy)]
struct Held {
    memory: usize,
    handles: usize,
}

/// REG-04, TK-15, T19, T20; `DROWN_SECS` says for how long, all floods together
#[test]
fn whoever_behaves_is_served_while_strangers_flood_the_server_and_nothing_of_them_is_left() {
    let (url, count) = (mcp_server::start(), u32::try_from(FLOODS.len()).unwrap());
    say("", &HEADER.map(str::to_owned));
    for floods in FLOODS.chunk_by(|one, next| one.register_per_minute == next.register_per_minute) {
        let runtime = runtime();
        let settings = [("MCP_AUTH_REGISTER_PER_MINUTE", floods[0].register_per_minute)];
        let server = runtime.block_on(Server::start(&url, &settings));
        let ground = runtime.block_on(signed_up(&server));
        for flood in floods {
            drowned_in(flood, as_long_as_asked_for() / count, &server, &ground);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test's, not of the server's")]
fn as_long_as_asked_for() -> Duration {
    Duration::from_secs(env::var("DROWN_SECS").map_or(LONG, |secs| secs.parse().expect("seconds")))
}

fn drowned_in(flood: &Flood, long: Duration, server: &Server, ground: &Ground) {
    let runtime = runtime();
    runtime.block_on(server.comes_to_rest());
    let (before, good) = (Held::by(server), Good::at(server, ground));
    let most = thread::scope(|scope| {
        scope.spawn(|| good.flooded_by(flood));
        runtime.block_on(join(good.watched(flood, long), good.go_on())).0
    });
    runtime.block_on(within("closed", async || server.handles() <= before.handles));
    let after = Held::by(server);
    let Good { untouched, newcomer, heard, .. } = &good;
    say(flood.name, &[untouched.line(), newcomer.line(), shown(before, most, after), heard.to_string()]);
    assert_served(flood, &good, long);
    let more = |now: Held| now.memory.saturating_sub(before.memory);
    assert!(more(most) < AT_MOST && more(after) < LEFT, "{}: {}", flood.name, shown(before, most, after));
    assert_eq!(server.complaints(), Vec::<String>::new(), "{}", flood.name);
}

/// A client that was there before the flood.
pub(crate) async fn signed_up(server: &Server) -> Ground {
    let figures = Figures::default();
    let walk = Walk { server, figures: &figures, proxy: proxy(), person: alice(), from: CLOUD.to_owned() };
    let client = walk.register().await.unwrap();
    let tokens = walk.sign_in(&client).await.unwrap();
    Ground { client, tokens }
}

fn assert_served(flood: &Flood, good: &Good, long: Duration) {
    let (name, Good { untouched, newcomer, heard, .. }) = (flood.name, good);
    assert!(untouched.failures().is_empty(), "{name}: {:#?}", untouched.failures());
    assert!(newcomer.failures().is_empty(), "{name}: {:#?}", newcomer.failures());
    assert_eq!(untouched.waits(), 0, "{name}: somebody waits who has done nothing");
    assert!(untouched.count("refresh") > 0 && untouched.count("register") > 0, "{name}");
    let limited = name == BEYOND_THE_LIMIT;
    assert_eq!(newcomer.waits() > 0, limited, "{name}: {}", newcomer.line());
    assert!(heard.all(flood.hear), "{name}: not all of {:?} were heard: {heard}", flood.hear);
    assert!(!heard.to_string().contains("without"), "{name}: {heard}");
    if limited {
        // So many at once, and then so many a minute; it lasts no longer than everybody's patience.
        let most = PER_MINUTE + PER_MINUTE * usize::try_from(long.max(PATIENCE).as_secs()).unwrap() / 60;
        assert!(heard.counted("201") <= most, "{name}: {heard}");
    }
}

impl<'a> Good<'a> {
    fn at(server: &'a Server, ground: &'a Ground) -> Self {
        let (untouched, newcomer, rounds, heard, over) = Default::default();
        Self { server, ground, untouched, newcomer, rounds, heard, over }
    }

    fn flooded_by(&self, kind: &Flood) {
        let knock = |number| (kind.knock)(self.ground, number);
        let strangers = flood(&self.server.address, kind.crowd, &self.heard, knock);
        runtime().block_on(select(pin!(strangers), pin!(self.over())));
    }

    async fn over(&self) {
        while !self.over.load(Ordering::SeqCst) {
            sleep(BEAT).await;
        }
    }

    /// One who was there before and is at the strangers' address, one who comes from elsewhere, and a newcomer there.
    async fn go_on(&self) {
        let neighbour = self.walk(&self.untouched, alice(), CLOUD);
        let stays = self.again_and_again(0, async |_| self.stay(&neighbour).await);
        let mut elsewhere = self.walk(&self.untouched, bob(), "");
        let comes = self.again_and_again(1, async |round| {
            elsewhere.from = format!("198.51.100.{}", round % 200);
            elsewhere.whole().await
        });
        let newcomer = self.walk(&self.newcomer, visitor(1), CLOUD);
        join3(stays, comes, self.again_and_again(2, async |_| newcomer.whole().await)).await;
    }

    fn walk(&self, figures: &'a Figures, person: Person, from: &str) -> Walk<'a> {
        Walk { server: self.server, figures, proxy: proxy(), person, from: from.to_owned() }
    }

    async fn stay(&self, walk: &Walk<'_>) -> Option<()> {
        let Ground { client, .. } = self.ground;
        let tokens = walk.sign_in(client).await?;
        walk.call(&tokens).await?;
        let tokens = walk.refresh(client, &tokens).await?;
        walk.call(&tokens).await
    }

    async fn again_and_again(&self, who: usize, mut round: impl AsyncFnMut(usize) -> Option<()>) {
        while !self.over.load(Ordering::SeqCst) {
            round(self.rounds[who].fetch_add(1, Ordering::SeqCst)).await;
            sleep(PAUSE).await;
        }
    }

    /// The most that was held at any time. Everybody gets through, however slow the machine is.
    async fn watched(&self, flood: &Flood, long: Duration) -> Held {
        let (begun, mut most) = (Instant::now(), Held::by(self.server));
        let everybody = || self.rounds.iter().all(|rounds| rounds.load(Ordering::SeqCst) > ROUNDS);
        let done = || begun.elapsed() > long && everybody() && self.heard.all(flood.hear);
        while !done() && begun.elapsed() < long.max(PATIENCE) {
            sleep(BEAT).await;
            let now = Held::by(self.server);
            most.memory = most.memory.max(now.memory);
            most.handles = most.handles.max(now.handles);
        }
        self.over.store(true, Ordering::SeqCst);
        most
    }
}

impl Held {
    fn by(server: &Server) -> Self {
        Self { memory: server.memory(), handles: server.handles() }
    }
}

fn shown(before: Held, most: Held, after: Held) -> String {
    let [before, most, after] = [before, most, after].map(|held| (held.memory / 1024, held.handles));
    format!("{:>3} {:>3} {:>3}; {:>4} {:>4} {:>4}", before.0, most.0, after.0, before.1, most.1, after.1)
}

/// Past the harness of the tests, which swallows what a good test prints.
fn say(name: &str, columns: &[String]) {
    let _ = stderr().write_all(format!("--- drowned: {name:30} | {}\n", columns.join(" | ")).as_bytes());
}
