//! `deploy/compose/`: the gateway's topology as services, with a Redis and the rotation of keys beside them.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    mcp::Mcp,
    part::Part,
    person::Person,
    ports::{Ports, free_port},
    program::{Program, test_file, tool},
    services::{self, Services},
    stack::Stack,
    way::Held,
};

fn stack() -> &'static (Stack, Services) {
    static STACK: OnceLock<Result<(Stack, Services), String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<(Stack, Services), String> {
    let mut stack = Stack::of("compose", Ports::behind_the_proxy())?;
    let (ports, redis) = (&stack.ports, free_port());
    let on = |port: u16| format!("127.0.0.1:{port}");
    let changes = vec![
        ("0.0.0.0:8080", on(ports.sidecar)),
        ("0.0.0.0:8081", on(ports.admin)),
        ("0.0.0.0:4180", on(ports.proxy)),
        ("mcp-auth:8080", on(ports.sidecar)),
        ("mcp-server:9000", on(stack.wire.port)),
        ("redis:6379", on(redis)),
        ("--dir", format!("--bind 127.0.0.1 --port {redis} --dir")),
        ("https://accounts.google.com", stack.provider()),
        ("\"__Host-mcp_auth\"", "\"mcp_auth\"".to_owned()),
        ("cookie_secure        = true", "cookie_secure        = false".to_owned()),
    ];
    let folder = stack.folder.join("project");
    services::copy(&folder, &[("ISSUER", stack.public.issuer.clone())]);
    let services = Services::of(&folder, changes);
    let python = [tool(".venv/bin/python"), test_file("e2e/parts/mcp_server.py")];
    stack.start_mcp_server(&Program::new(python, &stack.sites()), "/mcp")?;
    let path = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())];
    stack.keep(Part::start("redis", stack.folder.join("redis.log"), &services.process("redis").0, &path));
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, redis)).is_err() {
        assert!(began.elapsed() < Duration::from_mins(1), "Redis does not answer");
        thread::sleep(Duration::from_millis(30));
    }
    let (proxy, admin) = (stack.ports.proxy, stack.ports.admin);
    for (name, ready) in [("mcp-auth", (admin, "/readyz")), ("oauth2-proxy", (proxy, "/ping"))] {
        let (program, environment) = services.process(name);
        stack.start(name, &program, &environment, ready)?;
    }
    Ok((stack.shows_its_logs_when_a_test_fails(), services))
}

#[tokio::test]
async fn an_assistant_goes_the_whole_way_to_the_mcp_server_of_the_file() {
    let (stack, services) = stack();
    let alice = Person::named("alice", stack);
    let held = Held::after_the_whole_way(&stack.public, &alice).await;
    Mcp::connect(&stack.public, &held.tokens.access).await.knows(&stack.public, &alice.address).await;
    stack.the_logs_keep_secrets();
    let (mut sidecar, environment) = services.process("mcp-auth");
    sidecar.push("check".to_owned());
    let check = Command::new(&sidecar[0]).args(&sidecar[1..]).env_clear().envs(environment).output().unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.success() && !said.contains("note: "), "{said}");
}

/// Where nothing runs jobs.
#[test]
fn the_rotation_turns_the_keys_that_the_sidecar_reads_until_it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    services::copy(folder.path(), &[]);
    let services = Services::of(folder.path(), vec![]);
    let keys = |name: &str| services.project["services"][name]["volumes"][0]["source"].clone();
    assert_eq!(keys("rotate-keys"), keys("mcp-auth"));
    let ring = Path::new(keys("rotate-keys").as_str().unwrap()).join("access.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&ring).unwrap()).unwrap();
    old["keys"][0]["since"] = (old["keys"][0]["since"].as_i64().unwrap() - 29 * 86_400).into();
    fs::write(&ring, old.to_string()).unwrap();
    let (program, environment) = services.process("rotate-keys");
    let mut service = Command::new(&program[0])
        .args(&program[1..])
        .env_clear()
        .envs(environment)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(service.stdout.take().unwrap()).lines().next().unwrap().unwrap();
    assert_eq!(said, "access: a key is staged");
    let turned: Value = serde_json::from_slice(&fs::read(&ring).unwrap()).unwrap();
    assert_eq!(turned["keys"].as_array().unwrap().len(), 2);
    assert!(service.try_wait().unwrap().is_none(), "it ended by itself");
    let told = Command::new("kill").arg(service.id().to_string()).status().unwrap();
    assert!(told.success() && !service.wait().unwrap().success());
}

