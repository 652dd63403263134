//! `token inspect` asks Redis what became of a family, and changes nothing there.

use crate::harness::{Ask, Client, TestServer, Tokens, form, vars};
use crate::redis_server::Redis;
use crate::start_up::harness::Operator;
use serde_json::Value;

/// design 2: used, superseded, revoked: what the token endpoint would say, before it is asked
#[tokio::test]
async fn what_became_of_a_family_is_asked_of_redis() {
    let redis = Redis::start();
    let server = TestServer::spawn_today([("MCP_AUTH_STORE", redis.url().as_str())]);
    let client = server.client().await;
    let code = server.code(&client).await;
    assert_eq!(said(&server, &redis, &code), (true, "asked".to_owned(), String::new()));
    let tokens = server.token(&client.exchange(&code)).await.tokens();
    assert_refused(&server, &redis, &code, "it was used before");
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(said(&server, &redis, token), (true, "asked".to_owned(), String::new()));
    }
    let second = server.refreshed(&client, &tokens.refresh).await;
    assert!(said(&server, &redis, &tokens.refresh).0, "its answer may have been lost");
    server.refreshed(&client, &second.refresh).await;
    assert_refused(&server, &redis, &tokens.refresh, "a newer one was used already");
    revoke(&server, &client, &second).await;
    for token in [&tokens.access, &second.access, &second.refresh] {
        assert_refused(&server, &redis, token, "its family is revoked");
    }
}

/// Looking is no use: the token is as good as before, and Redis holds the same
#[tokio::test]
async fn a_look_changes_nothing() {
    let redis = Redis::start();
    let server = TestServer::spawn_today([("MCP_AUTH_STORE", redis.url().as_str())]);
    let client = server.client().await;
    let code = server.code(&client).await;
    for _ in 0..2 {
        assert!(said(&server, &redis, &code).0);
    }
    assert_eq!(redis.asked(&["DBSIZE"]).trim(), "0");
    let mut tokens = server.token(&client.exchange(&code)).await.tokens();
    for _ in 0..3 {
        let before = record(&redis);
        assert!(said(&server, &redis, &tokens.refresh).0);
        assert_eq!(record(&redis), before);
        tokens = server.refreshed(&client, &tokens.refresh).await;
    }
}

/// A Redis that was emptied revives nothing; one that is away is not waited for
#[tokio::test]
async fn a_redis_that_does_not_know_or_does_not_answer_is_said() {
    let mut redis = Redis::start();
    let server = TestServer::spawn_today([("MCP_AUTH_STORE", redis.url().as_str())]);
    let tokens = server.tokens(&server.client().await).await;
    redis.asked(&["FLUSHALL"]);
    assert!(said(&server, &redis, &tokens.access).0, "gateways know what is revoked and nothing else");
    assert_refused(&server, &redis, &tokens.refresh, "the store does not know its family");
    redis.freeze();
    let frozen = said(&server, &redis, &tokens.refresh);
    redis.thaw();
    redis.stop();
    for answer in [frozen, said(&server, &redis, &tokens.refresh)] {
        assert_eq!(answer, (true, "away".to_owned(), String::new()));
    }
}

async fn revoke(server: &TestServer, client: &Client, tokens: &Tokens) {
    let fields = form([("token", tokens.refresh.as_str()), ("client_id", client.id.as_str())]);
    assert_eq!(server.post("/oauth/revoke").fields(&fields).answer().await.status, 200);
}

fn record(redis: &Redis) -> String {
    let key = redis.asked(&["KEYS", "mcp-auth:f:*"]);
    redis.asked(&["HGETALL", key.trim()])
}

fn assert_refused(server: &TestServer, redis: &Redis, token: &str, reason: &str) {
    let (accepted, asked, reasons) = said(server, redis, token);
    assert!(!accepted && asked == "asked" && reasons.contains(reason), "{reason} in {reasons}");
}

/// Is it accepted, was Redis asked, and why is it refused?
fn said(server: &TestServer, redis: &Redis, token: &str) -> (bool, String, String) {
    let url = redis.url();
    let vars = vars(server.home());
    let mut settings: Vec<(&str, &str)> =
        vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    settings.extend([("MCP_AUTH_STORE", url.as_str()), ("MCP_AUTH_DEFAULT_ISSUER", "")]);
    let arguments = ["token", "inspect", "--json", "--site", "public"];
    let said = Operator::without_keys().told(&arguments, &settings, token);
    let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|_| panic!("{}", said.all()));
    let reasons = json["sites"][0]["refusals"].as_array().unwrap().iter();
    let reasons: Vec<&str> = reasons.map(|reason| reason.as_str().unwrap()).collect();
    (said.code == Some(0), json["revocation"].as_str().unwrap().to_owned(), reasons.join("; "))
}
