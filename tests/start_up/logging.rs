//! What the log tells: of every request one line, and of people only in lines of the audit.

use crate::harness::{Operator, Running, SECRET, until};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::{fs, thread};
use url::Url;

const CALLBACK: &str = "http://localhost:1/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const STATE: &str = "a-state-that-nobody-else-should-see";
const SUB: &str = "108000000000000000001";
const EMAIL: &str = "alice@example.com";
const CALLER: &str = "203.0.113.7";

/// T21, T34, JB-14: who let whom in is in the audit; no line holds a token, a code, a secret or a state
#[tokio::test]
async fn what_happens_to_whom_is_in_the_audit_and_nowhere_else() {
    let operator = Operator::new();
    let server = Running::start(&operator, &[("MCP_AUTH_LOG", "debug")]);
    let alice = Alice::at(&server);
    let id = alice.register().await;
    let denied = alice.answers(&id, "deny").await;
    assert!(denied.contains("access_denied"), "{denied}");
    let code = param(&alice.answers(&id, "allow").await, "code");
    let tokens = alice.token(&[("grant_type", "authorization_code"), ("code", &code)], &id).await;
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let next = alice.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)], &id).await;
    alice.token(&[("grant_type", "authorization_code"), ("code", "invented")], &id).await;
    let last = next["refresh_token"].as_str().unwrap().to_owned();
    let elsewhere = ("resource", "https://mcp.example.com/elsewhere");
    alice.token(&[("grant_type", "refresh_token"), ("refresh_token", &last), elsewhere], &id).await;
    let revoked = alice.post("/oauth/revoke", &[("token", &last), ("client_id", &id)]).await;
    assert_eq!(revoked.status(), 200);
    alice.token(&[("grant_type", "authorization_code"), ("code", &code)], &id).await;
    let log = server.ended().err;

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_audit = |line: &&Value| line["target"] == "audit";
    let audit: Vec<&Value> = lines.iter().filter(is_audit).collect();
    let events: Vec<(&str, &str)> =
        audit.iter().map(|line| (text(&line["event"]), text(&line["sub"]))).collect();
    let expected = [
        ("consent denied", SUB),
        ("consent given, code issued", SUB),
        ("token issued", SUB),
        ("token refreshed", SUB),
        ("refused", ""),
        ("refused", SUB),
        ("revoked", SUB),
        ("replay seen", SUB),
    ];
    assert_eq!(events, expected, "{log}");
    for line in &audit {
        assert_eq!((text(&line["client"]), text(&line["address"])), (jti(&id).as_str(), CALLER), "{line}");
        let request = lines.iter().find(|other| !is_audit(other) && other["request"] == line["request"]);
        assert!(request.is_some_and(|request| request["status"].is_number()), "{line} in {log}");
    }
    for line in &audit[..2] {
        let what = ["scope", "resource", "to"].map(|name| text(&line[name]));
        assert_eq!(what, ["mcp", "https://mcp.example.com/mcp", "localhost:1"], "{line}");
    }
    let access = tokens["access_token"].as_str().unwrap();
    for private in
        [SECRET, STATE, VERIFIER, CHALLENGE, EMAIL, &code, &refresh, &last, access, &id, "invented"]
    {
        assert!(!log.contains(private), "{private} in {log}");
    }
    let others = log.lines().filter(|line| !line.contains("\"target\":\"audit\""));
    assert_eq!(others.filter(|line| line.contains(SUB)).count(), 0, "{log}");
}

/// X-20, T21, T30: one line a request, whatever is in its path
#[tokio::test]
async fn every_request_is_one_line_of_json() {
    let operator = Operator::new();
    let server = Running::start(&operator, &[]);
    let alice = Alice::at(&server);
    let paths = ["/a%0a%22b", "/%7B%22level%22%3A%22ERROR%22%7D", "/\u{e9}", "/x?token=secret-in-a-query"];
    for path in paths {
        assert_eq!(alice.get(path).send().await.unwrap().status(), 404);
    }
    let log = server.ended().err;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = lines.iter().filter(|line| line["status"] == 404).collect();
    assert_eq!(requests.len(), paths.len(), "{log}");
    for line in requests {
        assert!(
            line["request"].is_string() && line["method"] == "GET" && line["site"] == "default",
            "{line}"
        );
    }
    assert!(!log.contains("secret-in-a-query"), "{log}");
}

/// T30: what a store says of itself is its own word
#[test]
fn no_store_writes_lines_of_its_own_into_a_log_of_text() {
    let store = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("redis://{}", store.local_addr().unwrap());
    thread::spawn(move || {
        for mut asked in store.incoming().flatten() {
            let _ = asked.read(&mut [0; 1024]);
            let _ = asked.write_all(b"-ERR \x1b[2J\nan invented line\r\n".repeat(9).as_slice());
        }
    });
    let settings = [("MCP_AUTH_STORE", address.as_str()), ("MCP_AUTH_LOG_FORMAT", "text")];
    let operator = Operator::new();
    let server = Running::start(&operator, &settings);
    until("away", || server.asked_admin("/readyz").contains("store: away"));
    let log = server.ended().err;
    assert!(log.contains("an invented line"), "{log}");
    assert!(!log.contains('\u{1b}') && log.lines().all(|line| line.starts_with("20")), "{log}");
}

