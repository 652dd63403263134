//! The containers that are added, tried on the real programs: their files, variables, commands and probes.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::overlay::{Overlay, named, shipped, succeeded, tool};

pub(crate) const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");

/// Of every file of every volume.
const MODE: u32 = 0o440;

/// A container's files below a folder, as its mounts put them there.
pub(crate) struct Files(TempDir);

impl Files {
    fn of(overlay: &Overlay, container: &Value) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        for mount in container["volumeMounts"].as_array().unwrap() {
            assert_eq!((&mount["subPath"], &mount["readOnly"]), (&Value::Null, &json!(true)), "{mount}");
            let volume = named(&overlay.pod()["volumes"], mount["name"].as_str().unwrap());
            let folder = files.at(mount["mountPath"].as_str().unwrap());
            fs::create_dir_all(&folder).unwrap();
            for (name, text) in content(overlay, volume) {
                let path = Path::new(&folder).join(name);
                fs::write(&path, text).unwrap();
                fs::set_permissions(path, Permissions::from_mode(MODE)).unwrap();
            }
        }
        files
    }

    /// The same text with its paths below the folder.
    fn at(&self, text: &str) -> String {
        text.replace("/etc/", &format!("{}/etc/", self.0.path().display()))
    }
}

fn content(overlay: &Overlay, volume: &Value) -> BTreeMap<String, Vec<u8>> {
    let mode = |source: &Value| assert_eq!(source["defaultMode"], MODE, "{volume}");
    if let Some(secret) = volume.get("secret") {
        mode(secret);
        let mut data = made_by_hand(secret["secretName"].as_str().unwrap());
        if let Some(items) = secret["items"].as_array() {
            data.retain(|name, _| items.iter().any(|item| item["key"] == *name && item["path"] == *name));
            assert_eq!(data.len(), items.len());
        }
        return data;
    }
    mode(&volume["projected"]);
    let mut data = BTreeMap::new();
    for source in volume["projected"]["sources"].as_array().unwrap() {
        if let Some(map) = source["configMap"]["name"].as_str() {
            let texts = overlay.one("ConfigMap", map)["data"].as_object().unwrap();
            data.extend(texts.iter().map(|(name, text)| (name.clone(), text.as_str().unwrap().into())));
        } else {
            data.extend(made_by_hand(source["secret"]["name"].as_str().unwrap()));
        }
    }
    data
}

/// The Secrets that the README has the operator make; `--from-file=keys` takes every file of a folder.
pub(crate) fn made_by_hand(name: &str) -> BTreeMap<String, Vec<u8>> {
    let readme = shipped("deploy/kubernetes/README.md");
    let made = readme.lines().find(|line| line.contains(&format!("create secret generic {name} ")));
    let files = made.unwrap().split_whitespace().filter_map(|word| word.strip_prefix("--from-file="));
    let mut data = BTreeMap::new();
    for file in files {
        if file == "keys" {
            data.extend(rings());
        } else {
            data.insert(file.to_owned(), succeeded(sidecar(&["secret"], &[])));
        }
    }
    data
}

fn rings() -> BTreeMap<String, Vec<u8>> {
    let dir = tempfile::tempdir().unwrap();
    succeeded(sidecar(&["keys", "init", "--dir", dir.path().to_str().unwrap()], &[]));
    let files = fs::read_dir(dir.path()).unwrap().map(Result::unwrap);
    files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap())).collect()
}

fn sidecar(args: &[&str], environment: &[(String, String)]) -> Output {
    Command::new(SIDECAR).args(args).env_clear().envs(environment.iter().cloned()).output().unwrap()
}

/// What the sidecar would see in its pod, but for where its files lie, and a Redis that is away.
pub(crate) fn environment(overlay: &Overlay) -> (Vec<(String, String)>, Files) {
    let files = Files::of(overlay, overlay.added("mcp-auth"));
    let all = overlay.environment(overlay.added("mcp-auth")).into_iter();
    let variables = all.map(|(name, value)| match name.as_str() {
        "MCP_AUTH_STORE" => (name, "redis://127.0.0.1:1".to_owned()),
        _ => (name, files.at(&value)),
    });
    (variables.collect(), files)
}

/// What Kubernetes adds to every container of a namespace for its Services.
fn service_links(overlay: &Overlay) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for service in overlay.kind("Service") {
        let name = service["metadata"]["name"].as_str().unwrap().to_uppercase().replace('-', "_");
        for shape in ["SERVICE_HOST", "SERVICE_PORT", "PORT", "PORT_80_TCP_ADDR"] {
            links.push((format!("{name}_{shape}"), "10.0.0.1".to_owned()));
        }
    }
    links
}

#[test]
fn the_sidecar_accepts_every_variable_and_every_file() {
    for overlay in Overlay::all() {
        let (variables, _files) = environment(&overlay);
        let environment = [variables, service_links(&overlay)].concat();
        let said = String::from_utf8(succeeded(sidecar(&["check"], &environment))).unwrap();
        let policy = if overlay.site == "internal" { "loopback,cursor" } else { "claude,cursor" };
        let site = overlay.site.to_uppercase();
        for line in [
            &format!("MCP_AUTH_{site}_REDIRECTS={policy}"),
            "proofs of the proxy: shared secret (1 accepted) ID token",
        ] {
            assert!(said.lines().any(|found| found == line), "{line}: {said}");
        }
        assert!(!said.contains("left out"), "a Service's name begins like a variable of ours: {said}");
    }
}

