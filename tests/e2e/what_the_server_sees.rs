//! What the MCP server sees: who it is by the token, and nothing that a client could forge, however it is spelt.

use std::{fmt, fs, thread};

use crate::{
    echo::Seen,
    guarded::{Guarded, ROADS, guarded},
    real_server::RealServer,
    spellings::{FIRST_NAMES, FORGED, Forgery, INNOCENT, NAMES, forgeries},
    wire::{exchange, insist},
};

/// Every name that says who somebody is or which way a request took, as the most careless server reads it.
const OF_IDENTITY: [&str; 22] = [
    "cf-access-",
    "cf-connecting-ip",
    "forwarded",
    "gap-",
    "remote-",
    "tailscale-",
    "true-client-ip",
    "x-amzn-oidc-",
    "x-auth-request-",
    "x-authenticated-",
    "x-client-ip",
    "x-forwarded",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-original-",
    "x-pomerium-",
    "x-real-ip",
    "x-remote-",
    "x-rewrite-",
    "x-sidecar-",
    "x-webauth-",
];

/// What became of a forgery.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The request was turned away.
    Refused,
    /// The request arrived as if the client had not forged anything.
    Removed,
    /// It did not, or not in order.
    Through(String),
}

/// How all of them went on one road.
struct Tally {
    road: &'static str,
    outcomes: Vec<Outcome>,
}

// PX-01, PX-02, T18
#[tokio::test]
async fn nothing_that_a_client_forges_gets_through_in_any_spelling() {
    let (ground, real) = (guarded().await, RealServer::start().await);
    let all = forgeries(&NAMES);
    let mut tallies: Vec<_> = ROADS
        .map(|road| Tally::of(road, &all, |number, forgery| attempt(ground, road, number, forgery)))
        .into();
    tallies.push(Tally::of("to a FastMCP server", &forgeries(&FIRST_NAMES), |number, forgery| {
        real.attempt(number, forgery)
    }));
    println!("\n{}", Table(&tallies));
    for tally in &tallies {
        assert_eq!(tally.through().first(), None, "{}: {} of them", tally.road, tally.through().len());
        assert!(
            tally.count(&Outcome::Removed) > tally.outcomes.len() / 2,
            "{}: most must arrive",
            tally.road
        );
    }
    page_says(&tallies);
}

/// What `Connection` names is between two neighbours; it cannot take away what the gateway says.
#[tokio::test]
async fn a_connection_header_takes_away_nothing_that_the_gateway_says() {
    let ground = guarded().await;
    for (number, (option, straight, proxied)) in [
        ("Authorization", 200, 401),
        ("close, authorization", 200, 401),
        ("Mcp-Session-Id", 200, 200),
        ("Content-Type, Accept", 200, 200),
        ("Content-Length", 200, 200),
        ("Transfer-Encoding", 200, 200),
        ("Host", 200, 200),
        ("Connection", 200, 200),
        ("X-Forwarded-User, X-Forwarded-Email, X-Forwarded-Scope, X-Forwarded-For", 200, 200),
        ("x_forwarded_user, X.Forwarded.Email", 200, 200),
        ("*", 200, 200),
        ("", 200, 200),
        (",,;=, \"", 200, 200),
    ]
    .into_iter()
    .enumerate()
    {
        for (road, status) in ROADS.into_iter().zip([straight, proxied]) {
            let target = format!("/mcp?connection={number}-{}", road.replace(' ', "-"));
            let usual = format!("Authorization: Bearer {}\r\nConnection: {option}\r\n", ground.tokens.mcp);
            let request = Forgery::nothing().request(&target, &ground.host, &usual, "{}");
            assert_eq!(insist(ground.port(road), &request)[0].status, status, "{road}, Connection: {option}");
            for seen in ground.echo.seen_at(&target) {
                assert_eq!(said_of_identity(&seen), identity(ground), "{road}, Connection: {option}");
                assert_eq!(seen.body, "{}", "{road}, Connection: {option}");
            }
            let nothing = ground.echo.seen_at(&target).is_empty();
            assert_eq!(nothing, status != 200, "{road}, Connection: {option}");
        }
    }
}

