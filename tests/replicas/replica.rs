//! One sidecar, a process of its own on ports that it keeps when it is started again.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::harness::{self, Ask, PROXY_SECRET, PUBLIC, browser};
use crate::mount::Mount;
use crate::redis_server::within;
use crate::spell::Spell;

pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Replica {
    listen: String,
    admin: String,
    vars: harness::Vars,
    log: PathBuf,
    process: Mutex<Option<Child>>,
    /// Killed, and not back yet.
    pub(crate) down: Spell,
    /// Told to end, and not back yet.
    pub(crate) leaving: Spell,
}

impl Replica {
    /// The settings of the tests of the doors, on the mounted keys, but for these.
    pub(crate) async fn start(mount: &Mount, settings: &[(&str, &str)]) -> Self {
        let secret = mount.home().join("proxy-secret");
        if !secret.exists() {
            fs::write(secret, PROXY_SECRET).unwrap();
        }
        let (listen, admin, dir) = (free_address(), free_address(), mount.dir());
        let own = [
            ("MCP_AUTH_LISTEN", listen.as_str()),
            ("MCP_AUTH_ADMIN_LISTEN", &admin),
            ("MCP_AUTH_KEYS_DIR", dir.to_str().unwrap()),
            ("MCP_AUTH_REGISTER_PER_MINUTE", "0"),
        ];
        let mut vars = harness::vars(mount.home());
        vars.retain(|(name, _)| own.iter().all(|(other, _)| other != name));
        let set = own.iter().chain(settings);
        vars.extend(set.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let log = mount.home().join(format!("{listen}.log"));
        let replica = Self {
            listen,
            admin,
            vars,
            log,
            process: Mutex::default(),
            down: Spell::default(),
            leaving: Spell::default(),
        };
        replica.begin().await;
        replica
    }

    pub(crate) async fn begin(&self) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        command.env_clear().envs(self.vars.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::null());
        *self.process.lock().unwrap() = Some(command.stderr(log).spawn().unwrap());
        within(SOON, "ready", async || self.readiness().await.is_some_and(|(status, _)| status == 200)).await;
    }

    /// SIGKILL: nobody is told anything.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap().take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.process.lock().unwrap().as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) async fn ended(&self, limit: Duration) -> ExitStatus {
        let exit = || self.process.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
        within(limit, "ended", async || exit().is_some()).await;
        exit().unwrap()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        browser().request(method, format!("http://{}{path}", self.listen)).header("Host", PUBLIC)
    }

    /// None while nobody listens.
    pub(crate) async fn readiness(&self) -> Option<(u16, String)> {
        let response = browser().get(format!("http://{}/readyz", self.admin)).send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }

    pub(crate) async fn jwks(&self) -> Value {
        let answer = self.request(Method::GET, "/oauth/jwks").answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn publishes(&self, kid: &str) -> bool {
        self.jwks().await["keys"].as_array().unwrap().iter().any(|key| key["kid"] == kid)
    }

    pub(crate) async fn metrics(&self) -> String {
        browser().get(format!("http://{}/metrics", self.admin)).answer().await.text()
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Another process may take it before we do, but not often.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}
