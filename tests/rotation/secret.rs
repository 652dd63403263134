//! The job in a cluster: the rings lie in a Secret that it reads and replaces over the API.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Output, Stdio};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::api_server::{ApiServer, certificate, ring, tick};
use super::{DAY, Rings, said};

const OURS: [&str; 2] = ["--secret", "mcp/mcp-auth-keys"];

impl ApiServer {
    fn job(&self) -> Output {
        self.tick(&[], &OURS)
    }

    fn writes(&self) -> usize {
        self.cluster().writes
    }
}

fn cluster() -> ApiServer {
    ApiServer::start(Rings::new().path(), "mcp")
}

/// Whatever happens: no private half of any key is in what was said.
fn assert_says(output: &Output, code: i32, sentence: &str, server: &ApiServer) {
    let text = said(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(sentence) && text.lines().count() <= 3, "{sentence}: {text}");
    let secret = server.cluster().secret.clone();
    for ring in ["access", "session", "registration"].map(|name| ring(&secret, name)) {
        for key in ring["keys"].as_array().unwrap() {
            let secrets = ["d", "k"].iter().filter_map(|part| key[part].as_str());
            assert!(secrets.into_iter().all(|secret| !text.contains(secret)), "{text}");
        }
    }
}

#[test]
fn night_after_night_the_job_turns_the_rings_in_the_secret() {
    let server = cluster();
    let night = |done: &str, states: &[&str], writes: usize| {
        assert_says(&server.job(), 0, &format!("access: {done}"), &server);
        assert_eq!((server.states("access"), server.writes()), (owned(states), writes), "{done}");
    };
    night("nothing is due", &["active"], 0);
    server.age("access", 29 * DAY);
    night("a key is staged", &["active", "next"], 1);
    night("nothing is due", &["active", "next"], 1);
    server.age("access", DAY);
    night("the staged key seals", &["active", "retired"], 2);
    server.age("access", DAY);
    night("retired keys are forgotten", &["active"], 3);
}

fn owned(states: &[&str]) -> Vec<String> {
    states.iter().map(|&state| state.to_owned()).collect()
}

#[test]
fn all_rings_that_are_due_change_in_one_write_and_nothing_else_does() {
    let server = cluster();
    server.age("access", 29 * DAY);
    server.age("session", 8 * DAY);
    let before = server.cluster().secret.clone();
    assert_says(&server.job(), 0, "session: a key is staged", &server);
    let cluster = server.cluster();
    assert_eq!(cluster.writes, 1);
    let mut expected = before.clone();
    for changed in ["access.json", "session.json"] {
        assert_ne!(cluster.secret["data"][changed], before["data"][changed]);
        expected["data"][changed] = cluster.secret["data"][changed].clone();
    }
    expected["metadata"]["resourceVersion"] = "1001".into();
    assert_eq!(cluster.secret, expected);
}

#[test]
fn who_lost_against_somebody_elses_write_starts_over_a_few_times() {
    for (rivals, code, sentence) in [
        (1, 0, "access: a key is staged"),
        (4, 0, "access: a key is staged"),
        (5, 1, "somebody else changed it 5 times"),
    ] {
        let server = cluster();
        server.age("access", 29 * DAY);
        server.cluster().rivals = rivals;
        assert_says(&server.job(), code, sentence, &server);
        assert_eq!(server.states("access").len(), if code == 0 { 2 } else { 1 }, "{rivals} rivals");
    }
}

#[test]
fn jobs_on_one_secret_at_the_same_time_stage_one_key() {
    let server = cluster();
    server.age("access", 29 * DAY);
    let outputs: Vec<Output> = thread::scope(|all| {
        let jobs: Vec<_> = (0..6).map(|_| all.spawn(|| server.job())).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });
    assert!(outputs.iter().all(|output| output.status.success()), "{}", said(&outputs[0]));
    let staged = outputs.iter().filter(|output| said(output).contains("access: a key is staged")).count();
    assert_eq!((staged, server.writes(), server.states("access").len()), (1, 1, 2));
}

