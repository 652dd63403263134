//! What was made before many rotations, and what ends with a key.

use mcp_auth_sidecar::clock::Clock;
use reqwest::Method;

use crate::driver::client_id;
use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, CLAUDE, Client, Tokens, alice, encoded, form};
use crate::mount::{Mount, RINGS};
use crate::redis_server::within;
use crate::replica::{Replica, SOON};
use crate::verifier::{Verifier, kid};

const TURNS: usize = 10;
/// So long a retired key is still good, in a test that waits for its end.
const REST: i64 = 4;

/// REG-31
#[tokio::test]
async fn a_client_registered_before_ten_rotations_of_every_ring_works_and_stays_signed_in() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = unhurried(&mount, &upstream).await;
    let (client, mut tokens) = signed_in(&replica).await;
    let mut kids = vec![kid(&tokens.access)];
    for _ in 0..TURNS {
        turn(&mount, &replica).await;
        let newer = refresh(&replica, &client, &tokens).await.tokens();
        assert_eq!(call(&replica, &tokens).await, 200, "signed by a retired key");
        assert_eq!(call(&replica, &newer).await, 200);
        kids.push(kid(&newer.access));
        tokens = newer;
        for ring in ["access", "session"] {
            mount.keys(&["retire", ring, "--force"]);
        }
        read_by(&mount, &replica).await;
    }
    kids.sort();
    kids.dedup();
    assert_eq!((kids.len(), mount.kids("registration", "retired").len()), (TURNS + 1, TURNS));
    let again = sign_in(&replica, &client).await;
    assert_eq!(call(&replica, &again).await, 200);
}

/// JWK-07: until its date and not after, at the gateway and for whoever reads the JWKS
#[tokio::test]
async fn a_token_signed_by_a_retired_key_is_good_until_the_key_ends_and_not_after() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = unhurried(&mount, &upstream).await;
    let (client, old) = signed_in(&replica).await;
    let verifier = Verifier::new(&replica).await;
    turn(&mount, &replica).await;
    verifier.read_again(&replica).await;
    let end = Clock::system().now().as_secs() + REST;
    for ring in ["access", "session"] {
        mount.retired_end_at(ring, end);
    }
    read_by(&mount, &replica).await;
    let new = refresh(&replica, &client, &old).await.tokens();
    let mut good = 0;
    loop {
        let (began, status, known) = (
            Clock::system().now().as_secs(),
            call(&replica, &old).await,
            replica.publishes(&kid(&old.access)).await,
        );
        let ended = Clock::system().now().as_secs();
        if ended < end {
            assert!(status == 200 && known && verifier.verify(&old.access).is_ok(), "before its end");
            good += 1;
        } else if began >= end {
            assert!(status == 401 && !known, "after its end: {status}");
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(good > 0, "too slow to tell");
    verifier.read_again(&replica).await;
    assert!(verifier.verify(&old.access).unwrap_err().starts_with("unknown kid"));
    assert!(verifier.verify(&new.access).is_ok());
    assert_eq!(refresh(&replica, &client, &old).await.refusal(), (400, "invalid_grant".to_owned()));
    assert_eq!(refresh(&replica, &client, &new).await.status, 200);
    // Without force, since its time is over.
    mount.keys(&["retire", "access"]);
    mount.keys(&["retire", "session"]);
}

/// docs/keys.md: what a leaked registration key costs
#[tokio::test]
async fn when_a_registration_key_is_forgotten_its_clients_are_unknown_and_others_are_not() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = unhurried(&mount, &upstream).await;
    let (old, tokens) = signed_in(&replica).await;
    turn(&mount, &replica).await;
    let (new, _) = signed_in(&replica).await;
    mount.keys(&["retire", "registration", "--force"]);
    read_by(&mount, &replica).await;
    let asked = async |client: &Client| authorize(&replica, client).await;
    assert!(asked(&old).await.is_refusal_page() && asked(&new).await.is_question());
    assert_eq!(refresh(&replica, &old, &tokens).await.refusal(), (401, "invalid_client".to_owned()));
}

/// JWK-07: accept first, use later; a cache that is read again between stage and promote knows every token
#[tokio::test]
async fn a_verifier_that_reads_the_jwks_between_stage_and_promote_meets_no_unknown_key() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let replica = unhurried(&mount, &upstream).await;
    let (client, mut tokens) = signed_in(&replica).await;
    let verifier = Verifier::new(&replica).await;
    for _ in 0..3 {
        mount.keys(&["stage", "access"]);
        read_by(&mount, &replica).await;
        tokens = refresh(&replica, &client, &tokens).await.tokens();
        verifier.verify(&tokens.access).unwrap();
        verifier.read_again(&replica).await;
        mount.keys(&["promote", "access", "--force"]);
        read_by(&mount, &replica).await;
        let newer = refresh(&replica, &client, &tokens).await.tokens();
        assert_ne!(kid(&newer.access), kid(&tokens.access));
        verifier.verify(&newer.access).unwrap();
        verifier.verify(&tokens.access).unwrap();
        tokens = newer;
    }
}

