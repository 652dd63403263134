//! What the operator sees of it all: the id of each request, and the counters on the admin port.

use crate::gateway::start;
use crate::harness::rules::Rules;
use crate::harness::{Answer, Ask, TestServer, alice, encoded, form, with, without};
use std::collections::BTreeSet;

/// X-20, T21: every answer names its request
#[tokio::test]
async fn every_answer_has_an_id_and_no_two_the_same() {
    let (_upstream, server, token) = start().await;
    let client = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    let answers = [
        server.get("/").answer().await,
        server.get("/nowhere").answer().await,
        server.get("/oauth/jwks").answer().await,
        server.head("/.well-known/oauth-authorization-server").answer().await,
        server.at("elsewhere.example").get("/mcp").answer().await,
        server.options("/oauth/token").answer().await,
        server.request("PUT".parse().unwrap(), "/oauth/token").answer().await,
        server.register(&server.metadata()).await,
        server.register(&serde_json::json!([])).await,
        server.token(&form([])).await,
        server.token(&with(&client.exchange("x"), "padding", &"a".repeat(1 << 20))).await,
        server.revoke(&client.revocation("x")).await,
        server.get("/oauth/authorize").answer().await,
        server.authorize(&alice(), &without(&client.request(), "response_type")).await,
        server.consent(&page).await,
        alice().sends(server.get("/oauth/consent")).answer().await,
        page,
        server.post("/mcp").answer().await,
        server.post("/mcp").bearer_auth(&token).answer().await,
        server.post("/mcp/%2e").bearer_auth(&token).answer().await,
    ];
    let ids: BTreeSet<String> = answers.iter().map(id).collect();
    assert_eq!(ids.len(), answers.len());
}

/// X-20, T30: a plain id that an edge gave is kept, and anything else is not repeated
#[tokio::test]
async fn an_id_that_was_given_is_kept_if_it_is_a_plain_word() {
    let server = TestServer::spawn();
    let long = "a".repeat(65);
    for (given, kept) in [
        ("7f3c2a90-1b", true),
        ("A.b_c-1", true),
        (&long[..64], true),
        (&long[..], false),
        ("a b", false),
        ("a\"b", false),
        ("<b>", false),
        ("a;b", false),
        ("", false),
    ] {
        let answer = server.get("/oauth/jwks").header("X-Request-Id", given).answer().await;
        assert_eq!(id(&answer) == given, kept, "{given}");
        let page = server.get("/oauth/authorize").header("X-Request-Id", given).answer().await;
        assert_eq!(id(&page) == given, kept, "{given}");
    }
}

/// What a person can tell whoever runs the server
#[tokio::test]
async fn a_page_of_refusal_shows_the_id_of_its_request() {
    let server = TestServer::spawn();
    let answer = server.get("/oauth/authorize").answer().await;
    assert!(answer.is_refusal_page() && answer.text().contains(&id(&answer)), "{answer:?}");
}