#[test]
fn the_five_lines_of_settings_are_all_that_is_to_change() {
    let settings = [
        ("OWNER", "4711:4711"),
        ("ISSUER", "https://tools.company.test"),
        ("REDIRECTS", "chatgpt"),
        ("EMAIL_DOMAIN", "company.test"),
        ("CLIENT_ID", "another.client.test"),
    ];
    let folder = tempfile::tempdir().unwrap();
    services::copy(folder.path(), &settings.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(fs::read_to_string(folder.path().join(".env")).unwrap().lines().count(), settings.len());
    let text = Services::of(folder.path(), vec![]).project.to_string();
    for (name, value) in settings {
        assert!(text.contains(value), "{name} changes nothing");
    }
    for old in ["example.com", "1234-abc", "1000:1000", "claude"] {
        assert!(!text.contains(old), "{old} is left");
    }
}

#[test]
fn what_compose_does_not_know_is_found() {
    for (right, wrong) in [
        ("read_only: true", "readonly: true"),
        ("secrets: [redis-password]", "secrets: [redis]"),
        ("depends_on: [redis]", "depends_on: [valkey]"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        services::copy(folder.path(), &[]);
        let file = folder.path().join("compose.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(services::read(folder.path()).status.success() && text.contains(right));
        fs::write(file, text.replace(right, wrong)).unwrap();
        assert!(!services::read(folder.path()).status.success(), "{wrong}");
    }
}

#[test]
fn the_proxys_configuration_is_the_gateways_but_for_where_the_sidecar_is() {
    let folder = tempfile::tempdir().unwrap();
    services::copy(folder.path(), &[]);
    let configs = &Services::of(folder.path(), vec![]).project["configs"];
    for (config, file) in [("core", "core.cfg"), ("alpha", "alpha.yaml")] {
        let theirs = fs::read_to_string(test_file(&format!("../deploy/gateway/{file}"))).unwrap();
        let theirs = theirs.replace("http://127.0.0.1:8080", "http://mcp-auth:8080");
        assert_eq!(configs[config]["content"], theirs, "{file}");
    }
}

#[test]
fn one_port_is_open_and_everybody_meets_only_whom_they_must() {
    let folder = tempfile::tempdir().unwrap();
    services::copy(folder.path(), &[]);
    let project = Services::of(folder.path(), vec![]).project;
    let services = project["services"].as_object().unwrap();
    let networks =
        |name: &str| services[name]["networks"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for (name, meets) in [
        ("oauth2-proxy", vec!["front"]),
        ("mcp-auth", vec!["back", "front", "store"]),
        ("mcp-server", vec!["back"]),
        ("redis", vec!["store"]),
    ] {
        assert_eq!(networks(name), meets, "{name}");
    }
    assert_eq!(services["rotate-keys"]["network_mode"], "none");
    for (name, service) in services {
        let open = service["ports"].as_array().map_or(0, Vec::len);
        assert_eq!(open, usize::from(name == "oauth2-proxy"), "{name}");
        if name != "mcp-server" {
            assert_eq!(
                (&service["read_only"], &service["cap_drop"]),
                (&json!(true), &json!(["ALL"])),
                "{name}"
            );
        }
    }
    assert_eq!(services["oauth2-proxy"]["ports"][0]["host_ip"], "127.0.0.1");
}
