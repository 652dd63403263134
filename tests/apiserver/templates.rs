//! The pods that controllers would make of what is applied meet the strictest Pod Security Standard.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::files::Files;

/// What the API server makes of a pod of this template, or why it makes none.
pub(crate) fn admitted(cluster: &Cluster, namespace: &str, template: &Value) -> Result<Value, String> {
    let mut pod = template.clone();
    (pod["apiVersion"], pod["kind"]) = ("v1".into(), "Pod".into());
    pod["metadata"]["name"] = "pod".into();
    let asked = cluster.outcome_on(&["-n", namespace, "create", "--dry-run=server", "-o", "json"], &pod);
    let complaint = String::from_utf8(asked.stderr).unwrap();
    if complaint.is_empty() { Ok(serde_json::from_slice(&asked.stdout).unwrap()) } else { Err(complaint) }
}

/// Each template that is applied, and where its containers are.
fn templates(cluster: &Cluster, namespace: &str) -> [(&'static str, Value); 3] {
    let of = |kind, name| cluster.get(namespace, kind, name)["spec"].take();
    [
        ("the server", of("deployment", "mcp-server")["template"].take()),
        ("the job", of("cronjob", "mcp-auth-keys")["jobTemplate"]["spec"]["template"].take()),
        ("redis", of("statefulset", "mcp-redis")["template"].take()),
    ]
}

#[test]
fn every_pod_is_admitted_where_nothing_but_the_restricted_is() {
    let (cluster, namespace) = (Cluster::shared(), "pods");
    cluster.namespace(namespace);
    let files = Files::of("public", "httproute", namespace);
    cluster.kubectl(&["apply", "-k", &files.file("public")]);
    for (name, mut template) in templates(&cluster, namespace) {
        // The claim of a StatefulSet becomes a volume of each pod.
        if name == "redis" {
            let volumes = template["spec"]["volumes"].as_array_mut().unwrap();
            volumes.push(json!({"name": "data", "persistentVolumeClaim": {"claimName": "data-mcp-redis-0"}}));
        }
        admitted(&cluster, namespace, &template).unwrap();
        for list in ["containers", "initContainers"] {
            for at in 0..template["spec"][list].as_array().map_or(0, Vec::len) {
                assert_restricted(&cluster, namespace, &template, (list, at));
            }
        }
    }
}

/// No setting of the container could be left out.
fn assert_restricted(cluster: &Cluster, namespace: &str, template: &Value, (list, at): (&str, usize)) {
    for (setting, value, sentence) in [
        ("runAsNonRoot", json!(false), "runAsNonRoot != true"),
        ("allowPrivilegeEscalation", Value::Null, "allowPrivilegeEscalation != false"),
        ("capabilities", Value::Null, "unrestricted capabilities"),
        ("seccompProfile", Value::Null, "seccompProfile"),
    ] {
        let mut changed = template.clone();
        changed["spec"][list][at]["securityContext"][setting] = value;
        let refusal = admitted(cluster, namespace, &changed).unwrap_err();
        let name = template["spec"][list][at]["name"].as_str().unwrap();
        assert!(refusal.contains(r#"violates PodSecurity "restricted"#), "{name} {setting}: {refusal}");
        assert!(refusal.contains(sentence) && refusal.contains(name), "{name} {setting}: {refusal}");
    }
}
