//! What a whole sign-in costs, as a ratio to its cryptography alone, and what it leaves in memory.
//!
//! `cargo bench --bench flow` runs the release binary, drives it over HTTP on loopback, and prints one line each.

use std::error::Error;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use josekit::jwe::{self, Dir, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::{self, ES256, JwsHeader};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

const FLOWS: u32 = 2_000;
const FLOWS_FOR_MEMORY: u32 = 10_000;
const REGISTRATIONS: u32 = 100_000;
const PEOPLE: u32 = 1_000;
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:1/cb";

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::start(dir.path()).await?;
    let client_id = server.register().await?;
    let at_start = server.memory_kib()?;

    let before = server.cpu()?;
    for flow in 0..FLOWS {
        server.flow(&client_id, flow % PEOPLE).await?;
    }
    let of_a_flow = server.cpu()?.saturating_sub(before) / FLOWS;
    let of_its_cryptography = cryptography_alone()?;
    println!(
        "cpu: {of_a_flow:?} a flow (authorize, consent, code, refresh), {of_its_cryptography:?} for its cryptography alone, ratio {:.2}",
        of_a_flow.as_secs_f64() / of_its_cryptography.as_secs_f64()
    );

    for _ in 0..REGISTRATIONS {
        server.register().await?;
    }
    for flow in FLOWS..FLOWS_FOR_MEMORY {
        server.flow(&client_id, flow % PEOPLE).await?;
    }
    let grown = server.memory_kib()?.saturating_sub(at_start);
    println!(
        "memory: {at_start} KiB at the start, {grown} KiB more after {REGISTRATIONS} registrations and {FLOWS_FOR_MEMORY} flows of {PEOPLE} people"
    );
    Ok(())
}

/// The sidecar as a child process, and how it is called.
struct Server {
    child: Child,
    http: Client,
    url: String,
    secret: String,
}

impl Server {
    async fn start(dir: &Path) -> Outcome<Self> {
        let binary = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
        let keys = dir.join("keys");
        Command::new(binary).args(["keys", "init", "--dir"]).arg(&keys).stdout(Stdio::null()).status()?;
        let secret = String::from_utf8(Command::new(binary).arg("secret").output()?.stdout)?;
        fs::write(dir.join("secret"), &secret)?;
        let url = format!("http://127.0.0.1:{}", free_port()?);
        let child = Command::new(binary)
            .env("MCP_AUTH_DEFAULT_ISSUER", &url)
            .env("MCP_AUTH_LISTEN", url.trim_start_matches("http://"))
            .env("MCP_AUTH_ADMIN_LISTEN", "127.0.0.1:0")
            .env("MCP_AUTH_EMAIL_DOMAINS", "example.com")
            .env("MCP_AUTH_PROXY_SECRET_FILE", dir.join("secret"))
            .env("MCP_AUTH_KEYS_DIR", keys)
            .env("MCP_AUTH_REGISTER_PER_MINUTE", "0")
            .env("MCP_AUTH_LOG", "warn")
            .stderr(Stdio::inherit())
            .spawn()?;
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let server = Self { child, http, url, secret };
        let deadline = Instant::now() + Duration::from_secs(10);
        while server.get("/oauth/jwks").send().await.is_err() {
            if Instant::now() > deadline {
                return Err("the server does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    async fn register(&self) -> Outcome<String> {
        let metadata = json!({"client_name": "bench", "redirect_uris": [CALLBACK]});
        let answer: Value = self.post("/oauth/register").json(&metadata).send().await?.json().await?;
        Ok(answer["client_id"].as_str().ok_or("no client_id")?.to_owned())
    }

    /// Authorize, consent, exchange, refresh: four requests.
    async fn flow(&self, client_id: &str, person: u32) -> Outcome<()> {
        let query = [
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("state", "some-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let page = self
            .signed_in(person, self.get(&format!("/oauth/authorize?{}", form(&query))))
            .send()
            .await?
            .text()
            .await?;
        let question = between(&page, "name=\"question\" value=\"", "\"").ok_or("no question")?;
        let answer = self.post("/oauth/consent").header("content-type", "application/x-www-form-urlencoded");
        let answer = answer.body(form(&[("question", question), ("answer", "allow")]));
        let answer = self.signed_in(person, answer).send().await?;
        let location = answer.headers()["location"].to_str()?.to_owned();
        let code = between(&location, "code=", "&").ok_or("no code")?;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let refresh_token = self.token(&grant).await?;
        let grant =
            [("grant_type", "refresh_token"), ("refresh_token", &refresh_token), ("client_id", client_id)];
        self.token(&grant).await.map(drop)
    }

    async fn token(&self, fields: &[(&str, &str)]) -> Outcome<String> {
        let request = self.post("/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        let answer: Value = request.body(form(fields)).send().await?.json().await?;
        Ok(answer["refresh_token"].as_str().ok_or("no refresh_token")?.to_owned())
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url))
    }

    fn signed_in(&self, person: u32, request: RequestBuilder) -> RequestBuilder {
        request
            .header("x-sidecar-auth", &self.secret)
            .header("x-forwarded-user", person.to_string())
            .header("x-forwarded-email", format!("person-{person}@example.com"))
    }

    /// User and system time of the process so far (proc(5): fields 14 and 15 of `stat`, in ticks of 10 ms).
    fn cpu(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
        Ok(Duration::from_millis(ticks * 10))
    }

    fn memory_kib(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = between(&status, "VmRSS:", "kB").ok_or("no VmRSS")?;
        Ok(resident.trim().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The signatures, verifications and encryptions of one flow, on claims of the same size, in a loop:
///
/// | request | verified | opened | signed | sealed |
/// |---|---|---|---|---|
/// | authorize | `client_id` | | | question |
/// | consent | | question | code | code |
/// | code | `client_id`, code | code | access token | refresh token |
/// | refresh | `client_id` | refresh token | access token | refresh token |
fn cryptography_alone() -> Outcome<Duration> {
    let jwk = Jwk::generate_ec_key(EcCurve::P256)?;
    let (signer, verifier) = (ES256.signer_from_jwk(&jwk)?, ES256.verifier_from_jwk(&jwk)?);
    let (encrypter, decrypter) = (Dir.encrypter_from_bytes([7; 32])?, Dir.decrypter_from_bytes([7; 32])?);
    let (plain, mut hidden) = (JwsHeader::new(), JweHeader::new());
    hidden.set_content_encryption("A256GCM");
    let claims = "x".repeat(450);
    let sign = || jws::serialize_compact(claims.as_bytes(), &plain, &signer);
    let seal = || jwe::serialize_compact(claims.as_bytes(), &hidden, &encrypter);
    let (token, code) = (sign()?, seal()?);
    let began = process_cpu()?;
    for _ in 0..FLOWS {
        for _ in 0..3 {
            sign()?;
            jwe::deserialize_compact(&code, &decrypter)?;
        }
        for _ in 0..4 {
            seal()?;
            jws::deserialize_compact(&token, &verifier)?;
        }
    }
    Ok(process_cpu()?.saturating_sub(began) / FLOWS)
}

fn process_cpu() -> Outcome<Duration> {
    let nanos = fs::read_to_string("/proc/self/schedstat")?;
    Ok(Duration::from_nanos(nanos.split(' ').next().ok_or("no schedstat")?.parse()?))
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
