//! Mistakes in the configuration: exit code 64 and the variable's name, before any port is bound.

use crate::harness::{Operator, Said};
use std::fs;
use std::net::TcpListener;

/// design 2, 3
#[test]
fn a_mistake_ends_the_start_and_names_its_variable() {
    let operator = Operator::new();
    for (name, value) in [
        ("MCP_AUTH_DEFAULT_ISSUER", ""),
        ("MCP_AUTH_DEFAULT_ISSUER", "mcp.example.com"),
        ("MCP_AUTH_DEFAULT_ISSUER", "http://mcp.example.com"),
        ("MCP_AUTH_DEFAULT_ISSUER", "https://mcp.example.com?x=1"),
        ("MCP_AUTH_DEFAULT_ISSUER", "https://mcp.example.com#x"),
        ("MCP_AUTH_DEFAULT_ISSUER", "https://user@mcp.example.com"),
        ("MCP_AUTH_DEFAULT_ISSUER", "ftp://mcp.example.com"),
        ("MCP_AUTH_DEFAULT_RESOURCES", "mcp"),
        ("MCP_AUTH_DEFAULT_RESOURCES", "https://mcp.example.com/mcp#x"),
        ("MCP_AUTH_DEFAULT_RESOURCES", "https://mcp.example.com/mcp,https://mcp.example.com/mcp/"),
        ("MCP_AUTH_DEFAULT_REDIRECTS", "clod"),
        ("MCP_AUTH_DEFAULT_REDIRECTS", "http://evil.example/cb"),
        ("MCP_AUTH_DEFAULT_REDIRECTS", "loopback,https://A.example:443/x/../cb"),
        ("MCP_AUTH_DEFAULT_REGISTRATION", "maybe"),
        ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "on"),
        ("MCP_AUTH_DEFAULT_ORIGINS", "chat.example"),
        ("MCP_AUTH_DEFAULT_ORIGINS", "https://chat.example/path"),
        ("MCP_AUTH_SITES", "Public"),
        ("MCP_AUTH_SITES", "in-ternal"),
        ("MCP_AUTH_SITES", "1st"),
        ("MCP_AUTH_SITES", "default,default"),
        ("MCP_AUTH_LISTEN", "nonsense"),
        ("MCP_AUTH_LISTEN", "127.0.0.1:99999"),
        ("MCP_AUTH_ADMIN_LISTEN", "8081"),
        ("MCP_AUTH_FORWARDED_HOPS", "two"),
        ("MCP_AUTH_KEYS_POLL_SECS", "soon"),
        ("MCP_AUTH_EMAIL_DOMAINS", ""),
        ("MCP_AUTH_EMAIL_DOMAINS", "alice@example.com"),
        ("MCP_AUTH_SCOPES", "a b\"c"),
        ("MCP_AUTH_SCOPES", "mcp,mcp"),
        ("MCP_AUTH_SCOPES", "mcp,openid"),
        ("MCP_AUTH_CONSENT", "sometimes"),
        ("MCP_AUTH_ACCESS_TOKEN_SECS", "an hour"),
        ("MCP_AUTH_ACCESS_TOKEN_SECS", "0"),
        ("MCP_AUTH_CODE_SECS", "-1"),
        ("MCP_AUTH_REFRESH_TOKEN_SECS", "7d"),
        ("MCP_AUTH_REFRESH_GRACE_SECS", "1.5"),
        ("MCP_AUTH_ID_TOKEN_MAX_AGE_SECS", "old"),
        ("MCP_AUTH_DRAIN_SECS", "x"),
        ("MCP_AUTH_REGISTER_PER_MINUTE", "many"),
        ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "few"),
        ("MCP_AUTH_STORE", "postgres://x"),
        ("MCP_AUTH_UPSTREAM", "nonsense"),
        ("MCP_AUTH_UPSTREAM_AUTHORIZATION", "perhaps"),
        ("MCP_AUTH_LOG_FORMAT", "xml"),
        ("MCP_AUTH_LOG", "mcp_auth=loudly"),
        ("MCP_AUTH_LOG", "mcp_auth="),
        ("MCP_AUTH_LOG", "info warn"),
        ("MCP_AUTH_ACCENT", "url(https://evil.example)"),
    ] {
        assert_refused(&operator.run(&["serve"], &[(name, value)]), name, value);
    }
}

