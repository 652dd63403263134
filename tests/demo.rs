//! The demo that `make run` starts: the way from the first 401 to a tool call, and the demo's end.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use reqwest::{
    RequestBuilder, Response, StatusCode,
    header::{
        ACCEPT, AsHeaderName, CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE, WWW_AUTHENTICATE,
    },
    redirect::Policy,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:1/callback";

#[tokio::test]
async fn an_assistant_gets_from_the_first_401_to_a_tool_call_and_ctrl_c_leaves_nothing_running() {
    let mut demo = Demo::start();
    for site in ["localhost", "127.0.0.1"] {
        let assistant = Assistant::new(format!("http://{site}:{}", demo.port()));
        let server = assistant.discover().await;
        let client_id = assistant.register(&server).await;
        let code = assistant.authorize(&server, &client_id, "alice@example.com").await;
        let token = assistant.token(&server, &client_id, &code).await;
        let answer = assistant.whoami(&token).await;
        assert!(answer.contains("alice@example.com (user 1001, scope mcp)"), "{answer}");
    }
    assert!(demo.addresses.len() >= 4, "front, sidecar, health and tools: {:?}", demo.addresses);
    assert!(demo.end_with("INT").success());
    for address in &demo.addresses {
        assert!(TcpStream::connect(address).is_err(), "{address} is still open");
    }
}

#[test]
fn a_taken_port_is_one_sentence_that_names_the_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let output = Command::new(demo_binary()).env("PORT", port.to_string()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let next = port.saturating_add(10);
    assert_eq!(said, format!("Port {port} is taken: move the demo with `make run PORT={next}`.\n"));
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
}

struct Assistant {
    site: String,
    http: reqwest::Client,
}

impl Assistant {
    fn new(site: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { site, http }
    }

