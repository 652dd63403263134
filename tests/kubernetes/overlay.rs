//! An overlay as kustomize renders it; every object is strictly valid for the oldest and the newest Kubernetes.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSIONS: &str = "1.30,1.37";

#[derive(Clone, Debug)]
pub(crate) struct Overlay {
    pub(crate) site: &'static str,
    pub(crate) edge: &'static str,
    objects: Arc<Vec<Value>>,
}

impl Overlay {
    /// Both sites, each behind both kinds of edge.
    pub(crate) fn all() -> Vec<Self> {
        let sites = ["internal", "public"].into_iter();
        sites.flat_map(|site| ["ingress", "httproute"].map(|edge| Self::of(site, edge))).collect()
    }

    pub(crate) fn of(site: &'static str, edge: &'static str) -> Self {
        static RENDERED: Mutex<Option<HashMap<(&str, &str), Overlay>>> = Mutex::new(None);
        let mut rendered = RENDERED.lock().unwrap();
        let rendered = rendered.get_or_insert_default();
        rendered.entry((site, edge)).or_insert_with(|| Self::render(site, edge, |_| {})).clone()
    }

    /// The same with files changed before.
    pub(crate) fn render(site: &'static str, edge: &'static str, change: impl Fn(&Path)) -> Self {
        let folder = copy();
        let file = folder.path().join(site).join("kustomization.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let (before, after) = text.split_once("../edge/").unwrap();
        let after = after.split_once('\n').unwrap().1;
        fs::write(&file, format!("{before}../edge/{edge}\n{after}")).unwrap();
        change(folder.path());
        let built = Command::new(tool("bin/kustomize"))
            .args(["build".into(), folder.path().join(site)])
            .output()
            .unwrap();
        Self { site, edge, objects: Arc::new(valid(&succeeded(built))) }
    }

    pub(crate) fn kind<'a>(&'a self, kind: &str) -> impl Iterator<Item = &'a Value> {
        self.objects.iter().filter(move |object| object["kind"] == kind)
    }

    pub(crate) fn one(&self, kind: &str, name: &str) -> &Value {
        // A generated name ends with a hash of what is in it.
        let is = |found: &str| {
            let hash = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
            found == name || hash.is_some_and(|hash| hash.len() == 10 && !hash.contains('-'))
        };
        let mut found = self.kind(kind).filter(|object| is(object["metadata"]["name"].as_str().unwrap()));
        let (Some(one), None) = (found.next(), found.next()) else { panic!("{kind} {name} in {self:?}") };
        one
    }

    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.objects.iter().map(|object| object["kind"].as_str().unwrap()).collect()
    }

    pub(crate) fn pod(&self) -> &Value {
        &self.one("Deployment", "mcp-server")["spec"]["template"]["spec"]
    }

    /// One of the containers that were added.
    pub(crate) fn added(&self, name: &str) -> &Value {
        named(&self.pod()["initContainers"], name)
    }

    /// The variables that a container gets from its maps of them; a later one wins.
    pub(crate) fn environment(&self, container: &Value) -> Vec<(String, String)> {
        let maps = container["envFrom"].as_array().unwrap().iter();
        let maps = maps.map(|from| self.one("ConfigMap", from["configMapRef"]["name"].as_str().unwrap()));
        let data = maps.flat_map(|map| map["data"].as_object().unwrap());
        let all: HashMap<_, _> =
            data.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        all.into_iter().collect()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let all = self.environment(self.added("mcp-auth"));
        all.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// `https://` and a host.
    pub(crate) fn issuer(&self) -> String {
        self.variable(&format!("MCP_AUTH_{}_ISSUER", self.site.to_uppercase())).unwrap()
    }
}

pub(crate) fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item["name"] == name).unwrap()
}

pub(crate) fn shipped(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

pub(crate) fn tool(path: &str) -> PathBuf {
    Path::new(ROOT).join("tests/tools").join(path)
}

/// The objects of a stream of YAML, as another implementation than ours reads and judges them.
pub(crate) fn valid(manifests: &[u8]) -> Vec<Value> {
    let kinds = ["gateway.networking.k8s.io_httproutes.yaml", "monitoring.coreos.com_servicemonitors.yaml"];
    let mut judge = Command::new(tool(".venv/bin/python"))
        .arg(Path::new(ROOT).join("tests/kubernetes/parts/manifests.py"))
        .arg(VERSIONS)
        .args(kinds.map(|kind| tool("bin/crds").join(kind)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    judge.stdin.take().unwrap().write_all(manifests).unwrap();
    serde_json::from_slice(&succeeded(judge.wait_with_output().unwrap())).unwrap()
}

pub(crate) fn succeeded(output: Output) -> Vec<u8> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn copy() -> TempDir {
    let check = Command::new(tool("install.sh"))
        .args(["--check", "manifest_parts", "python_parts", "oauth2_proxy"])
        .output()
        .unwrap();
    succeeded(check);
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(ROOT).join("deploy/kubernetes/.");
    succeeded(Command::new("cp").arg("-r").args([&from, folder.path()]).output().unwrap());
    folder
}