impl Tally {
    /// Several at a time.
    fn of(
        road: &'static str,
        forgeries: &[Forgery],
        attempt: impl Fn(usize, &Forgery) -> Option<Outcome> + Sync,
    ) -> Self {
        let numbered: Vec<_> = forgeries.iter().enumerate().collect();
        // oauth2-proxy may cut an answer off, see `mcp.rs`; a second time it is no accident.
        let attempt = |(number, forgery): &(usize, &Forgery)| {
            let outcome = attempt(*number, forgery).or_else(|| attempt(number + forgeries.len(), forgery));
            outcome.unwrap_or_else(|| Outcome::Through(format!("no answer: {forgery:?}")))
        };
        let outcomes = thread::scope(|all| {
            let parts = numbered.chunks(numbered.len().div_ceil(8));
            let threads: Vec<_> =
                parts.map(|part| all.spawn(|| part.iter().map(attempt).collect::<Vec<_>>())).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        Self { road, outcomes }
    }

    fn through(&self) -> Vec<&Outcome> {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Through(_))).collect()
    }

    fn count(&self, outcome: &Outcome) -> usize {
        self.outcomes.iter().filter(|other| *other == outcome).count()
    }
}

/// None: without an answer.
fn attempt(ground: &Guarded, road: &str, number: usize, forgery: &Forgery) -> Option<Outcome> {
    let target = format!("/mcp?forged={number}-{}", road.replace(' ', "-"));
    let usual = format!("Authorization: Bearer {}\r\n", ground.tokens.mcp);
    let replies = exchange(ground.port(road), &forgery.request(&target, &ground.host, &usual, "{}"));
    let seen = ground.echo.seen_at(&target);
    Some(match (seen.as_slice(), replies.first()?.status) {
        ([], 300..500) => Outcome::Refused,
        ([seen], 200) if is_clean(ground, seen) => Outcome::Removed,
        _ => Outcome::Through(format!("{}, {}: {seen:?} {replies:?}", forgery.name, forgery.spelling)),
    })
}

/// The token's identity, each part once, and nothing beside it.
fn is_clean(ground: &Guarded, seen: &Seen) -> bool {
    said_of_identity(seen) == identity(ground)
        && seen.values("authorization") == [format!("Bearer {}", ground.tokens.mcp)]
        && seen.body == "{}"
        && seen
            .headers
            .iter()
            .all(|(name, value)| name == INNOCENT && is_one_line(value) || !value.contains(FORGED))
        && seen.trailers.is_empty()
}

fn is_one_line(value: &str) -> bool {
    !value.contains(char::is_control)
}

fn said_of_identity(seen: &Seen) -> Vec<(String, String)> {
    let read = |name: &str| name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let mut said = seen.headers.clone();
    said.retain(|(name, _)| OF_IDENTITY.iter().any(|prefix| read(name).starts_with(prefix)));
    said.sort();
    said
}

/// What the gateway says for the token of Alice's.
fn identity(ground: &Guarded) -> Vec<(String, String)> {
    [
        ("x-forwarded-email", "alice@example.com"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", &ground.host),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-scope", "mcp"),
        ("x-forwarded-user", "1001"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The figures of the page are those of this run.
fn page_says(tallies: &[Tally]) {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/between.md")).unwrap();
    let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
    let tried: usize = tallies.iter().map(|tally| tally.outcomes.len()).sum();
    let spellings = tallies[0].outcomes.len() / NAMES.len();
    let through: usize = tallies.iter().map(|tally| tally.through().len()).sum();
    let sentence = format!(
        "It tries {tried} forgeries, {} names in {spellings} spellings, straight at the sidecar, through oauth2-proxy \
         and to a FastMCP server: {through} get through.",
        NAMES.len()
    );
    assert!(page.contains(&sentence), "the README does not say: {sentence}");
}

struct Table<'a>(&'a [Tally]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "forged headers          tried  refused  removed  got through")?;
        self.0.iter().try_for_each(|tally| {
            let (tried, refused) = (tally.outcomes.len(), tally.count(&Outcome::Refused));
            let (removed, through) = (tally.count(&Outcome::Removed), tally.through().len());
            writeln!(f, "{:<22} {tried:>6} {refused:>8} {removed:>8} {through:>12}", tally.road)
        })
    }
}