/// design 2: counters in the text format of Prometheus, on the admin port alone
#[tokio::test]
async fn what_happens_is_counted() {
    let (_upstream, server, token) = start().await;
    let client = server.client().await;
    let code = server.code(&client).await;
    let before = server.metrics().await;
    server.post("/mcp").bearer_auth(&token).answer().await;
    server.get("/nowhere/at/all").answer().await;
    server.token(&client.exchange(&code)).await.tokens();
    server.token(&client.exchange(&code)).await;
    server.token(&client.exchange("invented")).await;
    server.authorize(&alice(), &without(&client.request(), "code_challenge")).await;
    server.post("/mcp").answer().await;
    server.post("/mcp").bearer_auth("invented").answer().await;
    let after = server.metrics().await;
    for (series, more) in [
        (r#"mcp_auth_requests_total{door="/oauth/token",status="200",error=""}"#, 1),
        (r#"mcp_auth_requests_total{door="/oauth/token",status="400",error="invalid_grant"}"#, 2),
        (r#"mcp_auth_requests_total{door="/oauth/authorize",status="302",error="invalid_request"}"#, 1),
        (r#"mcp_auth_requests_total{door="elsewhere",status="200",error=""}"#, 1),
        (r#"mcp_auth_requests_total{door="elsewhere",status="404",error="not_found"}"#, 1),
        (r#"mcp_auth_replays_total{kind="code"}"#, 1),
        (r#"mcp_auth_steps_total{site="public",step="challenged"}"#, 1),
        (r#"mcp_auth_steps_total{site="public",step="registered"}"#, 0),
        (r#"mcp_auth_steps_total{site="public",step="authorized"}"#, 0),
        (r#"mcp_auth_steps_total{site="public",step="consented"}"#, 0),
        (r#"mcp_auth_steps_total{site="public",step="exchanged"}"#, 1),
        (r#"mcp_auth_steps_total{site="public",step="called"}"#, 1),
        (r#"mcp_auth_request_duration_seconds_count{door="/oauth/token"}"#, 3),
    ] {
        let count = |text: &str| value(text, series).unwrap_or_default();
        assert_eq!(count(&after) - count(&before), more, "{series}\n{after}");
    }
    assert_eq!(value(&after, "mcp_auth_families"), Some(2), "{after}");
    let limited = TestServer::spawn_with([("MCP_AUTH_REGISTER_PER_MINUTE", "1")]);
    for _ in 0..2 {
        limited.register(&limited.metadata()).await;
    }
    assert_eq!(value(&limited.metrics().await, r#"mcp_auth_limited_total{door="register"}"#), Some(1));
}

/// An alarm that rings for a client which is merely behind would be switched off
#[tokio::test]
async fn only_what_has_no_excuse_is_counted_as_a_replay() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let first = server.tokens(&client).await;
    let second = server.refreshed(&client, &first.refresh).await;
    server.refreshed(&client, &second.refresh).await;
    for (seconds, replays) in [(0, 0), (61, 1), (0, 1)] {
        server.wait(seconds);
        assert_eq!(server.token(&client.refresh(&first.refresh)).await.status, 400);
        let counted = value(&server.metrics().await, r#"mcp_auth_replays_total{kind="refresh_token"}"#);
        assert_eq!(counted.unwrap_or_default(), replays, "after {seconds} s");
    }
}

/// Who stops where: a person who denies came as far as the question
#[tokio::test]
async fn every_step_of_the_way_is_counted_at_its_site() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let refused = server.authorize(&alice(), &without(&client.request(), "response_type")).await;
    let denied = server.authorize(&alice(), &client.request()).await;
    server.reply(&alice(), &denied.question(), "deny").await;
    server.tokens(&client).await;
    server.tokens(&client).await;
    let text = server.metrics().await;
    for (step, times) in [("registered", 1), ("authorized", 3), ("consented", 2), ("exchanged", 2)] {
        let series = format!(r#"mcp_auth_steps_total{{site="public",step="{step}"}}"#);
        assert_eq!(value(&text, &series), Some(times), "{series} after {refused:?}\n{text}");
    }
}

/// A counter that begins at 1 has never increased, and the first file that breaks is the one to be told of
#[tokio::test]
async fn what_is_rare_is_counted_from_nought() {
    let rules = Rules::new("person bob@example.com\n");
    let server = TestServer::spawn_with([("MCP_AUTH_DENY_FILE", rules.path().as_str())]);
    let text = server.metrics().await;
    let steps = ["challenged", "registered", "authorized", "consented", "exchanged", "called"];
    let of_sites = ["internal", "public"]
        .into_iter()
        .flat_map(|site| steps.map(|step| format!(r#"mcp_auth_steps_total{{site="{site}",step="{step}"}}"#)));
    let files = ["deny", "keys", "proxy secret"];
    let broken = files.map(|file| format!(r#"mcp_auth_file_failures_total{{file="{file}"}}"#));
    let again = ["code", "refresh_token"].map(|kind| format!(r#"mcp_auth_replays_total{{kind="{kind}"}}"#));
    let doors = ["documents", "register", "token"];
    let limits = doors.map(|door| format!(r#"mcp_auth_limited_total{{door="{door}"}}"#));
    for series in of_sites.chain(broken).chain(again).chain(limits) {
        assert_eq!(value(&text, &series), Some(0), "{series}\n{text}");
    }
    for file in files {
        let read = value(&text, &format!(r#"mcp_auth_file_read_timestamp_seconds{{file="{file}"}}"#));
        assert_eq!(read, Some(server.now()), "{file}\n{text}");
    }
}

/// T21: neither a person nor a token is in a label, and no caller can make more of them
#[tokio::test]
async fn counters_name_nobody_and_do_not_grow_with_what_is_sent() {
    let (_upstream, server, token) = start().await;
    let client = server.client().await;
    server.tokens(&client).await;
    let visit = async |n: usize| {
        server.get(&format!("/{n}/{n}?{n}")).answer().await;
        server.get(&format!("/.well-known/oauth-protected-resource/{n}")).answer().await;
        server.post(&format!("/mcp/{n}")).bearer_auth(&token).answer().await;
        server.token(&with(&client.exchange("x"), "client_id", &format!("client{n}"))).await;
        server.authorize_by(&alice(), &format!("{}&x={n}", encoded(&client.request()))).await;
    };
    visit(0).await;
    let lines = server.metrics().await.lines().count();
    for n in 1..20 {
        visit(n).await;
    }
    let text = server.metrics().await;
    assert_eq!(text.lines().count(), lines, "{text}");
    for private in ["alice", alice().user, &token, &client.id, "client7"] {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

/// The format itself: types that the announced version knows, then a name, labels and a number
#[tokio::test]
async fn the_counters_are_what_prometheus_reads() {
    let server = TestServer::spawn();
    server.register(&server.metadata()).await;
    let answer = server.admin("/metrics").answer().await;
    let open_metrics = answer.is("application/openmetrics-text");
    assert!(answer.status == 200 && (open_metrics || answer.is("text/plain")), "{answer:?}");
    let known: &[&str] = if open_metrics {
        &["counter", "gauge", "histogram", "info"]
    } else {
        &["counter", "gauge", "histogram", "untyped"]
    };
    let text = answer.text();
    let (comments, samples): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    assert_eq!(comments.last() == Some(&"# EOF"), open_metrics, "{text}");
    let types = comments.iter().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').nth(1));
    let types: Vec<&str> = types.collect();
    assert!(types.len() >= 3 && types.iter().all(|kind| known.contains(kind)), "{types:?} in {text}");
    for line in samples {
        let (series, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
        assert!(series.starts_with("mcp_auth_") && number.parse::<f64>().is_ok(), "{line}");
    }
}

impl TestServer {
    pub(crate) async fn metrics(&self) -> String {
        self.admin("/metrics").answer().await.text()
    }
}

fn value(text: &str, series: &str) -> Option<i64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.trim().parse().ok())
}

fn id(answer: &Answer) -> String {
    let mut values = answer.headers.get_all("x-request-id").iter();
    let id = values.next().unwrap_or_else(|| panic!("no id: {answer:?}")).to_str().unwrap().to_owned();
    assert!(values.next().is_none() && !id.is_empty(), "{answer:?}");
    id
}
