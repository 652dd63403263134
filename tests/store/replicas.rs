//! One code, one refresh token, several replicas.

use futures_util::future::join_all;

use crate::harness::{Client, TestServer, Tokens};
use crate::redis_server::{Redis, replicas};

const CODES: usize = 1_000;

/// design 5.1: and the second use revokes what the first one got
#[tokio::test]
async fn a_code_redeemed_everywhere_at_once_is_good_for_one_and_what_it_got_is_revoked() {
    let redis = Redis::start();
    let servers = replicas(&redis);
    let client = servers[0].client().await;
    for at in 0..CODES {
        let redemption = client.exchange(&servers[at % 3].code(&client).await);
        let answers = join_all(servers.iter().map(|server| server.token(&redemption))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "code {at}: {won:?} {lost:?}");
        assert!(lost.iter().all(|answer| answer.refusal() == invalid_grant()), "code {at}: {lost:?}");
        let server = &servers[(at + 1) % 3];
        assert_eq!(refused(server, &client, &won[0].tokens().refresh).await, invalid_grant(), "code {at}");
    }
}

/// design 5.1: a failed attempt burns nothing, wherever it was made
#[tokio::test]
async fn a_code_that_was_refused_at_one_replica_is_good_at_another() {
    let redis = Redis::start();
    let [first, second, _] = replicas(&redis);
    let client = first.client().await;
    let redemption = client.exchange(&first.code(&client).await);
    let wrong = crate::harness::with(&redemption, "code_verifier", &"x".repeat(43));
    assert_eq!(first.token(&wrong).await.refusal(), invalid_grant());
    second.token(&redemption).await.tokens();
}

/// clients F24: Gemini CLI, mcp-remote, Claude's two egress addresses
#[tokio::test]
async fn a_refresh_token_used_everywhere_at_once_logs_nobody_out() {
    let redis = Redis::start();
    let servers = replicas(&redis);
    let (client, first) = signed_in(&servers[0]).await;
    let mut tokens = vec![first];
    for round in 0..10 {
        let refresh = client.refresh(&tokens[round % tokens.len()].refresh);
        let answers = join_all(servers.iter().map(|server| server.token(&refresh))).await;
        tokens = answers.iter().map(crate::harness::Answer::tokens).collect();
    }
    for (server, tokens) in servers.iter().zip(&tokens) {
        server.refreshed(&client, &tokens.refresh).await;
    }
}

/// design 5.2: a lost answer, and the next try reaches another replica
#[tokio::test]
async fn a_token_is_good_again_at_another_replica_until_its_successor_is_used() {
    let redis = Redis::start();
    let [first, second, third] = replicas(&redis);
    let (client, tokens) = signed_in(&first).await;
    second.refreshed(&client, &tokens.refresh).await;
    first.wait(86_400);
    let successor = third.refreshed(&client, &tokens.refresh).await;
    first.refreshed(&client, &successor.refresh).await;
    assert_eq!(refused(&second, &client, &tokens.refresh).await, invalid_grant());
}

/// design 5.2: a thief who asks another replica is found out all the same
#[tokio::test]
async fn a_sibling_after_the_grace_time_is_dead_everywhere_and_so_is_its_family() {
    let redis = Redis::start();
    let servers = replicas(&redis);
    let (client, tokens) = signed_in(&servers[0]).await;
    let owner = servers[0].refreshed(&client, &tokens.refresh).await;
    let thief = servers[1].refreshed(&client, &tokens.refresh).await;
    let next = servers[1].refreshed(&client, &thief.refresh).await;
    servers[0].wait(61);
    assert_dead(&servers, &client, [&owner, &next, &thief, &tokens]).await;
}

/// design 5.2
#[tokio::test]
async fn an_older_token_is_refused_and_after_the_grace_time_ends_the_family_everywhere() {
    let redis = Redis::start();
    let servers = replicas(&redis);
    let (client, first) = signed_in(&servers[0]).await;
    let second = servers[1].refreshed(&client, &first.refresh).await;
    let third = servers[2].refreshed(&client, &second.refresh).await;
    assert_eq!(refused(&servers[0], &client, &first.refresh).await, invalid_grant());
    let fourth = servers[0].refreshed(&client, &third.refresh).await;
    servers[0].wait(61);
    assert_dead(&servers, &client, [&first, &fourth, &third, &second]).await;
}

/// design 5.2: a Redis that was emptied revives nothing
#[tokio::test]
async fn when_redis_was_emptied_everybody_signs_in_again() {
    let redis = Redis::start();
    let servers = replicas(&redis);
    let (client, tokens) = signed_in(&servers[0]).await;
    let (_, revoked) = signed_in(&servers[1]).await;
    redis.asked(&["FLUSHALL"]);
    assert_dead(&servers, &client, [&tokens, &revoked]).await;
    let again = servers[2].tokens(&client).await;
    servers[0].refreshed(&client, &again.refresh).await;
}

/// design 5.1: what is kept names nobody and ends by itself
#[tokio::test]
async fn redis_holds_no_person_and_nothing_for_ever() {
    let redis = Redis::start();
    let [server, ..] = replicas(&redis);
    let (client, tokens) = signed_in(&server).await;
    let revoked = server.tokens(&client).await;
    server.revoked(&client, &revoked.access).await;
    server.refreshed(&client, &tokens.refresh).await;
    let keys = redis.asked(&["KEYS", "*"]);
    assert_eq!(keys.lines().filter(|key| key.starts_with("mcp-auth:f:")).count(), 2, "{keys}");
    for key in keys.lines() {
        // An access token does not say when its family ends, but for the life of a code.
        let longest = if key == "mcp-auth:r" { 3600 } else { 604_800 + 60 } + 60;
        let ttl: i64 = redis.asked(&["TTL", key]).trim().parse().unwrap();
        assert!((longest - 70..=longest).contains(&ttl), "{key}: {ttl}");
        assert!(key.starts_with("mcp-auth:"), "{key}");
    }
    let everything = format!(
        "{keys}{}{}",
        redis.asked(&["ZRANGE", "mcp-auth:r", "0", "-1"]),
        keys.lines().map(|key| redis.asked(&["HGETALL", key])).collect::<String>()
    );
    for personal in ["alice", "example.com", crate::harness::alice().user] {
        assert!(!everything.contains(personal), "{personal} in {everything}");
    }
}

async fn signed_in(server: &TestServer) -> (Client, Tokens) {
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    (client, tokens)
}

async fn refused(server: &TestServer, client: &Client, refresh: &str) -> (u16, String) {
    server.token(&client.refresh(refresh)).await.refusal()
}

async fn assert_dead<const N: usize>(servers: &[TestServer], client: &Client, tokens: [&Tokens; N]) {
    for token in tokens {
        for server in servers {
            assert_eq!(refused(server, client, &token.refresh).await, invalid_grant());
        }
    }
}

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}
