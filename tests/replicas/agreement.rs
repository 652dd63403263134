//! Any replica answers any step for what any other made: while keys turn, with clocks apart, with settings that
//! differ for as long as a roll-out takes.

use mcp_auth_sidecar::clock::{Seconds, Timestamp};
use mcp_auth_sidecar::seal::Purpose;
use mcp_auth_sidecar::seal::keys_dir::Locked;
use mcp_auth_sidecar::seal::rotation::{Schedule, Step};

use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, Client, TestServer, Tokens, alice, with};
use crate::redis_server::{Redis, within};
use crate::replica::SOON;

/// As far apart as docs/settings.md allows.
const APART: [i64; 3] = [0, 30, 15];

/// design 4: before, between and after the steps, which replicas see one after another
#[tokio::test]
async fn any_replica_answers_for_any_other_while_keys_turn() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let servers = replicas([0, 0, 0], [[("", ""); 2]; 3], &redis, &upstream);
    while_keys_turn(&servers).await;
}

/// T35: clocks of replicas may differ by 30 seconds
#[tokio::test]
async fn any_replica_answers_for_any_other_whose_clock_is_half_a_minute_off() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let servers = replicas(APART, [[("", ""); 2]; 3], &redis, &upstream);
    while_keys_turn(&servers).await;
}

/// A roll-out: some replicas have the new settings, some do not yet
#[tokio::test]
async fn any_replica_answers_for_any_other_whose_settings_differ() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let old = [("", ""); 2];
    let new = [("MCP_AUTH_REFRESH_GRACE_SECS", "5"), ("MCP_AUTH_SCOPES", "mcp,tools:write,tools:read")];
    let shorter = [("MCP_AUTH_ACCESS_TOKEN_SECS", "600"), ("MCP_AUTH_CODE_SECS", "30")];
    let servers = replicas(APART, [old, new, shorter], &redis, &upstream);
    while_keys_turn(&servers).await;
}

/// What the new settings allow, the old ones must not trip over
#[tokio::test]
async fn a_scope_that_only_some_replicas_know_yet_ends_no_session() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let new = [("MCP_AUTH_SCOPES", "mcp,tools:write,tools:read"), ("", "")];
    let servers = replicas([0; 3], [[("", ""); 2], new, [("", ""); 2]], &redis, &upstream);
    let [old, new, _] = &servers;
    let client = new.client().await;
    let asked = with(&client.request(), "scope", "mcp tools:read");
    let page = new.authorize(&alice(), &asked).await;
    let code = new.consent(&page).await.param("code").unwrap();
    let tokens = old.token(&client.exchange(&code)).await.tokens();
    let tokens = old.refreshed(&client, &tokens.refresh).await;
    assert_eq!(call(old, &tokens).await, 200);
    let tokens = new.refreshed(&client, &tokens.refresh).await;
    assert_eq!((call(new, &tokens).await, tokens.scope.as_str()), (200, "mcp tools:read"));
}

async fn while_keys_turn(servers: &[TestServer; 3]) {
    hand_over(servers).await;
    for step in [Step::Stage, Step::Promote] {
        let made = made(servers).await;
        take(&servers[0], step, true);
        // Some have read it and some have not.
        hand_over(servers).await;
        taken(servers, &made).await;
        read_everywhere(servers).await;
        hand_over(servers).await;
    }
    let late = made(servers).await;
    servers[0].wait(8 * 86_400);
    take(&servers[0], Step::Retire, false);
    read_everywhere(servers).await;
    hand_over(servers).await;
    for (made, server) in late.iter().zip(servers.iter().cycle().skip(1)) {
        server.tokens(&made.client).await;
    }
}

/// Each step at the other one of two replicas, for all pairs and both ways.
async fn hand_over(servers: &[TestServer; 3]) {
    for maker in servers {
        for taker in servers {
            let client = maker.client().await;
            let page = taker.authorize(&alice(), &client.request()).await;
            let code = maker.consent(&page).await.param("code").unwrap();
            let tokens = taker.token(&client.exchange(&code)).await.tokens();
            let newer = maker.refreshed(&client, &tokens.refresh).await;
            assert_eq!((call(maker, &tokens).await, call(taker, &newer).await), (200, 200));
        }
    }
}

/// One of each value, before a step.
struct Made {
    client: Client,
    page: Answer,
    code: String,
    tokens: Tokens,
}

async fn made(servers: &[TestServer; 3]) -> Vec<Made> {
    let mut all = Vec::new();
    for server in servers.iter().chain(servers) {
        let client = server.client().await;
        let page = server.authorize(&alice(), &client.request()).await;
        let (code, tokens) = (server.code(&client).await, server.tokens(&client).await);
        all.push(Made { client, page, code, tokens });
    }
    all
}

/// Each by the two that did not make it.
async fn taken(servers: &[TestServer; 3], made: &[Made]) {
    for (at, Made { client, page, code, tokens }) in made.iter().enumerate() {
        let server = &servers[(at + 1 + at / 3) % 3];
        assert_eq!(call(server, tokens).await, 200, "{at}");
        assert!(server.authorize(&alice(), &client.request()).await.is_question(), "{at}");
        assert!(server.consent(page).await.param("code").is_some(), "{at}");
        server.token(&client.exchange(code)).await.tokens();
        server.refreshed(client, &tokens.refresh).await;
    }
}

fn take(server: &TestServer, step: Step, force: bool) {
    let (dir, now) = (server.home().join("keys"), Timestamp::from_secs(server.now()));
    let locked = Locked::new(&dir).unwrap();
    let rings = locked.rings().unwrap();
    for purpose in Purpose::ALL {
        // A client_id outlives every turn of its ring.
        if step == Step::Retire && purpose == Purpose::Registration {
            continue;
        }
        let schedule = Schedule::new(purpose, Seconds(7 * 86_400));
        let turned = step.take((purpose, rings.of(purpose)), schedule, force, now).unwrap();
        locked.replace(purpose, &turned).unwrap();
    }
}

/// Every replica seals with the keys that are active on disk, and publishes what is there.
async fn read_everywhere(servers: &[TestServer; 3]) {
    let rings = Locked::new(&servers[0].home().join("keys")).unwrap().rings().unwrap();
    let now = Timestamp::from_secs(servers[0].now());
    for server in servers {
        let published = async || server.get("/oauth/jwks").answer().await.json() == rings.access.jwks(now);
        within(SOON, "the JWKS", published).await;
        let active = rings.registration.active().record().kid();
        let seals = async || crate::verifier::kid(&server.client().await.id) == active;
        within(SOON, "the active key", seals).await;
    }
}

async fn call(server: &TestServer, tokens: &Tokens) -> u16 {
    server.post("/mcp").bearer_auth(&tokens.access).answer().await.status
}

fn replicas(
    ahead: [i64; 3],
    settings: [[(&'static str, &'static str); 2]; 3],
    redis: &Redis,
    upstream: &Upstream,
) -> [TestServer; 3] {
    let url = redis.url();
    let common = [
        ("MCP_AUTH_STORE", url.as_str()),
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_KEYS_POLL_SECS", "1"),
    ];
    let all = |[one, two]: [(&'static str, &'static str); 2]| [common[0], common[1], common[2], one, two];
    let first = TestServer::spawn_with(common);
    std::array::from_fn(|at| first.apart_with(ahead[at], all(settings[at])))
}
