//! The operator's side of the load: keys and secrets turn, proxies, replicas and Redis go and come back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::deployment::Deployment;
use crate::harness::{Ask, CLAUDE, Person, alice, encoded};
use crate::mount::RINGS;
use crate::redis_server::{Redis, within};
use crate::replica::{Replica, SOON};
use crate::steps::Steps;
use crate::verifier::{Verifier, kid};

const REDIS_AWAY: Duration = Duration::from_secs(3);

/// What a roll-out changes.
pub(crate) type Configuration = [(&'static str, &'static str); 3];
pub(crate) const OLD: Configuration = [
    ("MCP_AUTH_SCOPES", "mcp,tools:write"),
    ("MCP_AUTH_ACCESS_TOKEN_SECS", "3600"),
    ("MCP_AUTH_REFRESH_GRACE_SECS", "60"),
];
pub(crate) const NEW: Configuration = [
    ("MCP_AUTH_SCOPES", "mcp,tools:write,tools:read"),
    ("MCP_AUTH_ACCESS_TOKEN_SECS", "900"),
    ("MCP_AUTH_REFRESH_GRACE_SECS", "30"),
];

pub(crate) struct Driver<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) steps: &'a Steps,
    pub(crate) verifier: &'a Verifier,
    /// How many rounds each of those who make the load has gone.
    pub(crate) rounds: &'a [AtomicUsize],
}

impl Driver<'_> {
    /// All rings, step after step; what hours stand for is waited for by name.
    pub(crate) async fn turn_keys(&self) {
        self.take(&["stage"], &RINGS);
        let staged = self.deployment.mount.kid("access", "next");
        for replica in &self.deployment.replicas {
            within(SOON, "the staged key published", async || replica.publishes(&staged).await).await;
        }
        self.assert_only_access_keys_are_published().await;
        self.verifier.read_again(&self.deployment.replicas[0]).await;
        self.take(&["promote", "--force"], &RINGS);
        for replica in &self.deployment.replicas {
            let active = self.deployment.mount.kid("registration", "active");
            within(SOON, "the promoted keys seal", async || kid(&client_id(replica).await) == active).await;
        }
        self.everybody_goes_another_round().await;
        self.take(&["retire", "--force"], &["access", "session"]);
        let kept = self.deployment.mount.try_keys(&["retire", "registration"]);
        assert!(String::from_utf8_lossy(&kept.stderr).contains("never end"), "{kept:?}");
        for replica in &self.deployment.replicas {
            let one = async || replica.jwks().await["keys"].as_array().unwrap().len() == 1;
            within(SOON, "the retired key gone", one).await;
        }
        self.assert_only_access_keys_are_published().await;
        self.steps.count("- turns of all rings");
    }

    /// Two lines, then each proxy with the new one in turn, then the new one alone.
    pub(crate) async fn turn_proxy_secret(&self) {
        let Deployment { proxies, replicas, edge, secret, .. } = self.deployment;
        let old = secret.lock().unwrap().clone();
        let new = format!("{}{:02}", &old[..old.len() - 2], old[old.len() - 2..].parse::<u8>().unwrap() + 1);
        self.deployment.accept(&[&old, &new]);
        for replica in replicas {
            within(SOON, "the new secret is good", async || is_good(replica, &new).await).await;
        }
        self.deployment.give_proxies(&new);
        for proxy in proxies {
            edge.without(&proxy.address()).await;
            proxy.restart().await;
            edge.with_everybody().await;
            self.everybody_goes_another_round().await;
            self.steps.count("- proxies restarted with another secret");
        }
        self.deployment.accept(&[&new]);
        for replica in replicas {
            within(SOON, "the old secret is not", async || !is_good(replica, &old).await).await;
        }
        secret.lock().unwrap().clone_from(&new);
        self.everybody_goes_another_round().await;
        self.steps.count("- turns of the proxies' secret");
    }

    /// Nobody is told of it.
    pub(crate) async fn kill_and_restart(&self, replica: &Replica) {
        self.steps.killing.turn();
        replica.kill();
        self.steps.killing.turn();
        self.everybody_goes_another_round().await;
        replica.begin().await;
        self.everybody_goes_another_round().await;
        self.steps.count("- replicas killed and started again");
    }

    /// As a roll-out does it: out of the balancer first, then SIGTERM.
    pub(crate) async fn roll(&self, replica: &Replica, to: &Configuration) {
        self.deployment.edge.without(replica.address()).await;
        replica.signal("-TERM");
        assert!(replica.ended(SOON).await.success());
        replica.set(to);
        replica.begin().await;
        let scopes = replica.scopes().await;
        for scope in to[0].1.split(',') {
            assert!(scopes.as_array().unwrap().contains(&json!(scope)), "{scope} is not among {scopes}");
        }
        self.deployment.edge.with_everybody().await;
        self.everybody_goes_another_round().await;
        self.steps.count("- replicas told to end and started with another configuration");
    }

    pub(crate) async fn restart_redis(&self, redis: &mut Redis) {
        self.steps.store_away.turn();
        redis.stop();
        tokio::time::sleep(REDIS_AWAY).await;
        redis.begin();
        for replica in &self.deployment.replicas {
            let answers = async || replica.readiness().await.unwrap().1.ends_with("store: answers\n");
            within(SOON, "the store answers", answers).await;
        }
        self.steps.store_away.turn();
        self.everybody_goes_another_round().await;
        self.steps.count("- restarts of Redis");
    }

    /// Whoever was under way is through, and has begun and ended once more.
    pub(crate) async fn everybody_goes_another_round(&self) {
        let gone = || self.rounds.iter().map(|rounds| rounds.load(Ordering::SeqCst)).collect::<Vec<_>>();
        let begun = gone();
        let through = async || gone().iter().zip(&begun).all(|(now, then)| *now >= then + 2);
        within(SOON, "everybody goes another round", through).await;
    }

    fn take(&self, step: &[&str], rings: &[&str]) {
        for ring in rings {
            self.deployment.mount.keys(&[&step[..1], &[ring], &step[1..]].concat());
        }
        self.deployment.mount.publish();
    }

    async fn assert_only_access_keys_are_published(&self) {
        let states = ["next", "active", "retired"];
        for replica in &self.deployment.replicas {
            for ring in ["session", "registration"] {
                for kid in states.iter().flat_map(|state| self.deployment.mount.kids(ring, state)) {
                    assert!(!replica.publishes(&kid).await, "a {ring} key is in the JWKS");
                }
            }
            assert!(!replica.jwks().await.to_string().contains("\"d\""), "a private key is in the JWKS");
        }
    }
}

pub(crate) async fn client_id(replica: &Replica) -> String {
    let metadata =
        json!({"client_name": "P", "redirect_uris": [CLAUDE], "token_endpoint_auth_method": "none"});
    let answer = replica.request(Method::POST, "/oauth/register").json(&metadata).answer().await;
    answer.field("client_id")
}

/// Where an ID token is wanted as well, it is missed next.
pub(crate) async fn is_good(replica: &Replica, secret: &str) -> bool {
    let client = crate::harness::Client { id: client_id(replica).await, redirect_uri: CLAUDE.to_owned() };
    let proxy = Person { proofs: vec![("X-Sidecar-Auth", secret.to_owned())], ..alice() };
    let path = format!("/oauth/authorize?{}", encoded(&client.request()));
    let answer = proxy.sends(replica.request(Method::GET, &path)).answer().await;
    assert!(answer.status == 200 || answer.is_refusal_page(), "{answer:?}");
    !answer.text().contains("holds another secret")
}