#[test]
fn a_mistake_in_a_variable_of_opentelemetry_does_too_where_there_is_a_collector() {
    let operator = Operator::new();
    let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "127.0.0.1:4318"),
    ] {
        for command in ["serve", "check"] {
            assert_refused(&operator.run(&[command], &[collector, (name, value)]), name, value);
        }
    }
}

/// design 3: at oauth2-proxy a star is everybody, and a dot before a domain all below it; here both would be nobody
#[test]
fn a_star_is_no_domain_and_nothing_begins_with_a_dot() {
    let operator = Operator::new();
    let name = "MCP_AUTH_EMAIL_DOMAINS";
    for value in ["*", "*.example.com", ".example.com", "example.com,.example.org"] {
        assert_refused(&operator.run(&["check"], &[(name, value)]), name, value);
    }
}

/// design 3: a variable that nobody knows is a misspelt one
#[test]
fn a_misspelt_variable_ends_the_start() {
    let operator = Operator::new();
    for name in [
        "MCP_AUTH_LISTN",
        "MCP_AUTH_ISSUER",
        "MCP_AUTH_PUBLIC_ISSUER",
        "MCP_AUTH_DEFAULT_ISUER",
        "MCP_AUTH_DEFAULT_SCOPES",
        "MCP_AUTH_PROXY_SECRET",
        "MCP_AUTH_SUPPORT",
        "MCP_AUTH_",
    ] {
        assert_refused(&operator.run(&[], &[(name, "x")]), name, "x");
    }
}

/// design 3: every value that docs/settings.md names
#[test]
fn a_setting_may_have_each_of_its_values() {
    let operator = Operator::new();
    let file = operator.path("a-file");
    fs::write(&file, "person alice@example.com\n").unwrap();
    let file = file.to_str().unwrap();
    for (name, value) in [
        ("MCP_AUTH_DENY_FILE", file),
        ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "off"),
        ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "fetch"),
        ("MCP_AUTH_STORE", "memory"),
        ("MCP_AUTH_UPSTREAM_AUTHORIZATION", "pass"),
        ("MCP_AUTH_UPSTREAM_AUTHORIZATION", "strip"),
    ] {
        let said = operator.run(&["check"], &[(name, value)]);
        assert_eq!(said.code, Some(0), "{name}={value}: {}", said.err);
    }
}

/// design 3: none: the server refuses to start
#[test]
fn a_server_that_could_not_know_its_proxy_names_the_three_proofs() {
    let said = Operator::new().run(&[], &[("MCP_AUTH_PROXY_SECRET_FILE", "")]);
    assert_eq!(said.code, Some(64), "{}", said.all());
    for proof in ["MCP_AUTH_PROXY_SECRET_FILE", "MCP_AUTH_ID_TOKEN_ISSUER", "unix:"] {
        assert!(said.err.contains(proof), "{proof} in {}", said.err);
    }
}

