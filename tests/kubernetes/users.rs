//! The user's own Deployment comes out as it went in, but for what is put beside its containers.

use std::fs;

use serde_json::{Value, json};

use super::overlay::{Overlay, shipped, valid};

const OUR_CONTAINERS: [&str; 2] = ["mcp-auth", "oauth2-proxy"];
const OUR_VOLUMES: [&str; 4] = ["mcp-auth-keys", "mcp-auth-proxy", "mcp-redis", "oauth2-proxy"];

/// As the user wrote it, if nothing else was changed.
fn without_what_was_added(mut deployment: Value) -> Value {
    deployment["metadata"].as_object_mut().unwrap().remove("namespace").unwrap();
    let template = &mut deployment["spec"]["template"];
    template["metadata"]["labels"].as_object_mut().unwrap().remove("mcp-auth").unwrap();
    let pod = template["spec"].as_object_mut().unwrap();
    let ours = |item: &Value, names: &[&str]| names.iter().any(|name| item["name"] == *name);
    drop_items(pod, "initContainers", |item| ours(item, &OUR_CONTAINERS));
    drop_items(pod, "volumes", |item| ours(item, &OUR_VOLUMES));
    drop_items(pod, "topologySpreadConstraints", |item| {
        item["labelSelector"]["matchLabels"] == json!({"mcp-auth": "sidecar"})
    });
    let context = pod["securityContext"].as_object_mut().unwrap();
    context.remove("fsGroup").unwrap();
    if context.is_empty() {
        pod.remove("securityContext");
    }
    deployment
}

fn drop_items(pod: &mut serde_json::Map<String, Value>, list: &str, ours: impl Fn(&Value) -> bool) {
    let items = pod[list].as_array_mut().unwrap();
    items.retain(|item| !ours(item));
    if items.is_empty() {
        pod.remove(list);
    }
}

fn example() -> Value {
    valid(shipped("deploy/kubernetes/example/deployment.yaml").as_bytes()).remove(0)
}

#[test]
fn the_example_comes_out_as_it_went_in() {
    for overlay in Overlay::all() {
        let rendered = overlay.one("Deployment", "mcp-server").clone();
        assert_eq!(without_what_was_added(rendered), example(), "{} {}", overlay.site, overlay.edge);
    }
}

#[test]
fn so_does_a_deployment_with_containers_volumes_and_habits_of_its_own() {
    let mut theirs = example();
    let pod = &mut theirs["spec"]["template"]["spec"];
    pod["initContainers"] = json!([
        {"name": "migrate", "image": "theirs:1", "command": ["migrate"]},
        {"name": "mesh", "image": "mesh:1", "restartPolicy": "Always", "ports": [{"name": "admin", "containerPort": 15000}]},
    ]);
    pod["containers"].as_array_mut().unwrap().push(json!({
        "name": "worker", "image": "theirs:1", "envFrom": [{"configMapRef": {"name": "theirs"}}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        "securityContext": {"runAsUser": 0},
    }));
    pod["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
    pod["securityContext"] = json!({"runAsUser": 4711, "supplementalGroups": [7]});
    pod["topologySpreadConstraints"] = json!([{
        "topologyKey": "example.com/rack", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 2,
        "labelSelector": {"matchLabels": {"app": "mcp-server"}},
    }]);
    pod["terminationGracePeriodSeconds"] = 90.into();
    pod["serviceAccountName"] = "theirs".into();
    for links in [true, false] {
        theirs["spec"]["template"]["spec"]["enableServiceLinks"] = links.into();
        let overlay = Overlay::render("public", "ingress", |folder| {
            fs::write(folder.join("example/deployment.yaml"), theirs.to_string()).unwrap();
        });
        let rendered = overlay.one("Deployment", "mcp-server").clone();
        assert_eq!(without_what_was_added(rendered), theirs);
    }
}

/// Up before everything of the user's, and down after it.
#[test]
fn what_is_added_starts_first() {
    for overlay in Overlay::all() {
        let names: Vec<&Value> =
            overlay.pod()["initContainers"].as_array().unwrap().iter().map(|added| &added["name"]).collect();
        assert_eq!(names, OUR_CONTAINERS);
        for name in OUR_CONTAINERS {
            assert_eq!(overlay.added(name)["restartPolicy"], "Always", "{name} is a sidecar");
        }
    }
}
