//! Every overlay is taken by the API server without a warning, and what was there before stays as it was.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::files::Files;

/// All that the component adds to a Deployment.
const ADDED: [&str; 8] = [
    "spec.template.metadata.labels.mcp-auth",
    "spec.template.spec.initContainers.mcp-auth",
    "spec.template.spec.initContainers.oauth2-proxy",
    "spec.template.spec.securityContext.fsGroup",
    "spec.template.spec.topologySpreadConstraints",
    "spec.template.spec.volumes.mcp-auth-keys",
    "spec.template.spec.volumes.mcp-auth-proxy",
    "spec.template.spec.volumes.oauth2-proxy",
];

#[test]
fn every_overlay_is_taken_without_a_warning_and_a_deployment_that_was_there_gets_nothing_but_additions() {
    let cluster = Cluster::shared();
    for (site, edge, namespace) in [
        ("internal", "ingress", "internal-ingress"),
        ("internal", "httproute", "internal-httproute"),
        ("public", "ingress", "public-ingress"),
        ("public", "httproute", "public-httproute"),
    ] {
        cluster.namespace(namespace);
        let files = Files::of(site, edge, namespace);
        files.write("example/deployment.yaml", &theirs().to_string());
        cluster.kubectl(&["-n", namespace, "apply", "-k", &files.file("example")]);
        cluster.kubectl(&["-n", namespace, "scale", "deployment/mcp-server", "--replicas=3"]);
        let before = cluster.get(namespace, "deployment", "mcp-server");

        cluster.kubectl(&["apply", "-k", &files.file(site), "--dry-run=server"]);
        assert_eq!(cluster.get(namespace, "deployment", "mcp-server"), before, "a dry run");
        assert_eq!(cluster.names(namespace, "cronjob"), Vec::<String>::new(), "a dry run");

        cluster.kubectl(&["apply", "-k", &files.file(site)]);
        let after = cluster.get(namespace, "deployment", "mcp-server");
        assert_eq!(added(&before, &after), expected(site), "{namespace}");
        let all = || cluster.kubectl(&["get", "-k", &files.file(site), "-o", "json"]);
        let once = all();
        cluster.kubectl(&["apply", "-k", &files.file(site)]);
        assert_eq!(all(), once, "{namespace}, applied twice");
    }
}

fn expected(site: &str) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = ADDED.map(str::to_owned).into();
    if site == "public" {
        all.insert("spec.template.spec.volumes.mcp-redis".to_owned());
    }
    all
}

