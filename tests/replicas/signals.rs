//! What a replica does when it is told to end, to end at once, and to read its files again.

use std::fs;
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use tokio::time::timeout;

use crate::driver::{client_id, is_good};
use crate::harness::upstream::Upstream;
use crate::mount::{Mount, RINGS};
use crate::redis_server::within;
use crate::replica::{Replica, SOON};
use crate::turns::{call, signed_in};
use crate::verifier::kid;

const DRAIN: Duration = Duration::from_secs(3);

/// design 3: the drain time
#[tokio::test]
async fn a_replica_that_is_told_to_end_leaves_the_balancer_and_lets_streams_live_for_the_drain_time() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = draining(&mount, &upstream, "3").await;
    let mut stream = opened(&replica).await;
    replica.signal("-TERM");
    let told = Instant::now();
    let ending = async || replica.readiness().await.is_some_and(|(status, _)| status == 503);
    within(SOON, "out of the balancer", ending).await;
    upstream.events.send("data: 1\n\n").await.unwrap();
    let event = timeout(SOON, stream.chunk()).await.unwrap().unwrap().unwrap();
    assert_eq!(event, "data: 1\n\n");
    assert!(told.elapsed() < DRAIN, "too slow to tell: {:?}", told.elapsed());
    let status = replica.ended(SOON).await;
    assert!(status.success(), "{status}");
    let lived = told.elapsed();
    assert!((DRAIN.mul_f32(0.9)..3 * DRAIN).contains(&lived), "{lived:?}");
    assert!(!matches!(timeout(SOON, stream.chunk()).await.unwrap(), Ok(Some(_))), "it lives on");
}

/// Calls before it left connections to the MCP server, which the workers share; the first worker to end must not
/// take them along.
#[tokio::test]
async fn a_stream_on_a_connection_that_a_call_opened_lives_for_the_drain_time_too() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = draining(&mount, &upstream, "3").await;
    let tokens = signed_in(&replica).await.1;
    for _ in 0..3 {
        assert_eq!(call(&replica, &tokens).await, 200);
    }
    let mut stream = opened(&replica).await;
    replica.signal("-TERM");
    let ending = async || replica.readiness().await.is_some_and(|(status, _)| status == 503);
    within(SOON, "out of the balancer", ending).await;
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        tokio::time::sleep(DRAIN / 4).await;
        upstream.events.send(event).await.expect("an upstream that is still asked");
        assert_eq!(timeout(SOON, stream.chunk()).await.unwrap().unwrap().unwrap(), event);
    }
}

/// Without a stream there is nothing to wait for
#[tokio::test]
async fn a_replica_that_has_nothing_to_do_ends_when_it_is_told() {
    let mount = Mount::new();
    let replica = Replica::start(&mount, &[("MCP_AUTH_DRAIN_SECS", "60")]).await;
    client_id(&replica).await;
    replica.signal("-TERM");
    assert!(replica.ended(SOON).await.success());
}

/// A person at a terminal who presses Ctrl-C twice
#[tokio::test]
async fn a_second_signal_ends_a_replica_at_once() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = draining(&mount, &upstream, "60").await;
    let _stream = opened(&replica).await;
    replica.signal("-TERM");
    let ending = async || replica.readiness().await.is_some_and(|(status, _)| status == 503);
    within(SOON, "out of the balancer", ending).await;
    replica.signal("-TERM");
    let status = replica.ended(SOON).await;
    assert!(status.success(), "{status}");
}

/// design 4
#[tokio::test]
async fn a_hangup_makes_keys_and_secrets_be_read_at_once() {
    let mount = Mount::new();
    let replica = Replica::start(&mount, &[("MCP_AUTH_KEYS_POLL_SECS", "3600")]).await;
    for ring in RINGS {
        mount.keys(&["stage", ring]);
        mount.keys(&["promote", ring, "--force"]);
    }
    mount.publish();
    let secret = "a-new-secret-of-the-proxy-and-the-sidecar";
    fs::write(mount.home().join("proxy-secret"), secret).unwrap();
    assert!(!is_good(&replica, secret).await);
    let (access, registration) = (mount.kid("access", "active"), mount.kid("registration", "active"));
    assert!(!replica.publishes(&access).await && kid(&client_id(&replica).await) != registration);
    replica.signal("-HUP");
    within(SOON, "published", async || replica.publishes(&access).await).await;
    assert_eq!(kid(&client_id(&replica).await), registration);
    within(SOON, "the new secret is good", async || is_good(&replica, secret).await).await;
    within(SOON, "told of", async || replica.said().contains("keys reloaded")).await;
}

async fn draining(mount: &Mount, upstream: &Upstream, secs: &str) -> Replica {
    Replica::start(mount, &[("MCP_AUTH_UPSTREAM", &upstream.url), ("MCP_AUTH_DRAIN_SECS", secs)]).await
}

/// An SSE stream whose head has come.
async fn opened(replica: &Replica) -> Response {
    let tokens = signed_in(replica).await.1;
    let request = replica.request(Method::GET, "/mcp/events").bearer_auth(&tokens.access);
    let response = timeout(SOON, request.send()).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    response
}
