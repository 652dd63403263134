//! What the job meets of a Kubernetes API server: one Secret, versions, who may do what, and other people's writes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Router, body, routing::any};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) const TOKEN: &str = "token-of-the-service-account";

pub(crate) struct ApiServer {
    pub(crate) url: String,
    /// The job's token and certificates, as a pod has them.
    pub(crate) pod: TempDir,
    shared: Arc<Mutex<Cluster>>,
}

#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) secret: Value,
    pub(crate) writes: usize,
    /// So many writes of somebody else's come between the next reads and their writes.
    pub(crate) rivals: usize,
    /// What is answered instead to a method, once it is set.
    pub(crate) fault: Option<(&'static str, u16, String)>,
}

impl ApiServer {
    /// With a Secret `mcp-auth-keys` of the rings in `dir`, and what else such a Secret has.
    pub(crate) fn start(dir: &Path, namespace: &str) -> Self {
        let data = |name: &str| STANDARD.encode(fs::read(dir.join(name)).unwrap());
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {
                "name": "mcp-auth-keys", "namespace": namespace, "uid": "7f1e", "resourceVersion": "1000",
                "labels": {"app": "mcp"}, "annotations": {"whose": "the operator's"},
            },
            "data": {
                "access.json": data("access.json"), "session.json": data("session.json"),
                "registration.json": data("registration.json"), "else": "ZWxzZQ==",
            },
        });
        let cluster = Cluster { secret, writes: 0, rivals: 0, fault: None };
        let shared = Arc::new(Mutex::new(cluster));
        let pod = tempfile::tempdir().unwrap();
        fs::write(pod.path().join("token"), format!("{TOKEN}\n")).unwrap();
        certificate(pod.path(), "ca");
        Self { url: serve(shared.clone()), pod, shared }
    }

    pub(crate) fn cluster(&self) -> MutexGuard<'_, Cluster> {
        self.shared.lock().unwrap()
    }

    /// `keys tick` with these, as a pod of this cluster would run it.
    pub(crate) fn tick(&self, environment: &[(String, String)], args: &[&str]) -> Output {
        tick(&self.url, self.pod.path()).args(args).envs(environment.iter().cloned()).output().unwrap()
    }

    pub(crate) fn states(&self, name: &str) -> Vec<String> {
        let ring = ring(&self.cluster().secret, name);
        ring["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    }

    /// As if everything had happened so much earlier.
    pub(crate) fn age(&self, name: &str, secs: i64) {
        let mut cluster = self.cluster();
        let aged = aged(ring(&cluster.secret, name), secs);
        cluster.secret["data"][format!("{name}.json")] = STANDARD.encode(aged.to_string()).into();
    }
}

pub(crate) fn tick(server: &str, pod: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    command
        .args(["keys", "tick", "--kube-server", server])
        .args(["--kube-token-file".into(), pod.join("token"), "--kube-ca".into(), pod.join("ca.crt")])
        .env_clear();
    command
}

/// A ring as if everything had happened so much earlier.
pub(crate) fn aged(mut ring: Value, secs: i64) -> Value {
    for key in ring["keys"].as_array_mut().unwrap() {
        for time in ["since", "until"] {
            if let Some(at) = key[time].as_i64() {
                key[time] = (at - secs).into();
            }
        }
    }
    ring
}

pub(crate) fn ring(secret: &Value, name: &str) -> Value {
    let text = STANDARD.decode(secret["data"][format!("{name}.json")].as_str().unwrap()).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// A certificate for 127.0.0.1 that is its own authority, and its key.
pub(crate) fn certificate(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (certificate, key) = (dir.join(format!("{name}.crt")), dir.join(format!("{name}.key")));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=kubernetes", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-out".into(), certificate.clone(), "-keyout".into(), key.clone()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}

fn serve(cluster: Arc<Mutex<Cluster>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let router = Router::new().fallback(any(reply)).with_state(cluster);
            axum::serve(TcpListener::from_std(listener).unwrap(), router).await
        })
    });
    url
}

async fn reply(State(cluster): State<Arc<Mutex<Cluster>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = body::to_bytes(body, usize::MAX).await.unwrap();
    let mut cluster = cluster.lock().unwrap();
    match cluster.fault.clone() {
        Some((method, status, text)) if head.method == method => {
            return (StatusCode::from_u16(status).unwrap(), text).into_response();
        }
        _ => {}
    }
    let bearer = head.headers.get("authorization").and_then(|value| value.to_str().ok());
    let known = bearer == Some(&format!("Bearer {TOKEN}"));
    match (known, head.uri.path() == cluster.path(), head.method.as_str()) {
        (false, _, _) => status(401),
        (true, true, "GET") => cluster.secret.to_string().into_response(),
        (true, true, "PUT") => cluster.replace(&body),
        _ => status(403),
    }
}

impl Cluster {
    pub(crate) fn path(&self) -> String {
        let namespace = self.secret["metadata"]["namespace"].as_str().unwrap();
        format!("/api/v1/namespaces/{namespace}/secrets/mcp-auth-keys")
    }

    fn replace(&mut self, body: &[u8]) -> Response {
        if self.rivals > 0 {
            self.rivals -= 1;
            self.moves_on();
        }
        let object: Value = serde_json::from_slice(body).unwrap();
        for member in ["resourceVersion", "uid"] {
            if object["metadata"][member] != self.secret["metadata"][member] {
                return status(409);
            }
        }
        (self.secret, self.writes) = (object, self.writes + 1);
        self.moves_on();
        self.secret.to_string().into_response()
    }

    fn moves_on(&mut self) {
        let version: i64 = self.secret["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
        self.secret["metadata"]["resourceVersion"] = (version + 1).to_string().into();
    }
}

fn status(code: u16) -> Response {
    let said = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code});
    (StatusCode::from_u16(code).unwrap(), said.to_string()).into_response()
}