/// A Deployment with habits of its own, as far as the strictest standard admits them.
fn theirs() -> Value {
    let context = json!({
        "runAsNonRoot": true, "runAsUser": 1000, "allowPrivilegeEscalation": false,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    let mounts = json!([{"name": "data", "mountPath": "/data"}]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "mcp-server", "labels": {"app": "theirs"}, "annotations": {"whose": "theirs"}},
        "spec": {
            "selector": {"matchLabels": {"app": "theirs"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": {"app": "theirs"}, "annotations": {"whose": "theirs"}},
                "spec": {
                    "enableServiceLinks": true,
                    "terminationGracePeriodSeconds": 90,
                    "securityContext": {"supplementalGroups": [7]},
                    "initContainers": [{"name": "migrate", "image": "theirs:1", "securityContext": context}],
                    "containers": [
                        {"name": "server", "image": "theirs:1", "volumeMounts": mounts, "securityContext": context,
                         "ports": [{"name": "mcp", "containerPort": 9000}],
                         "resources": {"requests": {"cpu": "100m"}}},
                        {"name": "worker", "image": "theirs:1", "securityContext": context,
                         "resources": {"requests": {"cpu": "100m"}}},
                    ],
                    "volumes": [{"name": "data", "emptyDir": {}}],
                },
            },
        },
    })
}

/// Where there is something new. Whatever was there before must be the same.
fn added(before: &Value, after: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in ["labels", "uid", "name"] {
        assert_eq!(before["metadata"][part], after["metadata"][part]);
    }
    assert_eq!(after["metadata"]["annotations"]["whose"], "theirs");
    compare(&before["spec"], &after["spec"], "spec", &mut found);
    found
}

fn compare(before: &Value, after: &Value, path: &str, found: &mut BTreeSet<String>) {
    let (Some(before), Some(after)) = (members(before), members(after)) else {
        assert_eq!(before, after, "{path}");
        return;
    };
    for (name, value) in &before {
        let (_, now) = after.iter().find(|(found, _)| found == name).expect(path);
        compare(value, now, &format!("{path}.{name}"), found);
    }
    let is_new = |name: &str| before.iter().all(|(found, _)| found != name);
    found.extend(after.iter().filter(|(name, _)| is_new(name)).map(|(name, _)| format!("{path}.{name}")));
}

/// Of an object, or of a list whose items have names.
fn members(value: &Value) -> Option<Vec<(String, &Value)>> {
    match value {
        Value::Object(members) => Some(members.iter().map(|(name, value)| (name.clone(), value)).collect()),
        Value::Array(items) => {
            items.iter().map(|item| Some((item["name"].as_str()?.to_owned(), item))).collect()
        }
        _ => None,
    }
}

/// What the test above would see if something were warned of.
#[test]
fn a_container_that_may_do_more_is_warned_of() {
    let cluster = Cluster::shared();
    cluster.namespace("warned");
    for (setting, value) in [("runAsUser", json!(0)), ("allowPrivilegeEscalation", json!(true))] {
        let mut deployment = theirs();
        deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"][setting] = value;
        let asked = cluster.outcome_on(&["-n", "warned", "apply", "--dry-run=server"], &deployment);
        let complaint = String::from_utf8(asked.stderr).unwrap();
        assert!(
            complaint.contains("would violate PodSecurity") && complaint.contains(setting),
            "{complaint}"
        );
    }
}

/// A misspelt field is a mistake, not a warning, and so is a value that cannot be.
#[test]
fn what_is_misspelt_is_refused() {
    let cluster = Cluster::shared();
    cluster.namespace("misspelt");
    for (file, before, after, sentence) in [
        ("component/rotation.yaml", "schedule: \"17 3 * * *\"", "schedule: nightly", "Invalid value"),
        ("component/sidecars.yaml", "periodSeconds: 5", "periodSecond: 5", "unknown field"),
        ("component/disruption.yaml", "maxUnavailable: 1", "maxUnavailable: one", "Invalid value"),
        ("edge/httproute/httproute.yaml", "request: 0s", "request: never", "Invalid value"),
        ("monitoring/service-monitor.yaml", "interval: 30s", "interval: often", "Invalid value"),
    ] {
        let files = Files::of("internal", "httproute", "misspelt");
        files.change(file, before, after);
        let path = files.file("internal");
        let asked = cluster.asks(&["apply", "-k", &path, "--dry-run=server"]).output().unwrap();
        let complaint = String::from_utf8(asked.stderr).unwrap();
        assert!(!asked.status.success() && complaint.contains(sentence), "{file}: {complaint}");
    }
}

#[test]
fn the_image_is_taken_from_where_the_operator_says() {
    let cluster = Cluster::shared();
    cluster.namespace("images");
    let files = Files::of("public", "httproute", "images");
    let text = files.read("public/kustomization.yaml");
    let line = "images: [{name: mcp-auth-sidecar, newName: registry.example/mcp-auth-sidecar}]";
    files.write("public/kustomization.yaml", &format!("{text}{line}\n"));
    cluster.kubectl(&["apply", "-k", &files.file("public")]);
    let images = "{range .items[*]}{..image}{\"\\n\"}{end}";
    let path = format!("jsonpath={images}");
    let all = cluster.kubectl(&["-n", "images", "get", "deployment,cronjob", "-o", &path]);
    let ours: Vec<&str> = all.split_whitespace().filter(|image| image.contains("mcp-auth-sidecar")).collect();
    let expected = concat!("registry.example/mcp-auth-sidecar:", env!("CARGO_PKG_VERSION"));
    assert_eq!(ours, [expected; 2]);
}
