//! A proxy and a sidecar before an MCP server that keeps every byte: three resources, inside one another and beside, and tokens for each.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::Command,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder, header::LOCATION, redirect::Policy};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use url::Url;

use crate::{
    assistant::form,
    echo::Echo,
    journey::random,
    part::Part,
    proofs::{Headers, proofs},
    secrets,
    stack::{OIDC_CLIENT, Stack, stack, tool},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
const CALLBACK: &str = "http://127.0.0.1:53014/callback";
/// The two ways in: straight at the sidecar, and through the real proxy.
pub(crate) const ROADS: [&str; 2] = ["straight", "through oauth2-proxy"];

#[derive(Debug)]
pub(crate) struct Guarded {
    pub echo: Echo,
    pub host: String,
    pub tokens: Tokens,
    sidecar: u16,
    proxy: u16,
    parts: [Part; 2],
}

/// All alice's but for the last one.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub mcp: String,
    pub admin: String,
    pub other: String,
    pub of_bob: String,
}

/// Started once for all tests.
pub(crate) async fn guarded() -> &'static Guarded {
    static GUARDED: OnceCell<Guarded> = OnceCell::const_new();
    GUARDED.get_or_init(Guarded::start).await
}

impl Guarded {
    pub(crate) fn port(&self, road: &str) -> u16 {
        if road == ROADS[0] { self.sidecar } else { self.proxy }
    }

    /// The sidecar's log must keep its secrets, whatever is sent.
    pub(crate) fn assert_the_log_keeps_secrets(&self) {
        let log = fs::read(&self.parts[1].log).unwrap();
        assert_eq!(secrets::leaking_line(&String::from_utf8_lossy(&log)), None, "the log holds a secret");
    }

    async fn start() -> Self {
        let stack = stack();
        let echo = Echo::start();
        let [sidecar, admin, proxy] = free_ports();
        let host = format!("localhost:{proxy}");
        let folder = stack.folder.join("guarded");
        fs::create_dir(&folder).unwrap();
        let keys = folder.join("keys").display().to_string();
        let made = Command::new(PROGRAM).args(["keys", "init", "--dir", &keys]).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let environment = environment(&stack, &host, &keys, [sidecar, admin, echo.port]);
        let serve = [PROGRAM.to_owned(), "serve".to_owned()];
        let mut sidecar_part =
            Part::start("guarded-sidecar", folder.join("sidecar.log"), &serve, &environment);
        sidecar_part.wait_until_it_answers(admin, "/readyz").unwrap();
        let program = proxy_program(&stack, &folder, [proxy, sidecar]);
        let mut proxy_part = Part::start("guarded-proxy", folder.join("oauth2-proxy.log"), &program, &[]);
        proxy_part.wait_until_it_answers(proxy, "/ping").unwrap();
        let desk = Desk {
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
            host: host.clone(),
            sidecar,
        };
        let alice = proofs(&stack, "alice", OIDC_CLIENT).await;
        let bob = proofs(&stack, "bob", OIDC_CLIENT).await;
        let tokens = Tokens {
            mcp: desk.token(&alice, "/mcp").await,
            admin: desk.token(&alice, "/mcp/admin").await,
            other: desk.token(&alice, "/other").await,
            of_bob: desk.token(&bob, "/mcp").await,
        };
        Self { echo, host, tokens, sidecar, proxy, parts: [proxy_part, sidecar_part] }
    }
}