/// design 3: a secret that is none
#[test]
fn a_secret_file_holds_secrets_of_some_length() {
    let operator = Operator::new();
    let file = operator.path("another-secret");
    let name = "MCP_AUTH_PROXY_SECRET_FILE";
    for content in ["", "\n\n", "too-short", "a-secret-of-the-proxy-and-the-sidecar-0\nshort\n"] {
        fs::write(&file, content).unwrap();
        let said = operator.run(&[], &[(name, file.to_str().unwrap())]);
        assert_refused(&said, name, content);
        assert!(!said.all().contains("a-secret-of"), "{}", said.all());
    }
    assert_refused(&operator.run(&[], &[(name, "/nowhere/secret")]), name, "/nowhere/secret");
    fs::write(&file, "\n  \na-secret-of-the-proxy-and-the-sidecar-0\r\n\n").unwrap();
    let said = operator.run(&["check"], &[(name, file.to_str().unwrap())]);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

/// design 3: one without the other proves nothing
#[test]
fn an_id_token_needs_an_issuer_and_an_audience() {
    let operator = Operator::new();
    for (set, missing) in [
        ("MCP_AUTH_ID_TOKEN_ISSUER", "MCP_AUTH_ID_TOKEN_AUDIENCE"),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", "MCP_AUTH_ID_TOKEN_ISSUER"),
    ] {
        let said = operator.run(&[], &[(set, "https://accounts.google.com")]);
        assert_refused(&said, missing, "");
    }
}

/// design 3: nobody is asked only where no stranger is answered
#[test]
fn asking_nobody_is_for_loopback_and_for_minted_clients() {
    let operator = Operator::new();
    let never = ("MCP_AUTH_CONSENT", "never");
    let (off, open) = (("MCP_AUTH_DEFAULT_REGISTRATION", "off"), ("MCP_AUTH_DEFAULT_REGISTRATION", "open"));
    let loopback = ("MCP_AUTH_DEFAULT_ISSUER", "http://localhost:4180");
    assert_refused(&operator.run(&[], &[never]), never.0, never.1);
    assert_refused(&operator.run(&[], &[never, open]), never.0, never.1);
    let two = [
        never,
        ("MCP_AUTH_SITES", "default,public"),
        off,
        ("MCP_AUTH_PUBLIC_ISSUER", "https://public.example.com"),
    ];
    assert_refused(&operator.run(&[], &two), never.0, "one of two sites open");
    for allowed in [&[never, loopback][..], &[never, off][..]] {
        let said = operator.run(&["check"], allowed);
        assert_eq!(said.code, Some(0), "{allowed:?}: {}", said.err);
    }
}

/// design 3: `Host` could not choose between them
#[test]
fn two_sites_need_two_issuers() {
    let operator = Operator::new();
    let said = operator.run(
        &[],
        &[
            ("MCP_AUTH_SITES", "internal,public"),
            ("MCP_AUTH_DEFAULT_ISSUER", ""),
            ("MCP_AUTH_INTERNAL_ISSUER", "https://mcp.example.com"),
            ("MCP_AUTH_PUBLIC_ISSUER", "https://mcp.example.com"),
        ],
    );
    assert_eq!(said.code, Some(64), "{}", said.all());
    assert!(said.err.contains("MCP_AUTH_PUBLIC_ISSUER") || said.err.contains("MCP_AUTH_INTERNAL_ISSUER"));
}

/// design 4: `serve` never makes keys
#[test]
fn a_server_without_keys_says_how_to_make_them() {
    let operator = Operator::without_keys();
    for arguments in [&[][..], &["serve"][..]] {
        let said = operator.run(arguments, &[]);
        assert_eq!(said.code, Some(64), "{}", said.all());
        for part in ["MCP_AUTH_KEYS_DIR", "keys init"] {
            assert!(said.err.contains(part), "{part} in {}", said.err);
        }
    }
    assert!(!operator.keys().join("access.json").exists());
}

/// design 4: a set that does not hold is no set
#[test]
fn broken_keys_end_the_start() {
    for (ring, content) in [
        ("access.json", ""),
        ("session.json", "{}"),
        ("registration.json", "nonsense"),
        ("access.json", "[]"),
    ] {
        let operator = Operator::new();
        fs::write(operator.keys().join(ring), content).unwrap();
        let said = operator.run(&[], &[]);
        assert_refused(&said, "MCP_AUTH_KEYS_DIR", ring);
    }
}

/// design 2: before any port is bound
#[test]
fn a_mistake_is_found_before_a_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let operator = Operator::new();
    let busy = ("MCP_AUTH_LISTEN", address.as_str());
    let mistake = ("MCP_AUTH_LOG_FORMAT", "xml");
    assert_refused(&operator.run(&[], &[busy, mistake]), mistake.0, mistake.1);
    let said = operator.run(&[], &[busy]);
    assert!(said.code.is_some_and(|code| code != 0 && code != 64), "{:?} {}", said.code, said.all());
    assert!(said.err.contains(&format!("MCP_AUTH_LISTEN: cannot listen on {address}: ")), "{}", said.err);
}

fn assert_refused(said: &Said, name: &str, value: &str) {
    assert_eq!(said.code, Some(64), "{name}={value}: {}", said.all());
    assert!(said.err.contains(name), "{name}={value}: {}", said.err);
}
