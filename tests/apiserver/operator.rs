//! A new operator, who does what `deploy/kubernetes/README.md` says, line by line, and nothing else.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::api_server::ring;
use crate::cluster::{Cluster, tool};
use crate::files::Files;
use crate::job::said;

const NAMESPACE: &str = "mcp-public";

struct Operator {
    cluster: Arc<Cluster>,
    files: Files,
    /// Where `kubectl` and `mcp-auth-sidecar` are found.
    programs: TempDir,
}

impl Operator {
    fn new() -> Self {
        let programs = tempfile::tempdir().unwrap();
        symlink(tool("bin/kubectl"), programs.path().join("kubectl")).unwrap();
        symlink(env!("CARGO_BIN_EXE_mcp-auth-sidecar"), programs.path().join("mcp-auth-sidecar")).unwrap();
        Self { cluster: Cluster::shared(), files: Files::new(), programs }
    }

    /// All lines of a block, which must succeed without a word of complaint. Gives what they left behind.
    fn runs(&self, block: &str) -> Vec<String> {
        let scratch = tempfile::tempdir().unwrap();
        let output = Command::new("/bin/bash")
            .args(["-euo", "pipefail", "-c", block])
            .current_dir(self.files.path())
            .env_clear()
            .envs(self.cluster.environment())
            .env("PATH", format!("{}:/usr/bin:/bin", self.programs.path().display()))
            .env("TMPDIR", scratch.path())
            .env("GOOGLE_CLIENT_SECRET", "of the client at Google")
            .output()
            .unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{block}\n{}", said(&output));
        files_below(scratch.path())
    }

    fn secret(&self, name: &str) -> BTreeMap<String, String> {
        let data = self.cluster.get(NAMESPACE, "secret", name)["data"].take();
        let data: BTreeMap<String, String> = serde_json::from_value(data).unwrap();
        let text = |value: String| String::from_utf8(STANDARD.decode(value).unwrap()).unwrap();
        data.into_iter().map(|(name, value)| (name, text(value))).collect()
    }

    fn keys(&self) -> Value {
        self.cluster.get(NAMESPACE, "secret", "mcp-auth-keys")
    }
}

fn files_below(folder: &Path) -> Vec<String> {
    let found = Command::new("find").arg(folder).args(["-type", "f"]).output().unwrap();
    String::from_utf8(found.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The blocks of commands, in their order.
fn blocks(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let operator = Operator::new();
    let blocks = blocks(&operator.files.read("README.md"));
    let [start, turn_now, leaked] = blocks.as_slice() else { panic!("other blocks: {blocks:#?}") };
    assert_eq!(operator.runs(start), Vec::<String>::new(), "secrets were left behind");
    assert_started(&operator);
    operator.runs(turn_now);
    assert_eq!(operator.cluster.names(NAMESPACE, "job").len(), 1);
    assert_turned(&operator, leaked);
}

fn assert_started(operator: &Operator) {
    let rings: Vec<_> = operator.secret("mcp-auth-keys").into_keys().collect();
    assert_eq!(rings, ["access.json", "registration.json", "session.json"]);
    let proxy = operator.secret("oauth2-proxy");
    assert_eq!(proxy["client-secret"], "of the client at Google");
    assert_eq!((proxy["cookie-secret"].len(), proxy["proxy-secret"].len()), (43, 43));
    assert_eq!(operator.secret("mcp-redis")["password"].len(), 43);
    let cluster = &operator.cluster;
    assert_eq!(cluster.names(NAMESPACE, "deployment"), ["mcp-server"]);
    assert_eq!(cluster.names(NAMESPACE, "cronjob"), ["mcp-auth-keys"]);
    assert_eq!(cluster.names(NAMESPACE, "httproute"), ["mcp"]);
    assert!(operator.keys()["metadata"].get("annotations").is_none(), "`apply` would leave the keys there");
    assert_mounted_is_there(cluster, NAMESPACE);
}

/// No pod would wait for a Secret that nobody makes.
fn assert_mounted_is_there(cluster: &Cluster, namespace: &str) {
    let pod = cluster.get(namespace, "deployment", "mcp-server")["spec"]["template"]["spec"].take();
    let mut mounted: Vec<_> = pod["volumes"].as_array().unwrap().iter().filter_map(secret_of).collect();
    mounted.sort_unstable();
    mounted.dedup();
    assert_eq!(cluster.names(namespace, "secret"), mounted, "{namespace}");
}

fn secret_of(volume: &Value) -> Option<&str> {
    let mut sources = volume["projected"]["sources"].as_array().into_iter().flatten();
    let projected = || sources.find_map(|source| source["secret"]["name"].as_str());
    volume["secret"]["secretName"].as_str().or_else(projected)
}

#[test]
fn the_internal_site_wants_no_password_and_no_redis() {
    let operator = Operator::new();
    let start = blocks(&operator.files.read("README.md"))[0].replace("public", "internal");
    let lines = start.lines().filter(|line| !line.contains("mcp-redis"));
    let lines: Vec<_> = lines.map(|line| line.replace(" password", "")).collect();
    operator.runs(&lines.join("\n"));
    assert_mounted_is_there(&operator.cluster, "mcp-internal");
    assert_eq!(operator.cluster.names("mcp-internal", "ingress"), ["mcp"]);
}

/// By a block of commands for a key that leaked; what others wrote on the Secret is theirs.
fn assert_turned(operator: &Operator, leaked: &str) {
    let annotation = "argocd.argoproj.io/sync-options=Prune=false";
    operator.cluster.kubectl(&["-n", NAMESPACE, "annotate", "secret", "mcp-auth-keys", annotation]);
    let before = operator.keys();
    assert_eq!(operator.runs(leaked), Vec::<String>::new(), "keys were left behind");
    let after = operator.keys();
    assert_eq!(after["metadata"]["annotations"], before["metadata"]["annotations"]);
    assert_eq!(after["metadata"]["uid"], before["metadata"]["uid"]);
    let kids = |secret: &Value| -> Vec<String> {
        let keys = ring(secret, "access")["keys"].take();
        keys.as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    assert!(kids(&after).len() == 1 && kids(&after) != kids(&before), "{:?}", kids(&after));
    for ring in ["session.json", "registration.json"] {
        assert_eq!(after["data"][ring], before["data"][ring]);
    }
}