/// docs/keys.md: servers look at the directory when somebody names a key they do not know
#[tokio::test]
async fn a_replica_that_was_not_told_of_new_keys_takes_what_they_sealed() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let told = unhurried(&mount, &upstream).await;
    for first in RINGS {
        // Memory is no store that replicas share, but a family that was not met before is taken as fresh.
        let untold = unhurried(&mount, &upstream).await;
        let before = signed_in(&untold).await;
        turn(&mount, &told).await;
        let (client, tokens) = signed_in(&told).await;
        match first {
            "access" => assert_eq!(call(&untold, &tokens).await, 200),
            "session" => drop(
                refresh(&untold, &before.0, &refresh(&told, &before.0, &before.1).await.tokens())
                    .await
                    .tokens(),
            ),
            _ => assert!(authorize(&untold, &client).await.is_question()),
        }
        assert_eq!(kid(&client_id(&untold).await), mount.kid("registration", "active"), "all rings at once");
    }
}

/// docs/keys.md: also when a stranger's key made the server look
#[tokio::test]
async fn new_keys_that_an_unknown_one_made_a_replica_read_are_told_of() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let (replica, stranger) = (unhurried(&mount, &upstream).await, stranger().await);
    mount.keys(&["stage", "access"]);
    mount.publish();
    assert!(authorize(&replica, &stranger).await.is_refusal_page());
    assert!(replica.publishes(&mount.kid("access", "next")).await);
    replica.signal("-HUP");
    let told = async || replica.said().contains("keys reloaded");
    within(SOON / 4, "told of", told).await;
}

/// docs/keys.md: a bad set counts, and one error is logged, also when a stranger's key made the server look
#[tokio::test]
async fn broken_keys_that_an_unknown_one_made_a_replica_read_are_told_of() {
    let (mount, upstream) = (Mount::new(), Upstream::start().await);
    let (replica, stranger) = (unhurried(&mount, &upstream).await, stranger().await);
    mount.spoil("session");
    mount.publish();
    assert!(authorize(&replica, &stranger).await.is_refusal_page());
    replica.signal("-HUP");
    let failed = "mcp_auth_file_failures_total{file=\"keys\"} 1";
    within(SOON / 4, "counted", async || replica.metrics().await.contains(failed)).await;
    let told = || replica.said().matches("the key rings are broken").count();
    within(SOON / 4, "told of", async || told() > 0).await;
    assert_eq!(told(), 1);
}

/// A client of a server with other keys.
async fn stranger() -> Client {
    let other = Replica::start(&Mount::new(), &[]).await;
    signed_in(&other).await.0
}

/// It looks at the directory when it is told to.
async fn unhurried(mount: &Mount, upstream: &Upstream) -> Replica {
    Replica::start(mount, &[("MCP_AUTH_UPSTREAM", &upstream.url), ("MCP_AUTH_KEYS_POLL_SECS", "3600")]).await
}

async fn turn(mount: &Mount, replica: &Replica) {
    for step in [&["stage"][..], &["promote", "--force"]] {
        for ring in RINGS {
            mount.keys(&[&step[..1], &[ring], &step[1..]].concat());
        }
        read_by(mount, replica).await;
    }
    let registration = mount.kid("registration", "active");
    assert_eq!(kid(&client_id(replica).await), registration);
}

/// Shows the directory to the replica; its log says when it has read it.
async fn read_by(mount: &Mount, replica: &Replica) {
    let reloads = || replica.said().matches("keys reloaded").count();
    let before = reloads();
    mount.publish();
    replica.signal("-HUP");
    within(SOON, "read", async || reloads() > before).await;
}

pub(crate) async fn signed_in(replica: &Replica) -> (Client, Tokens) {
    let client = Client { id: client_id(replica).await, redirect_uri: CLAUDE.to_owned() };
    let tokens = sign_in(replica, &client).await;
    (client, tokens)
}

async fn sign_in(replica: &Replica, client: &Client) -> Tokens {
    let page = authorize(replica, client).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    let consent =
        alice().sends(replica.request(Method::POST, "/oauth/consent").fields(&fields)).answer().await;
    let code = consent.param("code").unwrap();
    replica.request(Method::POST, "/oauth/token").fields(&client.exchange(&code)).answer().await.tokens()
}

async fn authorize(replica: &Replica, client: &Client) -> Answer {
    let path = format!("/oauth/authorize?{}", encoded(&client.request()));
    alice().sends(replica.request(Method::GET, &path)).answer().await
}

async fn refresh(replica: &Replica, client: &Client, tokens: &Tokens) -> Answer {
    replica.request(Method::POST, "/oauth/token").fields(&client.refresh(&tokens.refresh)).answer().await
}

pub(crate) async fn call(replica: &Replica, tokens: &Tokens) -> u16 {
    replica.request(Method::POST, "/mcp").bearer_auth(&tokens.access).body("{}").answer().await.status
}