    async fn discover(&self) -> Value {
        let refused = self.http.post(format!("{}/mcp", self.site)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let challenge = header(refused.headers(), WWW_AUTHENTICATE);
        let resource = self.json(between(&challenge, "resource_metadata=\"", "\"")).await;
        assert_eq!(resource["resource"], format!("{}/mcp", self.site));
        let issuer = text(&resource["authorization_servers"][0]);
        self.json(&format!("{issuer}/.well-known/oauth-authorization-server")).await
    }

    async fn register(&self, server: &Value) -> String {
        let client = json!({ "client_name": "Test", "redirect_uris": [CALLBACK] });
        let registered =
            self.http.post(text(&server["registration_endpoint"])).json(&client).send().await.unwrap();
        assert_eq!(registered.status(), StatusCode::CREATED);
        text(&registered.json::<Value>().await.unwrap()["client_id"]).to_owned()
    }

    /// Signs in and consents, as a person at a browser would.
    async fn authorize(&self, server: &Value, client_id: &str, person: &str) -> String {
        let wanted = encoded(&[
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a b+c/%26"),
        ]);
        let wanted = format!("{}?{wanted}", text(&server["authorization_endpoint"]));
        let (cookie, back) = self.sign_in(&wanted, person).await;
        assert_eq!(format!("{}{back}", self.site), wanted);

        let mallory = ("X_Forwarded_Email", "mallory@evil.example");
        let request = self.http.get(&wanted).header(COOKIE, &cookie).header(mallory.0, mallory.1);
        let question = request.send().await.unwrap();
        assert_eq!(question.status(), StatusCode::OK);
        let page = question.text().await.unwrap();
        let question = between(&page[page.find("name=\"question\"").unwrap()..], "value=\"", "\"");
        let consent = self.http.post(format!("{}/oauth/consent", self.site)).header(COOKIE, &cookie);
        let consent = consent.header(ORIGIN, &self.site);
        let answer = form(consent, &[("question", question), ("answer", "allow")]).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let location = Url::parse(&header(answer.headers(), LOCATION)).unwrap();
        assert!(location.as_str().starts_with(CALLBACK));
        assert_eq!(parameter(&location, "state"), "a b+c/%26");
        parameter(&location, "code")
    }

    async fn sign_in(&self, wanted: &str, person: &str) -> (String, String) {
        let sent = self.http.get(wanted).header(ACCEPT, "*/*").send().await.unwrap();
        assert_eq!(sent.status(), StatusCode::FOUND);
        let page = format!("{}{}", self.site, header(sent.headers(), LOCATION));
        let page = self.http.get(page).send().await.unwrap().text().await.unwrap();
        assert!(page.contains(&format!("value=\"{person}\"")), "{page}");
        let action = format!("{}{}", self.site, between(&page, "action=\"", "\""));
        let signed_in = form(self.http.post(action), &[("person", person)]).await;
        assert_eq!(signed_in.status(), StatusCode::SEE_OTHER);
        let cookie = header(signed_in.headers(), SET_COOKIE);
        let cookie = cookie.split(';').next().unwrap().to_owned();
        (cookie, header(signed_in.headers(), LOCATION))
    }

    async fn token(&self, server: &Value, client_id: &str, code: &str) -> String {
        let request = self.http.post(text(&server["token_endpoint"]));
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        let answer = form(request, &fields).await;
        assert_eq!(answer.status(), StatusCode::OK);
        text(&answer.json::<Value>().await.unwrap()["access_token"]).to_owned()
    }

    async fn whoami(&self, token: &str) -> String {
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello });
        let session = self.mcp(token, None, &hello).await;
        let session = header(session.headers(), "mcp-session-id");
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.mcp(token, Some(&session), &ready).await;
        let call = json!({ "name": "whoami", "arguments": {} });
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call });
        self.mcp(token, Some(&session), &call).await.text().await.unwrap()
    }

    async fn mcp(&self, token: &str, session: Option<&str>, message: &Value) -> Response {
        let request = self.http.post(format!("{}/mcp", self.site)).bearer_auth(token).json(message);
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
    }

    async fn json(&self, url: &str) -> Value {
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

struct Demo {
    child: Child,
    /// Where it says that it and its parts listen; its own address comes first.
    addresses: Vec<String>,
    /// Kept open: the demo goes on printing.
    _said: BufReader<ChildStdout>,
}

impl Demo {
    fn start() -> Self {
        let mut command = Command::new(demo_binary());
        let mut child =
            command.env("PORT", "0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let addresses = addresses(&welcome(&mut said));
        Self { child, addresses, _said: said }
    }

    fn port(&self) -> &str {
        self.addresses[0].split_once(':').unwrap().1
    }

    fn end_with(&mut self, signal: &str) -> ExitStatus {
        let pid = self.child.id().to_string();
        // The shell's own `kill`, for not every machine has the program.
        Command::new("sh").args(["-c", "kill -$0 $1", signal, &pid]).status().unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().unwrap().is_none() {
            self.end_with("TERM");
        }
        let home = demo_binary().ancestors().nth(3).unwrap().join("demo").join(self.port());
        fs::remove_dir_all(home).unwrap();
    }
}

fn demo_binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar")).with_file_name("examples").join("demo");
    assert!(binary.exists(), "the demo is not built: cargo build --example demo");
    binary
}

fn welcome(said: &mut impl BufRead) -> String {
    let mut welcome = String::new();
    while !welcome.contains("Claude Code") {
        assert_ne!(
            said.read_line(&mut welcome).unwrap(),
            0,
            "the demo ended, run it by hand to see why: {welcome}"
        );
    }
    welcome
}

fn addresses(welcome: &str) -> Vec<String> {
    let found = welcome.split(|c: char| !c.is_ascii_digit() && !".:".contains(c));
    found
        .filter_map(|word| word.trim_matches(':').parse::<SocketAddr>().ok())
        .map(|a| a.to_string())
        .collect()
}

async fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> Response {
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(encoded(fields)).send().await.unwrap()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn header(headers: &HeaderMap, name: impl AsHeaderName) -> String {
    headers.get(name).unwrap().to_str().unwrap().to_owned()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}
