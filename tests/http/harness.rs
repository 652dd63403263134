//! A server of its own for each test: keys in a folder of its own, a clock that can be moved, two sites.

pub(crate) mod answer;
pub(crate) mod any;
pub(crate) mod between;
pub(crate) mod form;
pub(crate) mod minted;
pub(crate) mod person;
pub(crate) mod provider;
pub(crate) mod publisher;
pub(crate) mod rules;
pub(crate) mod trust;
pub(crate) mod upstream;
pub(crate) mod verbs;
pub(crate) mod wire;

pub(crate) use answer::{Answer, Ask, query_of};
pub(crate) use form::{Form, also, encoded, escaped, form, with, without};
pub(crate) use person::{Person, alice, bob, visitor};
pub(crate) use verbs::{Client, Tokens};
use wire::Line;

use actix_web::rt::System;
use mcp_auth_sidecar::clock::{Clock, Timestamp};
use mcp_auth_sidecar::config::Config;
use mcp_auth_sidecar::seal::keys_dir;
use mcp_auth_sidecar::server::Server;
use reqwest::{Method, RequestBuilder, redirect};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock, mpsc};
use std::{fs, thread};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Not today, so that a server that asks another clock than its own is found out.
const START: i64 = 1_900_000_000;

pub(crate) const PUBLIC: &str = "mcp.example.com";
pub(crate) const INTERNAL: &str = "mcp.internal.example";
pub(crate) const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
pub(crate) const LOOPBACK: &str = "http://localhost:33418/callback";
pub(crate) const PROXY_SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-0";
pub(crate) const SECOND_PROXY_SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-1";

/// One site of a running server; the other one is `internal()` or `public()`.
#[derive(Clone)]
pub(crate) struct TestServer {
    running: Arc<Running>,
    host: &'static str,
}

struct Running {
    address: SocketAddr,
    admin: SocketAddr,
    seconds: Arc<AtomicI64>,
    home: Arc<TempDir>,
    stop: Option<oneshot::Sender<()>>,
}

pub(crate) type Vars = Vec<(String, String)>;

impl TestServer {
    pub(crate) fn spawn() -> Self {
        Self::spawn_with::<0>([])
    }

    /// The settings of `vars()`, but for these; an empty value takes a setting away.
    pub(crate) fn spawn_with<const N: usize>(overrides: [(&str, &str); N]) -> Self {
        Self::spawn_at(START, &overrides)
    }

    /// The same, for settings that were put together.
    pub(crate) fn spawn_with_all(overrides: &[(&str, &str)]) -> Self {
        Self::spawn_at(START, overrides)
    }

    /// For what another process makes, by the clock of the machine.
    pub(crate) fn spawn_today<const N: usize>(overrides: [(&str, &str); N]) -> Self {
        Self::spawn_at(Clock::system().now().as_secs(), &overrides)
    }

    fn spawn_at(now: i64, overrides: &[(&str, &str)]) -> Self {
        let home = Arc::new(TempDir::new().expect("a folder for keys"));
        keys_dir::init(&home.path().join("keys"), Timestamp::from_secs(now)).expect("three rings");
        fs::write(home.path().join("proxy-secret"), format!("{PROXY_SECRET}\n\n{SECOND_PROXY_SECRET}\n"))
            .expect("a secret file");
        Self::start(home, (Arc::new(AtomicI64::new(now)), 0), overrides)
    }

    /// The next server on the same keys and at the same time: a restart, or another replica.
    pub(crate) fn again_with<const N: usize>(&self, overrides: [(&str, &str); N]) -> Self {
        self.apart_with(0, overrides)
    }

    pub(crate) fn again_with_all(&self, overrides: &[(&str, &str)]) -> Self {
        let clock = (self.running.seconds.clone(), 0);
        Self::start(self.running.home.clone(), clock, overrides).at(self.host)
    }

    /// Another replica, whose clock is so many seconds ahead of the others'.
    pub(crate) fn apart_with<const N: usize>(&self, ahead: i64, overrides: [(&str, &str); N]) -> Self {
        let clock = (self.running.seconds.clone(), ahead);
        Self::start(self.running.home.clone(), clock, &overrides).at(self.host)
    }