const READ: &str = "mcp_auth_file_read_timestamp_seconds{file=\"deny\"}";

/// T14: that a file is broken, or was read again, is not said in silence
#[tokio::test]
async fn a_file_that_changes_is_told_of() {
    let operator = Operator::new();
    let file = operator.path("deny");
    fs::write(&file, "").unwrap();
    let settings = [("MCP_AUTH_DENY_FILE", file.to_str().unwrap()), ("MCP_AUTH_KEYS_POLL_SECS", "1")];
    let server = Running::start(&operator, &settings);
    let counted = |line: &str| server.asked_admin("/metrics").contains(line);
    let metrics = server.asked_admin("/metrics");
    let at_the_start = metrics.lines().find(|line| line.contains(READ)).unwrap();
    fs::write(&file, "person bob@example.com\n").unwrap();
    until("read", || !counted(at_the_start));
    fs::write(&file, "persons bob@example.com\n").unwrap();
    until("refused", || counted("mcp_auth_file_failures_total{file=\"deny\"} 1"));
    let log = server.ended().err;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reloaded = |line: &&Value| line["target"] == "audit" && line["event"] == "file reloaded";
    assert_eq!(lines.iter().filter(reloaded).count(), 1, "{log}");
    let broken = |line: &&Value| line["level"] == "ERROR" && line["file"] == "deny";
    assert_eq!(lines.iter().filter(broken).count(), 1, "{log}");
}

/// CIMD-10, CIMD-13, CIMD-19, CIMD-30, T17: for whoever runs the server, and for nobody who wants to look around
#[tokio::test]
async fn why_a_document_was_not_read_is_in_the_log_and_not_on_the_page() {
    let operator = Operator::new();
    let server = Running::start(&operator, &[("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "fetch")]);
    let alice = Alice::at(&server);
    let cases = [
        ("https://127.0.0.1/c", "not one of the public internet"),
        ("https://localhost/c", "not one of the public internet"),
        ("https://app.invalid:8443/c", "only port 443"),
        ("https://app.invalid/c", "no answer"),
    ];
    for (id, cause) in cases {
        let answer = alice.get(&Alice::request(id)).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{id}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("description cannot be read") && !page.contains(cause), "{id}: {page}");
    }
    let log = server.ended().err;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (id, cause) in cases {
        let line = lines.iter().find(|line| line["client"] == id && line["status"] == 400);
        let line = line.unwrap_or_else(|| panic!("{id} in {log}"));
        assert!(line["level"] == "INFO" && text(&line["reason"]).contains(cause), "{line}");
    }
}

/// Alice behind the proxy, and her assistant.
pub(crate) struct Alice {
    base: String,
    http: Client,
}

impl Alice {
    pub(crate) const SUB: &str = SUB;

    pub(crate) fn at(server: &Running) -> Self {
        let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        Self { base: format!("http://{}", server.listen), http }
    }

    fn get(&self, path: &str) -> RequestBuilder {
        Self::dressed(self.http.get(format!("{}{path}", self.base)))
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let request = self.http.post(format!("{}{path}", self.base));
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
        Self::dressed(request).send().await.unwrap()
    }

    fn dressed(request: RequestBuilder) -> RequestBuilder {
        request
            .header("Host", "mcp.example.com")
            .header("X-Forwarded-For", CALLER)
            .header("X-Sidecar-Auth", SECRET)
            .header("X-Forwarded-User", SUB)
            .header("X-Forwarded-Email", EMAIL)
    }

    pub(crate) async fn register(&self) -> String {
        let request = Self::dressed(self.http.post(format!("{}/oauth/register", self.base)));
        let answer = request.json(&json!({"redirect_uris": [CALLBACK]})).send().await.unwrap();
        let document: Value = answer.json().await.unwrap();
        document["client_id"].as_str().unwrap().to_owned()
    }

    fn request(id: &str) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", id),
                ("redirect_uri", CALLBACK),
                ("code_challenge", CHALLENGE),
                ("code_challenge_method", "S256"),
                ("state", STATE),
            ])
            .finish();
        format!("/oauth/authorize?{query}")
    }

    pub(crate) async fn answers(&self, id: &str, answer: &str) -> String {
        let page = self.get(&Self::request(id)).send().await.unwrap();
        let page = page.text().await.unwrap();
        let (_, rest) = page.split_once("name=\"question\" value=\"").unwrap_or_else(|| panic!("{page}"));
        let question = rest.split('"').next().unwrap();
        let sent = self.post("/oauth/consent", &[("question", question), ("answer", answer)]).await;
        sent.headers()["location"].to_str().unwrap().to_owned()
    }

    pub(crate) async fn connects(&self, id: &str) -> Value {
        let code = param(&self.answers(id, "allow").await, "code");
        self.token(&[("grant_type", "authorization_code"), ("code", &code)], id).await
    }

    pub(crate) async fn token(&self, fields: &[(&str, &str)], id: &str) -> Value {
        let fields = [fields, &[("client_id", id), ("code_verifier", VERIFIER)]].concat();
        self.post("/oauth/token", &fields).await.json().await.unwrap()
    }
}

fn param(location: &str, name: &str) -> String {
    let url = Url::parse(location).unwrap();
    url.query_pairs().find(|(other, _)| other == name).unwrap().1.into_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn jti(client_id: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(client_id.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    text(&claims["jti"]).to_owned()
}
