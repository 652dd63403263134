//! One sidecar, a process of its own on ports that it keeps when it is started again.

use std::fs::{self, OpenOptions};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::harness::{self, Ask, PROXY_SECRET, browser};
use crate::mount::Mount;
use crate::redis_server::within;

pub(crate) const SOON: Duration = Duration::from_secs(20);

pub(crate) struct Replica {
    listen: String,
    admin: String,
    vars: Mutex<harness::Vars>,
    log: PathBuf,
    process: Mutex<Option<Child>>,
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
        let vars = Mutex::new(harness::vars(mount.home()));
        let log = mount.home().join(format!("replica-{listen}.log"));
        let replica =
            Self { vars, log, process: Mutex::default(), listen: listen.clone(), admin: admin.clone() };
        replica.set(&own);
        replica.set(settings);
        replica.begin().await;
        replica
    }

    /// In force when it begins again.
    pub(crate) fn set(&self, settings: &[(&str, &str)]) {
        let mut vars = self.vars.lock().unwrap();
        vars.retain(|(name, _)| settings.iter().all(|(other, _)| other != name));
        vars.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }

    pub(crate) fn address(&self) -> &str {
        &self.listen
    }

    /// Of the public site.
    pub(crate) fn issuer(&self) -> String {
        let vars = self.vars.lock().unwrap();
        let issuer = vars.iter().find(|(name, _)| name == "MCP_AUTH_PUBLIC_ISSUER");
        issuer.expect("an issuer").1.clone()
    }

    pub(crate) async fn begin(&self) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let vars = self.vars.lock().unwrap().clone();
        // A test run that was killed leaves none behind.
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_mcp-auth-sidecar")]);
        command.env_clear().envs(vars).stdin(Stdio::null()).stdout(Stdio::null());
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
        let issuer = self.issuer();
        let (_, host) = issuer.split_once("://").unwrap();
        browser().request(method, format!("http://{}{path}", self.listen)).header("Host", host)
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

    /// What it says of itself to clients.
    pub(crate) async fn scopes(&self) -> Value {
        let path = "/.well-known/oauth-authorization-server";
        self.request(Method::GET, path).answer().await.json()["scopes_supported"].clone()
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
