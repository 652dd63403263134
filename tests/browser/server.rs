//! The sidecar with two sites behind the stand-in: `localhost` is the internal one, `127.0.0.1` the public one.

use std::{
    fs,
    net::SocketAddr,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    thread,
};

use actix_web::rt::System;
use mcp_auth_sidecar::{
    clock::{Clock, Timestamp},
    config::Config,
    seal::keys_dir,
    server::Server,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::{
    client::Client,
    front::{Front, Headers},
};

const START: i64 = 1_900_000_000;
const SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-0";

pub(crate) struct TestServer {
    pub front: Front,
    pub internal: String,
    pub public: String,
    vars: Vec<(String, String)>,
    seconds: Arc<AtomicI64>,
    _home: TempDir,
    stop: Option<oneshot::Sender<()>>,
}

impl TestServer {
    pub(crate) async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    pub(crate) async fn spawn_with(settings: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        keys_dir::init(&home.path().join("keys"), Timestamp::from_secs(START)).unwrap();
        fs::write(home.path().join("proxy-secret"), SECRET).unwrap();
        let (front, listener) = Front::bind().await;
        let (internal, public) =
            (format!("http://localhost:{}", front.port), format!("http://127.0.0.1:{}", front.port));
        let vars = vars(&home, &internal, &public, settings);
        let seconds = Arc::new(AtomicI64::new(START));
        let (stop, stopped) = oneshot::channel();
        let sidecar = serve(vars.clone(), seconds.clone(), stopped).await;
        tokio::spawn(front.clone().serve(listener, sidecar));
        let server = Self { front, internal, public, vars, seconds, _home: home, stop: Some(stop) };
        server.front.sign_in(alice());
        server
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.seconds.load(Ordering::SeqCst)
    }

    /// `client mint`, as the operator runs it beside the running sidecar.
    pub(crate) fn mint(&self, name: &str, site: &str, redirect_uri: &str) -> Client {
        let minted = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"))
            .args(["client", "mint", "--json", "--name", name, "--site", site])
            .args(["--redirect-uri", redirect_uri])
            .env_clear()
            .envs(self.vars.iter().cloned())
            .output()
            .unwrap();
        assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
        let minted: Value = serde_json::from_slice(&minted.stdout).unwrap();
        Client { id: minted["client_id"].as_str().unwrap().to_owned(), redirect_uri: redirect_uri.to_owned() }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.stop.take().map(|stop| stop.send(()));
    }
}

/// What the proxy says of a person, with its secret.
pub(crate) fn person(user: &str, email: &str) -> Headers {
    let known = vec![("x-forwarded-user", user.to_owned()), ("x-forwarded-email", email.to_owned())];
    [known, vec![("x-sidecar-auth", SECRET.to_owned())]].concat()
}

pub(crate) fn alice() -> Headers {
    person("108000000000000000001", "alice@example.com")
}

pub(crate) fn bob() -> Headers {
    person("108000000000000000002", "bob@example.com")
}

/// In a thread of its own, as actix wants it.
async fn serve(
    vars: Vec<(String, String)>,
    seconds: Arc<AtomicI64>,
    stopped: oneshot::Receiver<()>,
) -> SocketAddr {
    let (ready, address) = oneshot::channel();
    let clock = Clock::new(move || Timestamp::from_secs(seconds.load(Ordering::SeqCst)));
    thread::spawn(move || {
        System::new().block_on(async move {
            let server = Server::bind(Config::from_vars(vars).unwrap(), clock).unwrap();
            ready.send(server.address().unwrap()).unwrap();
            tokio::select! { _ = server.run() => {}, _ = stopped => {} }
        });
    });
    address.await.unwrap()
}

fn vars(home: &TempDir, internal: &str, public: &str, settings: &[(&str, &str)]) -> Vec<(String, String)> {
    let within = |name: &str| home.path().join(name).display().to_string();
    let (keys, secret) = (within("keys"), within("proxy-secret"));
    let usual = [
        ("MCP_AUTH_SITES", "internal,public"),
        ("MCP_AUTH_INTERNAL_ISSUER", internal),
        ("MCP_AUTH_INTERNAL_RESOURCES", "https://mcp.internal.example/mcp"),
        ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback,cursor"),
        ("MCP_AUTH_PUBLIC_ISSUER", public),
        ("MCP_AUTH_PUBLIC_RESOURCES", "https://mcp.example.com/mcp,https://mcp.example.com/reports/mcp"),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,cursor"),
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_LISTEN", "127.0.0.1:0"),
        ("MCP_AUTH_ADMIN_LISTEN", "127.0.0.1:0"),
        ("MCP_AUTH_KEYS_DIR", &keys),
        ("MCP_AUTH_PROXY_SECRET_FILE", &secret),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
        ("MCP_AUTH_SCOPES", "mcp,tools:write"),
    ];
    let ours = usual.iter().filter(|(name, _)| settings.iter().all(|(other, _)| other != name));
    ours.chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
