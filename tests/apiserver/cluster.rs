//! A real API server with its store, on loopback, and its operator's `kubectl`.

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::certificate;
use crate::part::{Part, tail};

const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools");
const TOKEN: &str = "token-of-the-operator";
const PATIENCE: Duration = Duration::from_mins(5);

/// It ends when nobody needs it.
pub(crate) struct Cluster {
    /// Where the API server listens.
    pub(crate) port: u16,
    _parts: [Part; 2],
    home: TempDir,
}

impl Cluster {
    /// The one that all tests share; each has namespaces of its own.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start());
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    fn start() -> Self {
        the_tools_are_there();
        let home = tempfile::tempdir().unwrap();
        certificate(home.path(), "server");
        certificate(home.path(), "accounts");
        fs::write(home.path().join("tokens"), format!("{TOKEN},operator,operator,system:masters\n")).unwrap();
        let [store, peers, port] = free_ports();
        let parts = [etcd(home.path(), [store, peers]), api_server(home.path(), store, port)];
        let cluster = Self { port, _parts: parts, home };
        fs::write(cluster.kubeconfig(), cluster.access().to_string()).unwrap();
        cluster.is_ready();
        cluster.kubectl(&["apply", "--server-side", "-f", &tool("bin/crds")]);
        cluster.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
        cluster
    }

    fn is_ready(&self) {
        let began = Instant::now();
        while !self.asks(&["get", "--raw", "/readyz"]).output().unwrap().status.success() {
            let log = || tail(&self.home.path().join("kube-apiserver.log"));
            assert!(began.elapsed() < PATIENCE, "the API server is not ready:\n{}", log());
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// With the account that a namespace has by itself where controllers run, and with what nobody may break there.
    pub(crate) fn namespace(&self, name: &str) {
        self.kubectl(&["create", "namespace", name]);
        self.restrict(name);
    }

    /// From now on pods must meet the strictest standard, and who makes them is warned of what does not.
    pub(crate) fn restrict(&self, namespace: &str) {
        let levels = ["enforce", "warn"].map(|mode| format!("pod-security.kubernetes.io/{mode}=restricted"));
        self.kubectl(&["label", "namespace", namespace, &levels[0], &levels[1]]);
        self.kubectl(&["-n", namespace, "create", "serviceaccount", "default"]);
    }

    /// It must succeed, and nothing may be warned of.
    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        said(args, self.asks(args).output().unwrap())
    }

    /// The same, on an object.
    pub(crate) fn kubectl_on(&self, args: &[&str], object: &Value) -> String {
        said(args, self.outcome_on(args, object))
    }

    /// The same, whatever comes of it.
    pub(crate) fn outcome_on(&self, args: &[&str], object: &Value) -> Output {
        let mut command = self.asks(args);
        let pipes = [Stdio::piped(), Stdio::piped(), Stdio::piped()];
        let [input, output, errors] = pipes;
        let mut asked = command.args(["-f", "-"]).stdin(input).stdout(output).stderr(errors).spawn().unwrap();
        asked.stdin.take().unwrap().write_all(object.to_string().as_bytes()).unwrap();
        asked.wait_with_output().unwrap()
    }

    pub(crate) fn asks(&self, args: &[&str]) -> Command {
        let mut command = Command::new(tool("bin/kubectl"));
        command.args(args).env_clear().envs(self.environment()).stdin(Stdio::null());
        command
    }

    pub(crate) fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("KUBECONFIG", self.kubeconfig()), ("HOME", self.home.path().to_owned())]
    }

    pub(crate) fn get(&self, namespace: &str, kind: &str, name: &str) -> Value {
        serde_json::from_str(&self.kubectl(&["-n", namespace, "get", kind, name, "-o", "json"])).unwrap()
    }

    pub(crate) fn names(&self, namespace: &str, kind: &str) -> Vec<String> {
        let names = self.kubectl(&["-n", namespace, "get", kind, "-o", "name"]);
        names.lines().map(|name| name.split_once('/').unwrap().1.to_owned()).collect()
    }

    /// The certificate that alone is good.
    pub(crate) fn authority(&self) -> PathBuf {
        self.home.path().join("server.crt")
    }

    fn kubeconfig(&self) -> PathBuf {
        self.home.path().join("kubeconfig")
    }

    fn access(&self) -> Value {
        let server = format!("https://127.0.0.1:{}", self.port);
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": server, "certificate-authority": self.authority()}}],
            "users": [{"name": "operator", "user": {"token": TOKEN}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "operator"}}],
        })
    }
}

/// Errors and warnings alike go to where there must be nothing.
fn said(args: &[&str], output: Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "kubectl {args:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn tool(path: &str) -> String {
    format!("{TOOLS}/{path}")
}

fn etcd(home: &Path, [port, peers]: [u16; 2]) -> Part {
    let [clients, peers] = [port, peers].map(|port| format!("http://127.0.0.1:{port}"));
    let program = [
        tool("bin/etcd"),
        format!("--data-dir={}", home.join("etcd").display()),
        format!("--listen-client-urls={clients}"),
        format!("--advertise-client-urls={clients}"),
        format!("--listen-peer-urls={peers}"),
        format!("--initial-advertise-peer-urls={peers}"),
        format!("--initial-cluster=default={peers}"),
        // What is in it ends with the test.
        "--unsafe-no-fsync".to_owned(),
    ];
    let mut etcd = Part::start("etcd", home.join("etcd.log"), &program, &[]);
    etcd.wait_until_it_answers(port, "/health").unwrap();
    etcd
}

fn api_server(home: &Path, store: u16, port: u16) -> Part {
    let file = |name: &str| home.join(name).display().to_string();
    let program = [
        tool("bin/kube-apiserver"),
        format!("--etcd-servers=http://127.0.0.1:{store}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={port}"),
        // Nobody is told of it: it must only be no address of this machine alone.
        "--advertise-address=192.0.2.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--tls-cert-file={}", file("server.crt")),
        format!("--tls-private-key-file={}", file("server.key")),
        format!("--token-auth-file={}", file("tokens")),
        "--authorization-mode=RBAC".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", file("accounts.crt")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
    ];
    Part::start("kube-apiserver", home.join("kube-apiserver.log"), &program, &[])
}

fn the_tools_are_there() {
    let parts = ["--check", "api_server", "manifest_parts", "debian_parts"];
    let check = Command::new(tool("install.sh")).args(parts).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

/// Bound all at once, so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let held: [_; N] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
