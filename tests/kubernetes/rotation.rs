//! The nightly job: what it may do, and that its command turns the rings.

use std::fs;

use serde_json::{Value, json};

use super::api_server::ApiServer;
use super::containers::made_by_hand;
use super::overlay::Overlay;

const DAY: i64 = 86_400;

#[test]
fn the_job_may_read_and_replace_one_secret_and_nothing_else() {
    for overlay in Overlay::all() {
        assert_eq!(
            overlay.one("Role", "mcp-auth-keys")["rules"],
            json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mcp-auth-keys"], "verbs": ["get", "update"]}])
        );
        let kinds = overlay.kinds();
        for (kind, number) in [("Role", 1), ("RoleBinding", 1), ("ClusterRole", 0), ("ClusterRoleBinding", 0)]
        {
            assert_eq!(kinds.iter().filter(|found| **found == kind).count(), number, "{kind}");
        }
        let binding = overlay.one("RoleBinding", "mcp-auth-keys");
        let namespace = &binding["metadata"]["namespace"];
        assert_eq!(binding["roleRef"]["name"], "mcp-auth-keys");
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "mcp-auth-keys", "namespace": namespace}])
        );
        let job = &overlay.one("CronJob", "mcp-auth-keys")["spec"];
        assert_eq!(job["concurrencyPolicy"], "Forbid");
        let pod = &job["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(
            (&pod["serviceAccountName"], &pod["automountServiceAccountToken"]),
            (&json!("mcp-auth-keys"), &json!(true))
        );
        assert_ne!(overlay.pod()["serviceAccountName"], "mcp-auth-keys", "the server itself may not");
    }
}

#[test]
fn the_jobs_command_turns_the_rings_of_the_secret_that_the_server_reads() {
    for overlay in Overlay::all() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in made_by_hand("mcp-auth-keys") {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let job = overlay.one("CronJob", "mcp-auth-keys");
        let container = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["fieldPath"], "metadata.namespace");
        let namespace = job["metadata"]["namespace"].as_str().unwrap();
        let args = container["args"].as_array().unwrap().iter().map(Value::as_str);
        let args: Vec<String> = args.map(|arg| arg.unwrap().replace("$(NAMESPACE)", namespace)).collect();
        assert_eq!(args[..2], ["keys", "tick"]);
        let server = ApiServer::start(dir.path(), namespace);
        server.age("session", 8 * DAY);
        let args: Vec<&str> = args[2..].iter().map(String::as_str).collect();
        let done = server.tick(&overlay.environment(container), &args);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert_eq!(server.states("session"), ["active", "next"]);
        let read = &overlay.pod()["volumes"]
            .as_array()
            .unwrap()
            .iter()
            .find(|volume| volume["name"] == "mcp-auth-keys");
        assert_eq!(read.unwrap()["secret"]["secretName"], "mcp-auth-keys");
    }
}

/// Keys are kept for as long as the server's own lifetimes say.
#[test]
fn the_job_knows_what_the_server_knows() {
    for overlay in Overlay::all() {
        let job = &overlay.one("CronJob", "mcp-auth-keys")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(job["containers"][0]["envFrom"], overlay.added("mcp-auth")["envFrom"]);
        assert_eq!(job["containers"][0]["image"], overlay.added("mcp-auth")["image"]);
    }
}
