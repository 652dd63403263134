//! The nightly job as its pod would run it: the `CronJob`'s command and variables, and its service account's token.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Output};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

use crate::api_server::{aged, ring};
use crate::cluster::Cluster;
use crate::files::Files;

pub(crate) const DAY: i64 = 86_400;
pub(crate) const NAME: &str = "mcp-auth-keys";
const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");

pub(crate) struct Job {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) namespace: &'static str,
    /// What a pod finds in the folder of its service account.
    pub(crate) pod: TempDir,
}

impl Job {
    /// In a namespace of its own, with a Secret of new rings and what else such a Secret may have.
    pub(crate) fn installed(namespace: &'static str) -> Self {
        let (cluster, pod) = (Cluster::shared(), tempfile::tempdir().unwrap());
        let files = Files::of("internal", "ingress", namespace);
        cluster.namespace(namespace);
        cluster.kubectl(&["apply", "-k", &files.file("internal")]);
        fs::copy(cluster.authority(), pod.path().join("ca.crt")).unwrap();
        let job = Self { cluster, namespace, pod };
        job.make_rings(NAME);
        job.kubectl(&["label", "secret", NAME, "team=ours"]);
        job.kubectl(&["annotate", "secret", NAME, "example.com/whose=the operator's"]);
        job.has_token(&job.token_of(NAME, &[]));
        job
    }

    pub(crate) fn make_rings(&self, secret: &str) {
        let rings = tempfile::tempdir().unwrap();
        let dir = rings.path().join("keys");
        assert!(sidecar().args(["keys", "init", "--dir"]).arg(&dir).output().unwrap().status.success());
        fs::write(dir.join("else"), "somebody else's").unwrap();
        self.kubectl(&["create", "secret", "generic", secret, &format!("--from-file={}", dir.display())]);
    }

    /// By the `TokenRequest` API, as a kubelet gets it.
    pub(crate) fn token_of(&self, account: &str, more: &[&str]) -> String {
        self.kubectl(&[&["create", "token", account], more].concat())
    }

    pub(crate) fn has_token(&self, token: &str) {
        fs::write(self.pod.path().join("token"), token).unwrap();
    }

    pub(crate) fn kubectl(&self, args: &[&str]) -> String {
        self.cluster.kubectl(&[&["-n", self.namespace], args].concat())
    }

    pub(crate) fn runs(&self) -> Output {
        self.command(&self.own()).output().unwrap()
    }

    /// Its Secret.
    pub(crate) fn own(&self) -> String {
        format!("{}/{NAME}", self.namespace)
    }

    /// Its container's, but for this Secret.
    pub(crate) fn command(&self, secret: &str) -> Command {
        let container = self.template()["spec"]["containers"][0].take();
        let args = container["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
        let args = args.map(|arg| arg.replace("$(NAMESPACE)", self.namespace).replace(&self.own(), secret));
        let file = |name: &str| self.pod.path().join(name);
        let mut command = sidecar();
        command
            .args(args)
            .args(["--kube-token-file".into(), file("token"), "--kube-ca".into(), file("ca.crt")])
            .envs(self.variables(&container))
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", self.cluster.port.to_string());
        command
    }

    /// Of its pods.
    pub(crate) fn template(&self) -> Value {
        self.cluster.get(self.namespace, "cronjob", NAME)["spec"]["jobTemplate"]["spec"]["template"].take()
    }

    fn variables(&self, container: &Value) -> BTreeMap<String, String> {
        let mut variables = BTreeMap::new();
        for from in container["envFrom"].as_array().unwrap() {
            let name = from["configMapRef"]["name"].as_str().unwrap();
            let map = self.cluster.get(self.namespace, "configmap", name);
            variables.extend(serde_json::from_value::<BTreeMap<_, _>>(map["data"].clone()).unwrap());
        }
        variables
    }

    pub(crate) fn secret(&self) -> Value {
        self.cluster.get(self.namespace, "secret", NAME)
    }

    pub(crate) fn states(&self, name: &str) -> Vec<String> {
        let keys = ring(&self.secret(), name)["keys"].take();
        keys.as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn kid(&self, name: &str, state: &str) -> String {
        let keys = ring(&self.secret(), name)["keys"].take();
        let key = keys.as_array().unwrap().iter().find(|key| key["state"] == state);
        key.unwrap()["kid"].as_str().unwrap().to_owned()
    }

    /// As if everything had happened so much earlier.
    pub(crate) fn age(&self, name: &str, secs: i64) {
        let mut secret = self.secret();
        let ring = aged(ring(&secret, name), secs).to_string();
        secret["data"][format!("{name}.json")] = STANDARD.encode(ring).into();
        self.cluster.kubectl_on(&["replace"], &secret);
    }

    /// One line of it, and nothing that a thief could use.
    pub(crate) fn assert_says(&self, output: &Output, code: i32, sentence: &str) {
        let text = said(output);
        assert_eq!(output.status.code(), Some(code), "{sentence}: {text}");
        assert!(text.contains(sentence) && text.lines().count() <= 3, "{sentence}: {text}");
        let token = fs::read_to_string(self.pod.path().join("token")).unwrap();
        assert!(token.is_empty() || !text.contains(token.trim()), "{text}");
    }
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

pub(crate) fn sidecar() -> Command {
    let mut command = Command::new(SIDECAR);
    command.env_clear();
    command
}