/// Bound all at once, so that they differ.
fn free_ports() -> [u16; 3] {
    let held: [_; 3] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn environment(
    stack: &Stack,
    host: &str,
    keys: &str,
    [sidecar, admin, echo]: [u16; 3],
) -> Vec<(String, String)> {
    let resources = ["/mcp", "/mcp/admin", "/other"].map(|path| format!("http://{host}{path}"));
    [
        ("MCP_AUTH_DEFAULT_ISSUER", format!("http://{host}")),
        ("MCP_AUTH_DEFAULT_RESOURCES", resources.join(",")),
        ("MCP_AUTH_LISTEN", format!("127.0.0.1:{sidecar}")),
        ("MCP_AUTH_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
        ("MCP_AUTH_KEYS_DIR", keys.to_owned()),
        ("MCP_AUTH_PROXY_SECRET_FILE", stack.folder.join("upstream-secret").display().to_string()),
        ("MCP_AUTH_ID_TOKEN_ISSUER", stack.provider()),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", OIDC_CLIENT.to_owned()),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com".to_owned()),
        ("MCP_AUTH_UPSTREAM", format!("http://127.0.0.1:{echo}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// The configurations are the ones of the other stack, and so are the secrets.
fn proxy_program(stack: &Stack, folder: &Path, [proxy, sidecar]: [u16; 2]) -> Vec<String> {
    let file = |name: &str, text: &str| {
        let filled = text
            .replace("@FOLDER@", &stack.folder.display().to_string())
            .replace("@PROXY@", &proxy.to_string())
            .replace("@SIDECAR@", &sidecar.to_string())
            .replace("@PROVIDER@", &stack.provider())
            .replace("@CLIENT@", OIDC_CLIENT);
        fs::write(folder.join(name), filled).unwrap();
        folder.join(name).display().to_string()
    };
    let core = file("core.cfg", include_str!("parts/core.cfg"));
    let alpha = file("alpha.yaml", include_str!("parts/alpha.yaml"));
    vec![tool("bin/oauth2-proxy"), format!("--config={core}"), format!("--alpha-config={alpha}")]
}

/// Gets tokens straight at the sidecar, with what the proxy would send.
struct Desk {
    http: Client,
    host: String,
    sidecar: u16,
}

impl Desk {
    async fn token(&self, person: &Headers, path: &str) -> String {
        let registration = json!({"client_name": "guarded", "redirect_uris": [CALLBACK]});
        let registered: Value =
            self.post("/oauth/register").json(&registration).send().await.unwrap().json().await.unwrap();
        let client = ("client_id", registered["client_id"].as_str().unwrap().to_owned());
        let resource = ("resource", format!("http://{}{path}", self.host));
        let verifier = secrets::noted(random());
        let code = self.code(person, [client.clone(), resource.clone()], &verifier).await;
        let redemption = [
            ("grant_type", "authorization_code".to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("code_verifier", verifier),
            ("code", code),
            client,
            resource,
        ];
        let answer = self.form("/oauth/token", &redemption).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        secrets::noted(answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")))
    }

    async fn code(&self, person: &Headers, who: [(&str, String); 2], verifier: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        let asked = [
            ("response_type", "code".to_owned()),
            ("redirect_uri", CALLBACK.to_owned()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".to_owned()),
            ("scope", "mcp".to_owned()),
        ];
        let query = form(&[&asked[..], &who[..]].concat());
        let url = format!("http://127.0.0.1:{}/oauth/authorize?{query}", self.sidecar);
        let page = dressed(self.http.get(url).header("Host", &self.host), person).send().await.unwrap();
        let page = page.text().await.unwrap();
        let (_, question) = page.split_once(r#"name="question" value=""#).unwrap();
        let answer =
            [("question", question.split_once('"').unwrap().0.to_owned()), ("answer", "allow".to_owned())];
        let request = self.form("/oauth/consent", &answer).header("Origin", format!("http://{}", self.host));
        let answer = dressed(request, person).send().await.unwrap();
        let to = Url::parse(answer.headers()[LOCATION].to_str().unwrap()).unwrap();
        secrets::noted(to.query_pairs().find(|(name, _)| name == "code").unwrap().1)
    }

    fn form(&self, path: &str, fields: &[(&str, String)]) -> RequestBuilder {
        self.post(path).header("Content-Type", "application/x-www-form-urlencoded").body(form(fields))
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("http://127.0.0.1:{}{path}", self.sidecar)).header("Host", &self.host)
    }
}

fn dressed(request: RequestBuilder, person: &Headers) -> RequestBuilder {
    person.iter().fold(request, |request, (name, value)| request.header(*name, value))
}
