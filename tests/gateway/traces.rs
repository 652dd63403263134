//! Traces: what a collector gets of each request, what the MCP server hears of it, and who never waits for it.

use crate::collector::{Collector, attribute};
use crate::harness::upstream::Upstream;
use crate::harness::{PUBLIC, browser};
use crate::room::within;
use crate::sidecar::Sidecar;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use reqwest::{RequestBuilder, Response};
use std::process::Command;
use std::time::{Duration, Instant};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";
const STATE: &str = "vendor=opaque";
const LONG: &str = "600000";

/// Nothing of this may be in a span.
const PRIVATE: [&str; 3] = ["a-word-of-a-query", "a-code-of-somebody", "a-word-of-a-header"];

fn traceparent() -> String {
    format!("00-{TRACE}-{PARENT}-01")
}

async fn sidecar(upstream: &str, vars: &[(&str, &str)]) -> Sidecar {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command.env("OTEL_BSP_SCHEDULE_DELAY", "50").envs(vars.iter().copied());
    Sidecar::start_by(command, upstream).await
}

fn outgoing(sidecar: &Sidecar, path: &str) -> RequestBuilder {
    let url = format!("http://{}{path}", sidecar.address);
    browser().post(url).header("host", PUBLIC).header("x-private", PRIVATE[2])
}

/// Through the gateway, in a trace of the caller's.
async fn call(sidecar: &Sidecar, token: &str) -> Response {
    let path = format!("/mcp?{}", PRIVATE[0]);
    let request = outgoing(sidecar, &path).bearer_auth(token).body("{}");
    request.header("traceparent", traceparent()).header("tracestate", STATE).send().await.unwrap()
}

async fn one(collector: &Collector, name: &str) -> Span {
    let named = || collector.spans().into_iter().filter(|span| span.name == name).collect::<Vec<_>>();
    within(name, async || !named().is_empty()).await;
    let mut found = named();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

fn hex(id: &[u8]) -> String {
    id.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test]
async fn a_call_is_a_span_of_the_callers_trace_and_the_mcp_server_hears_of_it() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let sidecar = sidecar(&upstream.url, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())]).await;
    let token = sidecar.token().await;
    let answer = call(&sidecar, &token).await;
    assert_eq!(answer.status(), 200);
    let span = one(&collector, "POST /mcp").await;
    assert_eq!((hex(&span.trace_id), hex(&span.parent_span_id)), (TRACE.to_owned(), PARENT.to_owned()));
    assert_eq!((span.kind, span.trace_state.as_str()), (SpanKind::Server as i32, STATE));
    assert!(span.start_time_unix_nano < span.end_time_unix_nano);
    let request = answer.headers()["x-request-id"].to_str().unwrap();
    for (name, value) in [
        ("http.request.method", Some("POST")),
        ("http.route", Some("/mcp")),
        ("http.response.status_code", Some("200")),
        ("error.type", None),
        ("mcp_auth.site", Some("public")),
        ("mcp_auth.request", Some(request)),
    ] {
        assert_eq!(attribute(&span.attributes, name).as_deref(), value, "{name}");
    }
    let heard = upstream.last();
    let ours = format!("00-{TRACE}-{}-01", hex(&span.span_id));
    assert_eq!(heard.header("traceparent"), Some(ours.as_str()));
    assert_eq!(heard.header("tracestate"), Some(STATE));
    assert_eq!(attribute(&collector.sender(), "service.name").as_deref(), Some("mcp-auth-sidecar"));
}

#[tokio::test]
async fn a_refusal_has_the_protocols_word_and_no_span_tells_of_anybody() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let sidecar = sidecar(&upstream.url, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())]).await;
    let token = sidecar.token().await;
    assert_eq!(call(&sidecar, &token).await.status(), 200);
    let form = format!("grant_type=authorization_code&client_id=unknown&code={}", PRIVATE[1]);
    let form = outgoing(&sidecar, "/oauth/token").body(form);
    form.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    outgoing(&sidecar, "/mcp").send().await.unwrap();
    outgoing(&sidecar, "/nowhere/of/alice").send().await.unwrap();
    for (name, route, status, error) in [
        ("POST /oauth/token", Some("/oauth/token"), "401", "invalid_client"),
        ("POST", None, "404", "not_found"),
    ] {
        let span = one(&collector, name).await;
        assert_ne!(hex(&span.trace_id), TRACE, "{name} has no parent");
        assert!(span.parent_span_id.is_empty(), "{name} has no parent");
        assert_eq!(attribute(&span.attributes, "http.route").as_deref(), route);
        assert_eq!(attribute(&span.attributes, "http.response.status_code").as_deref(), Some(status));
        assert_eq!(attribute(&span.attributes, "error.type").as_deref(), Some(error));
    }
    let challenged =
        |span: &Span| attribute(&span.attributes, "error.type").as_deref() == Some("unauthorized");
    within("the challenge", async || collector.spans().iter().any(challenged)).await;
    let text = collector.text();
    for private in PRIVATE.into_iter().chain([token.as_str(), "alice", "example.com", "127.0.0.1"]) {
        assert!(!text.contains(private), "{private} in {text}");
    }
}

#[tokio::test]
async fn an_mcp_server_that_is_away_makes_an_error_of_the_span() {
    let collector = Collector::start();
    let vars = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.url())];
    let sidecar = sidecar("http://127.0.0.1:1", &vars).await;
    assert_eq!(call(&sidecar, &sidecar.token().await).await.status(), 502);
    let span = one(&collector, "POST /mcp").await;
    assert_eq!(attribute(&span.attributes, "error.type").as_deref(), Some("bad_gateway"));
    assert_eq!(span.status.unwrap().code, StatusCode::Error as i32);
}

