//! The commands beside `serve`: what they print, what they make, what they leave alone.

use crate::harness::{Operator, SECRET, Said, mode};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

const RINGS: [&str; 3] = ["access.json", "registration.json", "session.json"];

/// design 2: oauth2-proxy turns a newline into 502s
#[test]
fn a_secret_has_43_characters_and_no_newline() {
    let operator = Operator::without_keys();
    let secrets: BTreeSet<String> = (0..3).map(|_| operator.run(&["secret"], &[]).out).collect();
    assert_eq!(secrets.len(), 3);
    for secret in secrets {
        assert_eq!(secret.len(), 43, "{secret:?}");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(secret.bytes().all(allowed), "{secret:?}");
    }
}

/// design 2: `secret` and `keys init` come before there is any configuration
#[test]
fn what_comes_before_the_configuration_needs_none() {
    let operator = Operator::without_keys();
    let keys = operator.keys();
    for arguments in
        [&["secret"][..], &["keys", "init", "--dir", keys.to_str().unwrap()][..], &["--help"][..]]
    {
        let mut command = operator.command(arguments, &[]);
        command.env_clear();
        let said = Said::of(command);
        assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.err);
    }
    assert!(keys.join("access.json").exists());
}

/// design 4: one flat file a ring, for nobody else's eyes
#[test]
fn keys_are_made_for_their_owner_alone() {
    let operator = Operator::new();
    let keys = operator.keys();
    let names = fs::read_dir(&keys).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = names.filter(|name| !name.starts_with('.')).collect();
    assert_eq!(names, RINGS.map(str::to_owned).into());
    for ring in RINGS {
        assert_eq!(mode(&keys.join(ring)), 0o600, "{ring}");
    }
}

/// design 4: a second `init` would end every registration
#[test]
fn keys_that_are_there_are_never_overwritten() {
    let operator = Operator::new();
    let read = || RINGS.map(|ring| fs::read(operator.keys().join(ring)).unwrap());
    let before = read();
    let said = operator.run(&["keys", "init"], &[]);
    assert!(said.code != Some(0) && !said.err.is_empty(), "{}", said.all());
    assert_eq!(before, read());
    fs::remove_file(operator.keys().join("session.json")).unwrap();
    operator.run(&["keys", "init"], &[]);
    let unchanged = fs::read(operator.keys().join("registration.json")).unwrap();
    assert_eq!(unchanged, before[1]);
}

/// design 2: `--dir` beats the variable
#[test]
fn the_folder_may_be_named_on_the_command_line() {
    let operator = Operator::new();
    let other = operator.path("other");
    let said = operator.run(&["keys", "init", "--dir", other.to_str().unwrap()], &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(other.join("access.json").exists());
    let status = operator.run(&["keys", "status", "--dir", other.to_str().unwrap()], &[]);
    assert_eq!(status.code, Some(0), "{}", status.err);
}

/// design 2, 4: what the rings are at, and nothing secret
#[test]
fn the_status_names_each_ring_and_shows_no_key() {
    let operator = Operator::new();
    let said = operator.run(&["keys", "status"], &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for word in ["access", "session", "registration", "active"] {
        assert!(said.out.contains(word), "{word} in {}", said.out);
    }
    assert_no_key(&operator, &said);
}

/// design 2: the whole configuration without secrets
#[test]
fn a_check_prints_what_is_in_force_and_no_secret() {
    let operator = Operator::new();
    let said = operator.run(&["check"], &[("MCP_AUTH_DEFAULT_REDIRECTS", "loopback,claude")]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for part in [
        "MCP_AUTH_DEFAULT_ISSUER",
        "https://mcp.example.com",
        "https://mcp.example.com/mcp",
        "claude",
        "MCP_AUTH_EMAIL_DOMAINS",
        "MCP_AUTH_ACCESS_TOKEN_SECS",
        "3600",
        "604800",
    ] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    assert!(!said.all().contains(SECRET), "{}", said.all());
    assert_no_key(&operator, &said);
}

/// design 5.2: memory forgets at a restart, and the check says so
#[test]
fn a_check_says_what_memory_forgets() {
    let said = Operator::new().run(&["check"], &[]);
    let text = said.all().to_lowercase();
    assert!(text.contains("memory") && text.contains("restart"), "{text}");
}

/// design 2: bind nothing, and read the keys as `serve` would
#[test]
fn a_check_binds_nothing_and_reads_the_keys() {
    let operator = Operator::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = operator.run(&["check"], &[("MCP_AUTH_LISTEN", &address)]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = Operator::without_keys().run(&["check"], &[]);
    assert_eq!(said.code, Some(64), "{}", said.all());
    assert!(said.err.contains("MCP_AUTH_KEYS_DIR"), "{}", said.err);
}

/// design 3: what Kubernetes injects for a Service is left out, with one warning
#[test]
fn what_kubernetes_injects_is_left_out_with_a_warning() {
    let operator = Operator::new();
    let injected = [
        ("MCP_AUTH_SERVICE_HOST", "10.0.0.1"),
        ("MCP_AUTH_SERVICE_PORT", "8080"),
        ("MCP_AUTH_SERVICE_PORT_HTTP", "8080"),
        ("MCP_AUTH_PORT", "tcp://10.0.0.1:8080"),
        ("MCP_AUTH_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("MCP_AUTH_PORT_8080_TCP_PROTO", "tcp"),
        ("MCP_AUTH_PORT_8080_TCP_PORT", "8080"),
        ("MCP_AUTH_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("MCP_AUTH_SIDECAR_SERVICE_HOST", "10.0.0.1"),
        ("MCP_AUTH_SIDECAR_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
    ];
    let said = operator.run(&["check"], &injected);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let warnings = said.all().lines().filter(|line| line.contains("Kubernetes")).count();
    assert_eq!(warnings, 1, "{}", said.all());
    assert_eq!(operator.run(&["check"], &[]).all().matches("Kubernetes").count(), 0);
}

/// An unknown command is a mistake, too
#[test]
fn a_command_that_nobody_knows_is_refused() {
    let operator = Operator::new();
    for arguments in [&["serv"][..], &["keys"][..], &["keys", "make"][..], &["client"][..], &["--loudly"][..]]
    {
        let said = operator.run(arguments, &[]);
        assert!(said.code.is_some_and(|code| code != 0), "{arguments:?}: {}", said.all());
        assert!(!said.err.is_empty(), "{arguments:?}");
    }
}

fn assert_no_key(operator: &Operator, said: &Said) {
    for ring in RINGS {
        let text = fs::read_to_string(operator.keys().join(ring)).unwrap();
        let secrets = text.split('"').filter(|part| part.len() == 43);
        // The thumbprints that name the keys are as long as the keys.
        let named = |part: &&str| {
            text.contains(&format!("\"kid\":\"{part}\"")) || text.contains(&format!("\"kid\": \"{part}\""))
        };
        for secret in secrets.filter(|part| !named(part)) {
            assert!(!said.all().contains(secret), "a key of {ring} in {}", said.all());
        }
    }
}
