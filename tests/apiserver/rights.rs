//! What the job may do under its own service account, and that nothing else is open to it.

use std::thread;
use std::time::{Duration, Instant};

use crate::job::{DAY, Job, NAME, said, sidecar};
use crate::templates::admitted;

const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_job_turns_the_rings_by_its_own_token_and_changes_nothing_else() {
    let job = Job::installed("rights-done");
    job.age("session", 8 * DAY);
    let before = job.secret();
    job.assert_says(&job.runs(), 0, "session: a key is staged");
    assert_eq!(job.states("session"), ["active", "next"]);
    let mut after = job.secret();
    assert_ne!(after["data"]["session.json"], before["data"]["session.json"]);
    after["data"]["session.json"] = before["data"]["session.json"].clone();
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    assert_eq!(after, before);
}

#[test]
fn with_nothing_due_nothing_is_written() {
    let job = Job::installed("rights-idle");
    let before = job.secret();
    job.assert_says(&job.runs(), 0, "access: nothing is due");
    assert_eq!(job.secret(), before);
}

#[test]
fn another_secret_is_forbidden_here_and_elsewhere() {
    let job = Job::installed("rights-others");
    job.kubectl(&["create", "secret", "generic", "oauth2-proxy", "--from-literal=client-secret=theirs"]);
    job.cluster.namespace("rights-elsewhere");
    for secret in ["rights-others/oauth2-proxy", "rights-others/none", "rights-elsewhere/mcp-auth-keys"] {
        let output = job.command(secret).output().unwrap();
        job.assert_says(&output, 1, &format!("Secret {secret}: the API server forbids it"));
    }
}

#[test]
fn another_token_is_forbidden_or_unknown() {
    let job = Job::installed("rights-tokens");
    let forbidden = "the API server forbids it; the Role must allow get and update of it (403)";
    let unknown = "the API server does not know the token (401)";
    let own = job.token_of(NAME, &[]);
    let changed =
        |at: usize| own[..at].to_owned() + if &own[at..=at] == "A" { "B" } else { "A" } + &own[at + 1..];
    for (token, sentence) in [
        (job.token_of("default", &[]), forbidden),
        (job.token_of(NAME, &["--audience=https://elsewhere.example"]), unknown),
        (changed(own.find('.').unwrap() + 10), unknown),
        ("token-of-nobody".to_owned(), unknown),
    ] {
        job.has_token(&token);
        job.assert_says(&job.runs(), 1, sentence);
    }
    job.has_token(&own);
    job.assert_says(&job.runs(), 0, "access: nothing is due");
    for (kind, sentence) in [("rolebinding", forbidden), ("serviceaccount", unknown)] {
        job.kubectl(&["delete", kind, NAME]);
        refused_soon(&job, sentence);
        job.assert_says(&job.runs(), 1, sentence);
    }
}

/// The API server remembers for some seconds whom it let in, and why.
fn refused_soon(job: &Job, sentence: &str) {
    let began = Instant::now();
    while !said(&job.runs()).contains(sentence) {
        assert!(began.elapsed() < PATIENCE, "{sentence}");
        thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn the_role_allows_reading_and_replacing_one_secret_and_nothing_else() {
    let job = Job::installed("rights-role");
    let account = format!("--as=system:serviceaccount:{}:{NAME}", job.namespace);
    for (verb, what, allowed) in [
        ("get", "secrets/mcp-auth-keys", "yes"),
        ("update", "secrets/mcp-auth-keys", "yes"),
        ("patch", "secrets/mcp-auth-keys", "no"),
        ("delete", "secrets/mcp-auth-keys", "no"),
        ("get", "secrets/oauth2-proxy", "no"),
        ("update", "secrets/oauth2-proxy", "no"),
        ("list", "secrets", "no"),
        ("watch", "secrets", "no"),
        ("create", "secrets", "no"),
        ("get", "configmaps", "no"),
        ("create", "pods", "no"),
        ("get", "nodes", "no"),
    ] {
        let asked = job.cluster.asks(&["-n", job.namespace, "auth", "can-i", verb, what, &account]).output();
        let answer = String::from_utf8(asked.unwrap().stdout).unwrap();
        assert_eq!(answer.trim(), allowed, "{verb} {what}");
    }
}

/// Where a pod of the job finds its token is where the job looks for it.
#[test]
fn the_token_lies_where_kubernetes_puts_it() {
    let job = Job::installed("rights-token");
    let pod = admitted(&job.cluster, job.namespace, &job.template()).unwrap();
    let container = &pod["spec"]["containers"][0];
    let mount = &container["volumeMounts"].as_array().unwrap()[0];
    let volumes = pod["spec"]["volumes"].as_array().unwrap();
    let volume = volumes.iter().find(|volume| volume["name"] == mount["name"]).unwrap();
    let sources = volume["projected"]["sources"].to_string();
    assert!(sources.contains(r#""path":"token""#) && sources.contains(r#""path":"ca.crt""#), "{sources}");
    let looked = sidecar()
        .args(["keys", "tick", "--secret", "a/b"])
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .output()
        .unwrap();
    let folder = mount["mountPath"].as_str().unwrap();
    job.assert_says(&looked, 1, &format!("{folder}/token cannot be read"));
    assert_eq!((&mount["readOnly"], &pod["spec"]["serviceAccountName"]), (&true.into(), &NAME.into()));
}
