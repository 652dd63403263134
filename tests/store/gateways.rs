//! What one replica revoked, the gateways of the others refuse soon.

use std::time::Duration;

use crate::harness::upstream::Upstream;
use crate::harness::{Ask, Client, TestServer, form};
use crate::redis_server::{Redis, replicas_with, within};

const SOON: Duration = Duration::from_secs(2);

impl TestServer {
    pub(crate) async fn revoked(&self, client: &Client, token: &str) {
        let fields = form([("token", token), ("client_id", &client.id)]);
        let answer = self.post("/oauth/revoke").fields(&fields).answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    async fn passes(&self, access: &str) -> bool {
        let answer = self.get("/mcp").bearer_auth(access).answer().await;
        assert!([200, 401].contains(&answer.status), "{answer:?}");
        answer.status == 200
    }
}

/// design 5.14: a list that every replica reads every second
#[tokio::test]
async fn a_family_revoked_at_one_replica_is_refused_at_the_others_within_two_seconds() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let servers = replicas_with(&redis, ("MCP_AUTH_UPSTREAM", &upstream.url));
    let client = servers[0].client().await;
    for _ in 0..3 {
        let (revoked, other) = (servers[0].tokens(&client).await, servers[0].tokens(&client).await);
        for server in &servers {
            assert!(server.passes(&revoked.access).await);
        }
        servers[0].revoked(&client, &revoked.refresh).await;
        assert!(!servers[0].passes(&revoked.access).await);
        for server in &servers[1..] {
            within(SOON, "refused", async || !server.passes(&revoked.access).await).await;
            assert!(server.passes(&other.access).await);
        }
    }
}

/// design 5.1, 5.14: a replayed code ends its access tokens, too
#[tokio::test]
async fn what_a_replayed_code_got_is_refused_at_every_gateway() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let servers = replicas_with(&redis, ("MCP_AUTH_UPSTREAM", &upstream.url));
    let client = servers[0].client().await;
    let redemption = client.exchange(&servers[0].code(&client).await);
    let tokens = servers[0].token(&redemption).await.tokens();
    assert!(servers[2].passes(&tokens.access).await);
    assert_eq!(servers[1].token(&redemption).await.status, 400);
    for server in &servers {
        within(SOON, "refused", async || !server.passes(&tokens.access).await).await;
    }
}

/// design 5.14: store away or emptied: the last list stays, and a metric says so
#[tokio::test]
async fn a_gateway_that_cannot_read_the_list_keeps_the_last_one_and_a_metric_says_so() {
    let (mut redis, upstream) = (Redis::start(), Upstream::start().await);
    let [first, second, _] = replicas_with(&redis, ("MCP_AUTH_UPSTREAM", &upstream.url));
    let client = first.client().await;
    let (revoked, good) = (first.tokens(&client).await, first.tokens(&client).await);
    first.revoked(&client, &revoked.access).await;
    within(SOON, "refused", async || !second.passes(&revoked.access).await).await;
    assert_eq!(metric(&second, "mcp_auth_store_away").await, 0);
    redis.asked(&["FLUSHALL"]);
    first.wait(10);
    let now = second.now();
    let read_again = async || metric(&second, "mcp_auth_revocations_read_timestamp_seconds").await == now;
    within(SOON, "read again", read_again).await;
    assert!(!second.passes(&revoked.access).await);
    redis.stop();
    within(SOON, "away", async || metric(&second, "mcp_auth_store_away").await == 1).await;
    first.wait(10);
    assert!(!second.passes(&revoked.access).await && second.passes(&good.access).await);
    assert_eq!(metric(&second, "mcp_auth_revocations_read_timestamp_seconds").await, now);
}

/// design 5.14: for as long as an access token could live, by any clock of ours
#[tokio::test]
async fn a_revoked_family_is_listed_for_an_access_tokens_life() {
    let (redis, upstream) = (Redis::start(), Upstream::start().await);
    let [first, second, _] = replicas_with(&redis, ("MCP_AUTH_UPSTREAM", &upstream.url));
    let client = first.client().await;
    let listed = async || redis.asked(&["ZCARD", "mcp-auth:r"]).trim().to_owned();
    let tokens = [first.tokens(&client).await, first.tokens(&client).await, first.tokens(&client).await];
    first.revoked(&client, &tokens[0].refresh).await;
    first.wait(3600 + 59);
    second.revoked(&client, &tokens[1].refresh).await;
    assert_eq!(listed().await, "2");
    first.wait(2);
    second.revoked(&client, &tokens[2].refresh).await;
    assert_eq!(listed().await, "2");
}

async fn metric(server: &TestServer, name: &str) -> i64 {
    let text = server.admin("/metrics").answer().await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}