#[test]
fn what_the_api_server_refuses_is_one_sentence_and_changes_nothing() {
    for (method, status, body, sentence) in [
        ("GET", 401, "{}", "does not know the token (401)"),
        ("GET", 403, "{}", "must allow get and update of it (403)"),
        ("GET", 404, "{}", "there is none; `keys init`"),
        ("GET", 409, "{}", "the answer has status 409"),
        ("GET", 500, "{}", "the answer has status 500"),
        ("GET", 302, "", "the answer has status 302"),
        ("GET", 200, "<html>", "the answer is not JSON"),
        ("GET", 200, "{\"kind\":\"Sec", "the answer is not JSON"),
        ("GET", 200, "[]", "not a Secret with a resourceVersion"),
        ("GET", 200, r#"{"kind": "Secret", "data": {}}"#, "not a Secret with a resourceVersion"),
        (
            "GET",
            200,
            r#"{"kind": "Secret", "metadata": {"resourceVersion": "1"}}"#,
            "access.json is not in its data",
        ),
        ("PUT", 403, "{}", "must allow get and update of it (403)"),
        ("PUT", 404, "{}", "there is none; `keys init`"),
        ("PUT", 409, "{}", "somebody else changed it 5 times in a row"),
        ("PUT", 422, "{}", "the answer has status 422"),
        ("PUT", 503, "<html>", "the answer has status 503"),
    ] {
        let server = cluster();
        server.age("access", 29 * DAY);
        server.cluster().fault = Some((method, status, body.to_owned()));
        assert_says(&server.job(), 1, sentence, &server);
        assert_eq!((server.states("access"), server.writes()), (owned(&["active"]), 0));
    }
}

#[test]
fn the_token_and_the_secret_are_the_jobs_own() {
    let server = cluster();
    assert_says(
        &server.tick(&[], &["--secret", "mcp/another"]),
        1,
        "Secret mcp/another: the API server forbids it",
        &server,
    );
    for (token, sentence) in [("stolen", "does not know the token"), ("to\nken", "not one that can be sent")]
    {
        fs::write(server.pod.path().join("token"), token).unwrap();
        let output = server.job();
        assert_says(&output, 1, sentence, &server);
        assert!(!said(&output).contains(token));
    }
    fs::remove_file(server.pod.path().join("token")).unwrap();
    assert_says(&server.job(), 1, "token cannot be read", &server);
}

#[test]
fn a_ring_that_is_broken_is_left_alone_and_not_quoted() {
    let whole = |text: &str| STANDARD.encode(text);
    for (broken, sentence) in [
        ("%%% key material".to_owned(), "session.json in its data is not base64"),
        (whole("\"key material\""), "session.json: it is not a ring of keys"),
        (whole(r#"{"keys": [{"d": "key material"}]}"#), "session.json: it is not a ring of keys"),
        (whole(r#"{"keys": []}"#), "session.json: exactly one key must be active"),
    ] {
        let server = cluster();
        server.age("access", 29 * DAY);
        let good = server.cluster().secret["data"]["session.json"].take();
        server.cluster().secret["data"]["session.json"] = broken.into();
        let output = server.job();
        server.cluster().secret["data"]["session.json"] = good;
        assert_says(&output, 1, sentence, &server);
        assert!(!said(&output).contains("material") && server.writes() == 0);
    }
}

/// A real TLS server, which the pod's certificates vouch for, or do not.
#[test]
fn nobody_but_the_clusters_own_api_server_hears_the_token() {
    let server = cluster();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(&server.cluster().path()[1..]);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{}", server.cluster().secret);
    fs::write(file, answer).unwrap();
    let (theirs, key) = certificate(folder.path(), "server");
    let mut tls = Command::new("openssl")
        .args(["s_server", "-accept", "127.0.0.1:0", "-HTTP", "-cert"])
        .args([theirs.clone(), "-key".into(), key])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(tls.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.strip_prefix("ACCEPT ")?.to_owned())).unwrap();
    let url = format!("https://{address}");
    let refused = tick(&url, server.pod.path()).args(OURS).output().unwrap();
    fs::copy(theirs, server.pod.path().join("ca.crt")).unwrap();
    let trusted = tick(&url, server.pod.path()).args(OURS).output().unwrap();
    tls.kill().unwrap();
    tls.wait().unwrap();
    assert_says(&refused, 1, "certificate verify failed", &server);
    assert_says(&trusted, 0, "access: nothing is due", &server);
}

#[test]
fn where_nothing_runs_jobs_it_goes_on_turning() {
    let server = cluster();
    server.age("access", 29 * DAY);
    let mut job = tick(&server.url, server.pod.path())
        .args(OURS)
        .args(["--every-hours", "1"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: Vec<String> =
        BufReader::new(job.stdout.take().unwrap()).lines().take(3).map(Result::unwrap).collect();
    assert_eq!(lines[0], "access: a key is staged");
    assert!(job.try_wait().unwrap().is_none(), "it ended by itself");
    job.kill().unwrap();
    job.wait().unwrap();
}

#[test]
fn outside_a_pod_it_says_what_is_missing() {
    for (args, environment, code, sentence) in [
        (vec!["--secret", "a/b"], vec![], 64, "KUBERNETES_SERVICE_HOST names no API server"),
        (
            vec!["--secret", "a/b"],
            vec![("KUBERNETES_SERVICE_HOST", "fd00::1")],
            1,
            "serviceaccount/token cannot be read",
        ),
        (vec!["--secret", "a/b", "--dir", "keys"], vec![], 64, "cannot be used with"),
        (vec!["--secret", "a/b", "--kube-server", "http://api.example"], vec![], 64, "it must be https"),
        (vec!["--kube-server", "https://api.example"], vec![], 64, "--secret"),
        (vec!["--secret", "a/../b"], vec![], 64, "it is NAMESPACE/NAME"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        let output =
            command.args(["keys", "tick"]).args(&args).env_clear().envs(environment).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(said(&output).contains(sentence), "{args:?}: {}", said(&output));
    }
}
