//! The operator's side of the load: keys and secrets turn, replicas and Redis go and come back.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::front::Front;
use crate::harness::{Ask, CLAUDE, Person, alice, encoded};
use crate::mount::{Mount, RINGS};
use crate::redis_server::{Redis, within};
use crate::replica::{Replica, SOON};
use crate::verifier::{Verifier, kid};

const REDIS_AWAY: Duration = Duration::from_secs(2);

pub(crate) struct Driver<'a> {
    pub(crate) mount: &'a Mount,
    pub(crate) front: &'a Front,
    pub(crate) verifier: &'a Verifier,
    /// How many rounds each of those who make the load has gone.
    pub(crate) rounds: &'a [AtomicUsize],
}

impl Driver<'_> {
    /// All rings, step after step; what hours stand for is waited for by name.
    pub(crate) async fn turn_keys(&self) {
        self.take(&["stage"], &RINGS);
        let staged = self.mount.kid("access", "next");
        for replica in &self.front.replicas {
            within(SOON, "the staged key published", async || replica.publishes(&staged).await).await;
        }
        self.assert_only_access_keys_are_published().await;
        self.verifier.read_again(&self.front.replicas[0]).await;
        self.take(&["promote", "--force"], &RINGS);
        for replica in &self.front.replicas {
            let active = self.mount.kid("registration", "active");
            within(SOON, "the promoted keys seal", async || kid(&client_id(replica).await) == active).await;
        }
        self.everybody_goes_another_round().await;
        self.take(&["retire", "--force"], &["access", "session"]);
        let kept = self.mount.try_keys(&["retire", "registration"]);
        assert!(String::from_utf8_lossy(&kept.stderr).contains("never end"), "{kept:?}");
        for replica in &self.front.replicas {
            let one = async || replica.jwks().await["keys"].as_array().unwrap().len() == 1;
            within(SOON, "the retired key gone", one).await;
        }
        self.assert_only_access_keys_are_published().await;
        self.front.count("- turns of all rings");
    }

    /// Two lines, then the new one alone; the proxies change in between.
    pub(crate) async fn turn_proxy_secret(&self) {
        let old = self.front.secret.lock().unwrap().clone();
        let new = format!("{}{:02}", &old[..old.len() - 2], old[old.len() - 2..].parse::<u8>().unwrap() + 1);
        self.write_secret(&format!("{old}\n{new}\n"));
        for replica in &self.front.replicas {
            within(SOON, "the new secret is good", async || is_good(replica, &new).await).await;
        }
        self.front.secret.lock().unwrap().clone_from(&new);
        self.everybody_goes_another_round().await;
        self.write_secret(&format!("{new}\n"));
        for replica in &self.front.replicas {
            within(SOON, "the old secret is not", async || !is_good(replica, &old).await).await;
        }
        self.front.count("- turns of the proxy's secret");
    }

    pub(crate) async fn kill_and_restart(&self, replica: &Replica) {
        replica.down.turn();
        replica.kill();
        self.everybody_goes_another_round().await;
        replica.begin().await;
        replica.down.turn();
        self.front.count("- replicas killed and started again");
    }

    /// SIGTERM, as a roll-out does it.
    pub(crate) async fn roll(&self, replica: &Replica) {
        replica.leaving.turn();
        replica.signal("-TERM");
        assert!(replica.ended(SOON).await.success());
        replica.begin().await;
        replica.leaving.turn();
        self.front.count("- replicas told to end and started again");
    }

    pub(crate) async fn restart_redis(&self, redis: &mut Redis) {
        self.front.store_away.turn();
        redis.stop();
        tokio::time::sleep(REDIS_AWAY).await;
        redis.begin();
        for replica in &self.front.replicas {
            let answers = async || replica.readiness().await.unwrap().1.ends_with("store: answers\n");
            within(SOON, "the store answers", answers).await;
        }
        self.front.store_away.turn();
        self.everybody_goes_another_round().await;
        self.front.count("- restarts of Redis");
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
            self.mount.keys(&[&step[..1], &[ring], &step[1..]].concat());
        }
        self.mount.publish();
    }

    async fn assert_only_access_keys_are_published(&self) {
        let states = ["next", "active", "retired"];
        for replica in &self.front.replicas {
            for ring in ["session", "registration"] {
                for kid in states.iter().flat_map(|state| self.mount.kids(ring, state)) {
                    assert!(!replica.publishes(&kid).await, "a {ring} key is in the JWKS");
                }
            }
            assert!(!replica.jwks().await.to_string().contains("\"d\""), "a private key is in the JWKS");
        }
    }

    fn write_secret(&self, text: &str) {
        let aside = self.mount.home().join("proxy-secret.new");
        fs::write(&aside, text).unwrap();
        fs::rename(aside, self.mount.home().join("proxy-secret")).unwrap();
    }
}

pub(crate) async fn client_id(replica: &Replica) -> String {
    let metadata =
        json!({"client_name": "P", "redirect_uris": [CLAUDE], "token_endpoint_auth_method": "none"});
    let answer = replica.request(Method::POST, "/oauth/register").json(&metadata).answer().await;
    answer.field("client_id")
}

pub(crate) async fn is_good(replica: &Replica, secret: &str) -> bool {
    let client = crate::harness::Client { id: client_id(replica).await, redirect_uri: CLAUDE.to_owned() };
    let proxy = Person { proofs: vec![("X-Sidecar-Auth", secret.to_owned())], ..alice() };
    let path = format!("/oauth/authorize?{}", encoded(&client.request()));
    let answer = proxy.sends(replica.request(Method::GET, &path)).answer().await;
    assert!(answer.status == 200 || answer.is_refusal_page(), "{answer:?}");
    answer.status == 200
}
