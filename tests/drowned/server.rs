//! One sidecar as an operator starts it, on rings that turn, and what the kernel says of it.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, redirect};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::harness::{self, PROXY_SECRET, PUBLIC, browser};
use crate::mount::Mount;
use crate::room::{free_address, make_room, within};

/// It ends with its handle.
pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) mount: Mount,
    pub(crate) admin: String,
    process: Child,
    log: PathBuf,
}

impl Server {
    /// In front of this MCP server, with the settings of the tests of the doors but for these.
    pub(crate) async fn start(upstream: &str, settings: &[(&str, &str)]) -> Self {
        make_room();
        let mount = Mount::new();
        fs::write(mount.home().join("proxy-secret"), PROXY_SECRET).unwrap();
        let (address, admin, log) = (free_address(), free_address(), mount.home().join("log"));
        // A test run that was killed leaves none behind.
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_mcp-auth-sidecar")]).env_clear();
        command.envs(harness::vars(mount.home())).envs([
            ("MCP_AUTH_LISTEN", address.as_str()),
            ("MCP_AUTH_ADMIN_LISTEN", &admin),
            ("MCP_AUTH_UPSTREAM", upstream),
            ("MCP_AUTH_KEYS_POLL_SECS", "1"),
        ]);
        command.env("MCP_AUTH_KEYS_DIR", mount.dir()).envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).unwrap());
        let server = Self { address, mount, admin, process: command.spawn().unwrap(), log };
        within("ready", async || server.is_ready().await).await;
        server
    }

    async fn is_ready(&self) -> bool {
        browser().get(format!("http://{}/readyz", self.admin)).send().await.is_ok()
    }

    pub(crate) fn request(&self, by: &reqwest::Client, method: Method, path: &str) -> RequestBuilder {
        by.request(method, format!("http://{}{path}", self.address)).header("Host", PUBLIC)
    }

    /// Resident, in kilobytes.
    pub(crate) fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    pub(crate) fn handles(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.process.id())).unwrap().count()
    }

    /// Once nothing is opened or closed any more.
    pub(crate) async fn comes_to_rest(&self) -> usize {
        let mut handles = [0; 4];
        let still = async || {
            handles.rotate_right(1);
            handles[0] = self.handles();
            handles.iter().all(|before| *before == handles[0])
        };
        within("at rest", still).await;
        self.handles()
    }

    /// What it said that is worse than `info`.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().map(|line| (line, serde_json::from_str::<Value>(line)));
        let is_bad = |level: &Value| ["ERROR", "WARN"].iter().any(|bad| level == bad);
        let bad = lines.filter(|(_, line)| line.as_ref().map_or(true, |line| is_bad(&line["level"])));
        bad.map(|(line, _)| line.to_owned()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One who keeps connections as oauth2-proxy does.
pub(crate) fn proxy() -> reqwest::Client {
    let plain = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
    plain.tls_certs_only([]).pool_idle_timeout(Duration::from_secs(90)).build().unwrap()
}

/// One thread's work.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