    fn start(
        home: Arc<TempDir>,
        (seconds, ahead): (Arc<AtomicI64>, i64),
        overrides: &[(&str, &str)],
    ) -> Self {
        let vars = overridden(vars(home.path()), overrides);
        let clock = seconds.clone();
        let clock = Clock::new(move || Timestamp::from_secs(clock.load(Ordering::SeqCst) + ahead));
        let (ready, addresses) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        thread::spawn(move || {
            System::new().block_on(async move {
                let config = Config::from_vars(vars).expect("settings that hold");
                let server = Server::bind(config, clock).expect("a port");
                let addresses = (server.address(), server.admin_address());
                ready.send(addresses).expect("a test that waits");
                tokio::select! { _ = server.run() => {}, _ = stopped => {} }
            });
        });
        let (address, admin) = addresses.recv().expect("a server that starts");
        let (address, admin) = (address.expect("a port"), admin.expect("an admin port"));
        let running = Running { address, admin, seconds, home, stop: Some(stop) };
        Self { running: Arc::new(running), host: PUBLIC }
    }

    pub(crate) fn internal(&self) -> Self {
        self.at(INTERNAL)
    }

    pub(crate) fn public(&self) -> Self {
        self.at(PUBLIC)
    }

    pub(crate) fn at(&self, host: &'static str) -> Self {
        Self { running: self.running.clone(), host }
    }

    pub(crate) fn issuer(&self) -> String {
        let scheme = if self.host.starts_with("localhost") { "http" } else { "https" };
        format!("{scheme}://{}", self.host)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.running.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.running.seconds.load(Ordering::SeqCst)
    }

    pub(crate) fn home(&self) -> &Path {
        self.running.home.path()
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn head(&self, path: &str) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    pub(crate) fn options(&self, path: &str) -> RequestBuilder {
        self.request(Method::OPTIONS, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.running.address);
        browser().request(method, url).header("Host", self.host)
    }

    pub(crate) fn admin(&self, path: &str) -> RequestBuilder {
        browser().get(format!("http://{}{path}", self.running.admin))
    }

    /// A request line as it stands, which no client library would send; more headers end in `\r\n`.
    pub(crate) async fn raw(&self, method: &str, target: &str, headers: &str) -> Answer {
        let host = self.host;
        self.bytes(format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n"
        ))
        .await
    }

    pub(crate) async fn line(&self) -> Line {
        Line::to(self.running.address).await
    }

    pub(crate) async fn bytes(&self, request: impl AsRef<[u8]>) -> Answer {
        let mut stream = TcpStream::connect(self.running.address).await.unwrap();
        // A server that refuses early may close before it has read everything.
        let _ = stream.write_all(request.as_ref()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        Answer::parse(&answer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

/// Without a pool, because each test's runtime takes its connections with it.
pub(crate) fn browser() -> &'static reqwest::Client {
    static BROWSER: OnceLock<reqwest::Client> = OnceLock::new();
    let build = || {
        let plain = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
        plain.tls_certs_only([]).pool_max_idle_per_host(0).build().expect("a client")
    };
    BROWSER.get_or_init(build)
}

pub(crate) fn vars(home: &Path) -> Vars {
    let within = |name: &str| home.join(name).to_str().expect("a path of text").to_owned();
    [
        ("MCP_AUTH_SITES", "internal,public"),
        ("MCP_AUTH_INTERNAL_ISSUER", "https://mcp.internal.example"),
        ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback,cursor"),
        ("MCP_AUTH_PUBLIC_ISSUER", "https://mcp.example.com"),
        ("MCP_AUTH_PUBLIC_RESOURCES", "https://mcp.example.com/mcp,https://mcp.example.com/other/mcp"),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,cursor"),
        ("MCP_AUTH_LISTEN", "127.0.0.1:0"),
        ("MCP_AUTH_ADMIN_LISTEN", "127.0.0.1:0"),
        ("MCP_AUTH_KEYS_DIR", within("keys").as_str()),
        ("MCP_AUTH_PROXY_SECRET_FILE", within("proxy-secret").as_str()),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
        ("MCP_AUTH_SCOPES", "mcp,tools:write"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn overridden(mut vars: Vars, overrides: &[(&str, &str)]) -> Vars {
    vars.retain(|(name, _)| overrides.iter().all(|(other, _)| other != name));
    let set = overrides.iter().filter(|(_, value)| !value.is_empty());
    vars.extend(set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    vars
}
