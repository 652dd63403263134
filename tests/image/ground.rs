//! What a container finds around itself: names, a web server with a certificate, a Redis, an MCP server.

use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use mcp_auth_sidecar::clock::Clock;
use serde_json::{Value, json};

use crate::harness::provider::{AUDIENCE, rs256};
use crate::harness::publisher::{CALLBACK, JSON, Publisher, answer};
use crate::harness::trust::Authority;
use crate::harness::upstream::Upstream;
use crate::harness::{Client, Person, alice};

/// As Kubernetes writes it: what is no whole name is tried below these first.
pub(crate) const RESOLV: &str =
    "nameserver 127.0.0.1\nsearch mcp.svc.cluster.local cluster.local\noptions ndots:5\n";
/// The name server has another address for that name, where nobody is.
pub(crate) const HOSTS: &str = "127.0.0.1 localhost\n127.0.0.1 mcp-server\n";
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Ground {
    pub(crate) publisher: Publisher,
    pub(crate) upstream: Upstream,
    parts: Vec<Child>,
}

impl Ground {
    pub(crate) async fn start(authority: &Authority) -> Self {
        let publisher = Publisher::start_as("elsewhere", authority);
        let ground = Self { publisher, upstream: Upstream::start().await, parts: vec![names(), redis()] };
        let issuer = ground.url("");
        let discovery = json!({"issuer": issuer, "jwks_uri": ground.url("/certs")});
        ground.serves("/.well-known/openid-configuration", &discovery);
        ground.serves("/certs", &json!({"keys": [rs256().public]}));
        ground
    }

    /// Of the web server, by a name that only the name server knows.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://app.example:{}{path}", self.publisher.port())
    }

    /// A client whose document is there.
    pub(crate) fn client(&self, path: &str) -> Client {
        let id = self.url(path);
        self.serves(path, &json!({"client_id": id, "client_name": "App", "redirect_uris": [CALLBACK]}));
        Client { id, redirect_uri: CALLBACK.to_owned() }
    }

    /// Alice, who signed in there just now, as the proxy tells it.
    pub(crate) fn person(&self) -> Person {
        let (person, now) = (alice(), Clock::system().now().as_secs());
        let claims = json!({
            "iss": self.url(""), "aud": AUDIENCE, "sub": person.user, "email": person.email,
            "email_verified": true, "iat": now, "exp": now + 3600,
        });
        person.also("X-Forwarded-Id-Token", &rs256().sign(&claims))
    }

    fn serves(&self, path: &str, document: &Value) {
        self.publisher.serves(path, &answer("200 OK", JSON, &document.to_string()));
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        for part in &mut self.parts {
            let _ = part.kill();
            let _ = part.wait();
        }
    }
}

/// A name server that knows these and nobody beyond.
fn names() -> Child {
    let mut dnsmasq = Command::new("dnsmasq");
    dnsmasq.args([
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--no-hosts",
        "--pid-file",
    ]);
    dnsmasq.args(["--user=root", "--listen-address=127.0.0.1", "--bind-interfaces"]);
    dnsmasq.args(["--local=/example/", "--local=/local/", "--address=/app.example/127.0.0.1"]);
    dnsmasq.args(["--address=/redis.mcp.svc.cluster.local/127.0.0.1"]);
    dnsmasq.args(["--address=/mcp-server/mcp-server.mcp.svc.cluster.local/127.0.0.9"]);
    started(dnsmasq, 53)
}

fn redis() -> Child {
    let mut redis = Command::new("redis-server");
    redis.args([
        "--bind",
        "127.0.0.1",
        "--port",
        "6379",
        "--dir",
        "/",
        "--save",
        "",
        "--maxmemory-policy",
        "noeviction",
    ]);
    started(redis, 6379)
}

fn started(mut command: Command, port: u16) -> Child {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null());
    let child =
        quiet.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; `make image` installs it"));
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < PATIENCE, "nobody listens on port {port}");
        sleep(Duration::from_millis(10));
    }
    child
}
