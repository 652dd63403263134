//! From the job to the tokens: what it does to the Secret, a running server reads from its mounted copy.

use std::time::{Duration, Instant};

use jsonwebtoken::decode_header;

use crate::harness::{Answer, Ask, TestServer};
use crate::job::{DAY, Job};
use crate::kubelet::Mount;

const PATIENCE: Duration = Duration::from_mins(1);

/// JWK-07
#[tokio::test]
async fn a_key_that_the_job_stages_is_published_first_signs_once_it_is_promoted_and_goes_when_it_is_over() {
    let job = Job::installed("mounted");
    let mount = Mount::of(&job.secret());
    let dir = mount.path().to_str().unwrap();
    let server = TestServer::spawn_today([("MCP_AUTH_KEYS_DIR", dir), ("MCP_AUTH_KEYS_POLL_SECS", "1")]);
    let client = server.client().await;
    let (first, old) = (server.tokens(&client).await.access, job.kid("access", "active"));
    assert_eq!(published(&server).await, [old.as_str()]);

    night(&job, &mount, 29 * DAY, "access: a key is staged");
    let new = job.kid("access", "next");
    until(async || published(&server).await.contains(&new)).await;
    assert_eq!(kid(&server.tokens(&client).await.access), old, "it signs nothing yet");

    night(&job, &mount, DAY, "access: the staged key seals");
    until(async || kid(&server.tokens(&client).await.access) == new).await;
    assert!(published(&server).await.contains(&old));
    assert_eq!(verified(&server, &first).await.status, 200, "what the old one signed is good");

    night(&job, &mount, DAY, "access: retired keys are forgotten");
    until(async || published(&server).await == [new.as_str()]).await;
    assert_eq!(verified(&server, &first).await.status, 401);
}

/// So much later the job runs, and the kubelet sees what it did.
fn night(job: &Job, mount: &Mount, later: i64, done: &str) {
    job.age("access", later);
    job.assert_says(&job.runs(), 0, done);
    mount.show(&job.secret());
}

async fn published(server: &TestServer) -> Vec<String> {
    let keys = server.get("/oauth/jwks").answer().await.json()["keys"].take();
    keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn verified(server: &TestServer, token: &str) -> Answer {
    server.get("/oauth/verify/mcp").bearer_auth(token).answer().await
}

async fn until(holds: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "the server reads nothing new");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}
