//! Everything that stands between an assistant and the MCP server: the edge, two proxies, a balancer, three replicas.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use reqwest::{Method, RequestBuilder};

use crate::edge::{Edge, Plan};
use crate::harness::browser;
use crate::mount::Mount;
use crate::part::{Part, tail};
use crate::proxy::{OIDC_CLIENT, Proxy};
use crate::replica::Replica;

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
/// Its last two characters count.
const SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-00";

pub(crate) struct Deployment {
    pub(crate) issuer: String,
    pub(crate) edge: Edge,
    pub(crate) proxies: [Proxy; 2],
    pub(crate) replicas: [Replica; 3],
    pub(crate) secret: Mutex<String>,
    /// Ends with this.
    _provider: Part,
    /// Everything lies in it, so it goes last.
    pub(crate) mount: Mount,
}

impl Deployment {
    pub(crate) async fn start(redis: &str, upstream: &str) -> Self {
        the_tools_are_there();
        let mount = Mount::new();
        let home = mount.home();
        // A newline at the end would be part of the secret (upstream-secret) or of the form (client-secret).
        fs::write(home.join("upstream-secret"), SECRET).unwrap();
        fs::write(home.join("proxy-secret"), SECRET).unwrap();
        fs::write(home.join("cookie-secret"), "c".repeat(32)).unwrap();
        fs::write(home.join("client-secret"), "of the client at the provider").unwrap();
        let [edge, balancer, provider, one, two] = free_ports();
        let issuer = format!("http://127.0.0.1:{edge}");
        let provider_part = started_provider(provider, home);
        let provider = format!("http://127.0.0.1:{provider}");
        let replicas = replicas(&mount, [&issuer, &provider, redis, upstream]).await;
        let way = (provider.as_str(), balancer);
        let proxies = [Proxy::start(one, home, way).await, Proxy::start(two, home, way).await];
        let plan = Plan {
            edge,
            proxies: proxies.iter().map(Proxy::address).collect(),
            balancer,
            replicas: replicas.iter().map(|replica| replica.address().to_owned()).collect(),
        };
        let edge = Edge::start(plan, home).await;
        let secret = Mutex::new(SECRET.to_owned());
        Self { edge, issuer, proxies, replicas, secret, _provider: provider_part, mount }
    }

    /// As everybody asks: at the edge.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        browser().request(method, format!("{}{path}", self.issuer))
    }

    /// What the proxies find when they start.
    pub(crate) fn give_proxies(&self, secret: &str) {
        replace(&self.mount.home().join("upstream-secret"), secret);
    }

    /// What the replicas accept, soon.
    pub(crate) fn accept(&self, secrets: &[&str]) {
        replace(&self.mount.home().join("proxy-secret"), &secrets.join("\n"));
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        if thread::panicking() {
            for log in fs::read_dir(self.mount.home()).unwrap().flatten().map(|entry| entry.path()) {
                if log.extension().is_some_and(|extension| extension == "log") {
                    eprintln!("--- the end of {}\n{}", log.display(), tail(&log));
                }
            }
        }
    }
}

async fn replicas(mount: &Mount, [issuer, provider, redis, upstream]: [&str; 4]) -> [Replica; 3] {
    let resource = format!("{issuer}/mcp");
    let settings = [
        ("MCP_AUTH_PUBLIC_ISSUER", issuer),
        ("MCP_AUTH_PUBLIC_RESOURCES", &resource),
        ("MCP_AUTH_ID_TOKEN_ISSUER", provider),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", OIDC_CLIENT),
        ("MCP_AUTH_STORE", redis),
        ("MCP_AUTH_UPSTREAM", upstream),
        ("MCP_AUTH_KEYS_POLL_SECS", "1"),
        ("MCP_AUTH_FORWARDED_HOPS", "2"),
        ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0"),
    ];
    let start = async || Replica::start(mount, &settings).await;
    [start().await, start().await, start().await]
}

fn started_provider(port: u16, home: &Path) -> Part {
    let node = format!("{TESTS}/tools/node_modules/.bin/node");
    let program = [node, format!("{TESTS}/e2e/parts/provider.mjs"), port.to_string()];
    let mut provider = Part::start("provider", home.join("provider.log"), &program, &[]);
    provider.wait_until_it_answers(port, "/.well-known/openid-configuration").unwrap();
    provider
}

fn the_tools_are_there() {
    let check =
        [&format!("{TESTS}/tools/install.sh"), "--check", "oauth2_proxy", "node_parts", "debian_parts"];
    let output = Command::new(check[0]).args(&check[1..]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Bound all at once, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let held: [_; N] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn replace(path: &Path, text: &str) {
    let aside: PathBuf = path.with_extension("new");
    fs::write(&aside, text).unwrap();
    fs::rename(aside, path).unwrap();
}
