//! Redis away: who must wait is told to wait, and nothing is lost.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, Form, TestServer, form};
use crate::redis_server::{Redis, readiness, replicas, replicas_with, within};
use crate::road::Road;

const SOON: Duration = Duration::from_secs(3);
/// Later than an opening may come, and sooner than anybody gives up.
const LATE: Duration = Duration::from_millis(1_400);

/// RFC 6749 §5.2 has no word for it; the authorization endpoint's is understood
#[tokio::test]
async fn without_redis_the_token_endpoint_asks_to_wait_and_burns_no_code() {
    let mut redis = Redis::start();
    let servers = replicas(&redis);
    let client = servers[0].client().await;
    let tokens = servers[0].tokens(&client).await;
    let redemption = client.exchange(&servers[0].code(&client).await);
    redis.stop();
    for server in &servers {
        assert_waits(&server.token(&redemption).await);
        assert_waits(&server.token(&client.refresh(&tokens.refresh)).await);
    }
    let revocation = form([("token", tokens.refresh.as_str()), ("client_id", client.id.as_str())]);
    assert_waits(&servers[0].post("/oauth/revoke").fields(&revocation).answer().await);
    redis.begin();
    let second = servers[1].token(&redemption).await.tokens();
    servers[2].refreshed(&client, &second.refresh).await;
    servers[2].refreshed(&client, &tokens.refresh).await;
}

/// A replica that said no to its load balancer would take the gateway with it
#[tokio::test]
async fn a_replica_without_redis_says_so_and_stays_in_service() {
    let (mut redis, upstream) = (Redis::start(), Upstream::start().await);
    let [server, ..] = replicas_with(&redis, ("MCP_AUTH_UPSTREAM", &upstream.url));
    let tokens = server.tokens(&server.client().await).await;
    assert_eq!(readiness(&server).await, (200, "ready\nstore: answers\n".to_owned()));
    redis.stop();
    let away = (200, "ready\nstore: away\n".to_owned());
    within(SOON, "away", async || readiness(&server).await == away).await;
    let answer = server.get("/mcp").bearer_auth(&tokens.access).answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    redis.begin();
    within(SOON, "back", async || readiness(&server).await.1.ends_with("answers\n")).await;
}

/// A pod may start before its Redis
#[tokio::test]
async fn a_server_starts_before_its_redis() {
    let mut redis = Redis::prepared(&[]);
    let [server, ..] = replicas(&redis);
    let client = server.client().await;
    let redemption = client.exchange(&server.code(&client).await);
    assert_waits(&server.token(&redemption).await);
    redis.begin();
    server.token(&redemption).await.tokens();
}

/// A redemption that Redis reads after we gave up does nothing, or the next try would be taken for theft
#[tokio::test]
async fn a_redemption_that_reaches_redis_late_burns_no_code() {
    let Blocked { redis, road, server, redemption } = Blocked::new().await;
    assert_waits(&server.token(&redemption).await);
    assert!(!redis.asked(&["INFO", "commandstats"]).contains("cmdstat_eval:"));
    road.clear();
    let arrived = async || redis.asked(&["INFO", "commandstats"]).contains("cmdstat_eval:calls=1,");
    within(SOON, "arrived", arrived).await;
    server.token(&redemption).await.tokens();
}

/// One that Redis reads late although somebody still waits for it
#[tokio::test]
async fn a_redemption_that_redis_answers_late_may_be_tried_again() {
    let Blocked { redis: _redis, road, server, redemption } = Blocked::new().await;
    let clears = async {
        sleep(LATE).await;
        road.clear();
    };
    let (answer, ()) = tokio::join!(server.token(&redemption), clears);
    assert_waits(&answer);
    server.token(&redemption).await.tokens();
}

/// Connections stay and nothing is answered
#[tokio::test]
async fn a_redis_that_froze_burns_no_code_when_it_thaws() {
    let redis = Redis::start();
    let [server, other, _] = replicas(&redis);
    let client = server.client().await;
    let redemption = client.exchange(&server.code(&client).await);
    let tokens = server.tokens(&client).await;
    redis.freeze();
    let begun = Instant::now();
    assert_waits(&server.token(&redemption).await);
    assert_waits(&server.token(&client.refresh(&tokens.refresh)).await);
    assert!(begun.elapsed() < 2 * SOON, "{:?}", begun.elapsed());
    redis.thaw();
    other.token(&redemption).await.tokens();
    server.refreshed(&client, &tokens.refresh).await;
}

/// A Redis that was restarted, or one that ends idle connections
#[tokio::test]
async fn a_connection_that_was_cut_is_made_anew_unnoticed() {
    let redis = Redis::start();
    let [server, ..] = replicas(&redis);
    let client = server.client().await;
    let mut tokens = server.tokens(&client).await;
    for _ in 0..5 {
        redis.asked(&["CLIENT", "KILL", "TYPE", "normal"]);
        tokens = server.refreshed(&client, &tokens.refresh).await;
        let redemption = client.exchange(&server.code(&client).await);
        redis.asked(&["CLIENT", "KILL", "TYPE", "normal"]);
        server.token(&redemption).await.tokens();
    }
}

/// design 5.1: what was spent stays spent
#[tokio::test]
async fn a_restart_of_redis_forgets_nothing() {
    let mut redis = Redis::start();
    let [first, second, _] = replicas(&redis);
    let client = first.client().await;
    let redemption = client.exchange(&first.code(&client).await);
    let tokens = first.token(&redemption).await.tokens();
    let newer = first.refreshed(&client, &tokens.refresh).await;
    let newest = second.refreshed(&client, &newer.refresh).await;
    redis.stop();
    redis.begin();
    let refused = (400, "invalid_grant".to_owned());
    assert_eq!(first.token(&client.refresh(&tokens.refresh)).await.refusal(), refused);
    let last = first.refreshed(&client, &newest.refresh).await;
    assert_eq!(second.token(&redemption).await.refusal(), refused);
    assert_eq!(first.token(&client.refresh(&last.refresh)).await.refusal(), refused);
}

/// design 3: a request that would succeed is never refused
#[tokio::test]
async fn our_own_failure_counts_against_no_client() {
    let mut redis = Redis::start();
    let url = redis.url();
    let one = ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "1");
    let server = TestServer::spawn_with([("MCP_AUTH_STORE", &url), one]);
    let client = server.client().await;
    let redemption = client.exchange(&server.code(&client).await);
    redis.stop();
    for _ in 0..3 {
        assert_waits(&server.token(&redemption).await);
    }
    let wrong = client.exchange("no-code-at-all");
    assert_eq!(server.token(&wrong).await.status, 400);
    redis.begin();
    server.token(&redemption).await.tokens();
}

/// A code may be redeemed, and the road to Redis is blocked.
struct Blocked {
    redis: Redis,
    road: Road,
    server: TestServer,
    redemption: Form,
}

impl Blocked {
    async fn new() -> Self {
        let redis = Redis::start();
        let road = Road::to(redis.socket()).await;
        let server = TestServer::spawn_with([("MCP_AUTH_STORE", &road.url)]);
        let client = server.client().await;
        let redemption = client.exchange(&server.code(&client).await);
        road.block();
        Self { redis, road, server, redemption }
    }
}

fn assert_waits(answer: &Answer) {
    assert_eq!(answer.refusal(), (503, "temporarily_unavailable".to_owned()), "{answer:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}