#[tokio::test]
async fn the_variables_of_opentelemetry_hold() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let vars = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*format!("{}/v1/traces", collector.url())),
        ("OTEL_SERVICE_NAME", "door"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=trial"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=for-the-collector"),
        ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
    ];
    let sidecar = sidecar(&upstream.url, &vars).await;
    let token = sidecar.token().await;
    outgoing(&sidecar, "/mcp").bearer_auth(&token).send().await.unwrap();
    let unsampled = upstream.last();
    let flags = unsampled.header("traceparent").unwrap().rsplit_once('-').unwrap().1;
    assert_eq!(flags, "00", "whoever began no trace is not in one");
    assert_eq!(call(&sidecar, &token).await.status(), 200);
    assert_eq!(hex(&one(&collector, "POST /mcp").await.trace_id), TRACE, "a caller who samples decides");
    let sender = collector.sender();
    assert_eq!(attribute(&sender, "service.name").as_deref(), Some("door"));
    assert_eq!(attribute(&sender, "deployment.environment.name").as_deref(), Some("trial"));
    assert_eq!(collector.header("x-api-key"), "for-the-collector");
}

#[tokio::test]
async fn what_is_left_is_sent_at_the_end() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let url = collector.url();
    let vars = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_BSP_SCHEDULE_DELAY", LONG)];
    let mut sidecar = sidecar(&upstream.url, &vars).await;
    call(&sidecar, &sidecar.token().await).await;
    assert!(collector.spans().is_empty(), "a batch waits");
    assert_eq!(sidecar.ended().await, Some(0));
    assert_eq!(collector.spans().len(), 1);
}

#[tokio::test]
async fn a_collector_may_be_away_at_the_start_come_and_go() {
    let (begun, upstream) = (Instant::now(), Upstream::start().await);
    let address = Collector::start().address.clone();
    let url = format!("http://{address}");
    let mut sidecar = sidecar(&upstream.url, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &url)]).await;
    let token = sidecar.token().await;
    assert_eq!(call(&sidecar, &token).await.status(), 200);
    within("a warning", async || sidecar.said().contains("the collector does not take traces")).await;
    let collector = Collector::start_at(&address);
    within("a span", async || {
        assert_eq!(call(&sidecar, &token).await.status(), 200);
        !collector.spans().is_empty()
    })
    .await;
    drop(collector);
    for _ in 0..20 {
        assert_eq!(call(&sidecar, &token).await.status(), 200);
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    assert_eq!(sidecar.ended().await, Some(0));
    let warnings = sidecar.said().matches("the collector does not take traces").count();
    let minutes = usize::try_from(begun.elapsed().as_secs() / 60).unwrap();
    assert!((1..=1 + minutes).contains(&warnings), "{}", sidecar.said());
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_neither_a_request_nor_the_end() {
    let (silent, upstream) =
        (tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), Upstream::start().await);
    let url = format!("http://{}", silent.local_addr().unwrap());
    // Without a bound of the server's own, the end would wait for the exporter: ten minutes.
    let vars = [("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_EXPORTER_OTLP_TIMEOUT", LONG)];
    let mut sidecar = sidecar(&upstream.url, &vars).await;
    let token = sidecar.token().await;
    assert_eq!(call(&sidecar, &token).await.status(), 200);
    let _open = silent.accept().await.unwrap();
    for _ in 0..20 {
        assert_eq!(call(&sidecar, &token).await.status(), 200);
    }
    assert_eq!(sidecar.ended().await, Some(0));
}

#[tokio::test]
async fn without_a_collector_nothing_is_loaded_and_a_traceparent_passes_as_it_came() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let url = collector.url();
    let is_loaded =
        |sidecar: &Sidecar| sidecar.threads().iter().any(|name| name.starts_with("OpenTelemetry"));
    for (vars, loaded) in [
        (&[][..], false),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url), ("OTEL_SDK_DISABLED", "true")], false),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", &*url)], true),
    ] {
        let mut sidecar = sidecar(&upstream.url, vars).await;
        assert_eq!(call(&sidecar, &sidecar.token().await).await.status(), 200);
        assert_eq!(is_loaded(&sidecar), loaded, "{vars:?}: {:?}", sidecar.threads());
        let heard = upstream.last();
        assert_eq!(heard.header("traceparent") == Some(&traceparent()), !loaded, "{vars:?}");
        assert_eq!(heard.header("tracestate"), Some(STATE), "{vars:?}");
        assert_eq!(sidecar.ended().await, Some(0));
        assert_eq!(collector.spans().is_empty(), !loaded, "{vars:?}");
    }
}

#[tokio::test]
async fn two_parents_are_none() {
    let (collector, upstream) = (Collector::start(), Upstream::start().await);
    let sidecar = sidecar(&upstream.url, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url())]).await;
    let token = sidecar.token().await;
    let twice = outgoing(&sidecar, "/mcp").bearer_auth(&token).header("traceparent", traceparent());
    twice.header("traceparent", traceparent()).header("tracestate", STATE).send().await.unwrap();
    let heard = upstream.last();
    assert!(!heard.header("traceparent").unwrap().contains(TRACE), "{heard:?}");
    assert_eq!(heard.header("tracestate"), None);
    assert!(one(&collector, "POST /mcp").await.parent_span_id.is_empty());
}