#[test]
fn the_probes_are_answered() {
    for overlay in [Overlay::of("internal", "ingress"), Overlay::of("public", "httproute")] {
        let container = overlay.added("mcp-auth");
        let (mut variables, _files) = environment(&overlay);
        assert!(variables.contains(&("MCP_AUTH_ADMIN_LISTEN".into(), "0.0.0.0:8081".into())));
        assert_eq!(named(&container["ports"], "admin")["containerPort"], 8081);
        variables.retain(|(name, _)| !name.ends_with("LISTEN"));
        variables.push(("MCP_AUTH_LISTEN".into(), "127.0.0.1:0".into()));
        variables.push(("MCP_AUTH_ADMIN_LISTEN".into(), "127.0.0.1:0".into()));
        let mut server =
            Command::new(SIDECAR).env_clear().envs(variables).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
        let admin = lines
            .find_map(|line| Some(serde_json::from_str::<Value>(&line).ok()?["admin"].as_str()?.to_owned()));
        let admin = admin.unwrap();
        for probe in ["startupProbe", "readinessProbe", "livenessProbe"] {
            let get = &container[probe]["httpGet"];
            assert_eq!(get["port"], "admin");
            assert_eq!(status(&admin, get["path"].as_str().unwrap()), "200", "{probe}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

fn status(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

#[test]
fn the_proxy_accepts_its_configuration_and_files() {
    for overlay in Overlay::all() {
        let container = overlay.added("oauth2-proxy");
        let files = Files::of(&overlay, container);
        let args: Vec<String> =
            container["args"].as_array().unwrap().iter().map(|arg| files.at(arg.as_str().unwrap())).collect();
        for arg in &args {
            let file = arg.split_once('=').unwrap().1;
            fs::write(file, files.at(&fs::read_to_string(file).unwrap())).unwrap();
        }
        let test =
            Command::new(tool("bin/oauth2-proxy")).args(args).arg("--config-test").env_clear().output();
        let said = test.unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
        let alpha = fs::read_to_string(files.at("/etc/oauth2-proxy/alpha.yaml")).unwrap();
        let secret = alpha.split("fromFile: ").nth(1).unwrap().split('}').next().unwrap();
        assert_eq!(fs::read_to_string(secret).unwrap().len(), 43, "no newline: it would be a 502");
        assert!(alpha.contains(r#"bindAddress: "0.0.0.0:4180""#));
        assert_eq!(named(&container["ports"], "proxy")["containerPort"], 4180);
    }
}

#[test]
fn the_proxys_configuration_is_that_of_every_deployment_with_the_gateway() {
    for file in ["core.cfg", "alpha.yaml"] {
        let ours = shipped(&format!("deploy/kubernetes/component/{file}"));
        assert_eq!(ours, shipped(&format!("deploy/gateway/{file}")), "{file}");
    }
}

#[test]
fn the_images_are_of_the_versions_that_the_tests_run() {
    let modules = shipped("tests/tools/go.mod");
    let line = modules
        .lines()
        .find_map(|line| line.trim().strip_prefix("github.com/oauth2-proxy/oauth2-proxy/v7 v"));
    let proxy = format!("quay.io/oauth2-proxy/oauth2-proxy:v{}", line.unwrap().split(' ').next().unwrap());
    let sidecar = concat!("mcp-auth-sidecar:", env!("CARGO_PKG_VERSION"));
    for overlay in Overlay::all() {
        assert_eq!(overlay.added("oauth2-proxy")["image"], proxy);
        assert_eq!(overlay.added("mcp-auth")["image"], sidecar);
    }
    let services = shipped("deploy/compose/compose.yaml");
    for image in [&proxy, sidecar] {
        assert!(services.contains(&format!("image: {image}\n")), "{image}");
    }
}

/// Pod Security Standards, level "restricted".
#[test]
fn what_is_added_runs_with_nothing_it_does_not_need() {
    for overlay in Overlay::all() {
        let job = &overlay.one("CronJob", "mcp-auth-keys")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        let redis = overlay.kind("StatefulSet").map(|set| &set["spec"]["template"]["spec"]["containers"][0]);
        let added = [overlay.added("mcp-auth"), overlay.added("oauth2-proxy"), &job["containers"][0]];
        for container in added.into_iter().chain(redis) {
            let context = &container["securityContext"];
            for (setting, value) in [
                ("runAsNonRoot", json!(true)),
                ("allowPrivilegeEscalation", json!(false)),
                ("readOnlyRootFilesystem", json!(true)),
                ("capabilities", json!({"drop": ["ALL"]})),
                ("seccompProfile", json!({"type": "RuntimeDefault"})),
            ] {
                assert_eq!(context[setting], value, "{} {setting}", container["name"]);
            }
            let resources = &container["resources"];
            assert!(resources["requests"]["cpu"].is_string() && resources["limits"]["memory"].is_string());
        }
    }
}

/// New connections go elsewhere before a replica stops to take them.
#[test]
fn a_pod_that_ends_pauses_first_for_less_time_than_it_has() {
    for overlay in Overlay::all() {
        let grace = overlay.pod()["terminationGracePeriodSeconds"].as_i64().unwrap_or(30);
        for name in ["mcp-auth", "oauth2-proxy"] {
            let pause = overlay.added(name)["lifecycle"]["preStop"]["sleep"]["seconds"].as_i64().unwrap();
            assert!((5..grace / 2).contains(&pause), "{name}: {pause} of {grace} seconds");
        }
    }
}

#[test]
fn no_secret_is_among_what_is_shipped() {
    for overlay in Overlay::all() {
        assert!(!overlay.kinds().contains(&"Secret"));
    }
}
