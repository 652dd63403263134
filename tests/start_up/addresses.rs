//! Addresses that exclude one another, or would never be asked: exit code 64 and the variable's name.

use crate::harness::{Operator, Said};

/// design 3: an address for a path that is no resource's, or another server's, would never be asked
#[test]
fn an_upstream_belongs_to_a_resource() {
    let operator = Operator::new();
    let name = "MCP_AUTH_UPSTREAM";
    let of = |resources| ("MCP_AUTH_DEFAULT_RESOURCES", resources);
    let (here, elsewhere) = (of("https://mcp.example.com/mcp"), of("https://api.example.com/mcp"));
    for (resources, value) in [
        (here, "/elsewhere=http://127.0.0.1:9000"),
        (here, "/mcp=http://127.0.0.1:9000,/mcp=http://127.0.0.1:9001"),
        (elsewhere, "/mcp=http://127.0.0.1:9000"),
        (elsewhere, "http://127.0.0.1:9000"),
    ] {
        assert_refused(&operator.run(&["check"], &[resources, (name, value)]), name, value);
    }
    let both = of("https://api.example.com/mcp,https://mcp.example.com/mcp");
    let said = operator.run(&["check"], &[both, (name, "http://127.0.0.1:9000")]);
    assert_eq!(said.code, Some(0), "{}", said.err);
}

/// design 3: a secret is always a file, and `check` prints none
#[test]
fn an_upstream_has_no_password() {
    let operator = Operator::new();
    let (name, value) = ("MCP_AUTH_UPSTREAM", "http://user:hunter2@127.0.0.1:9000");
    for command in ["check", "serve"] {
        let said = operator.run(&[command], &[(name, value)]);
        assert_refused(&said, name, value);
        assert!(!said.all().contains("hunter2"), "{}", said.all());
    }
}

/// design 2: what this server answers by itself would never reach an MCP server
#[test]
fn a_resource_lies_beside_the_servers_own_paths() {
    let operator = Operator::new();
    let name = "MCP_AUTH_DEFAULT_RESOURCES";
    for path in ["/oauth", "/oauth/", "/oauth/token", "/.well-known/mcp"] {
        let value = format!("https://mcp.example.com{path}");
        assert_refused(&operator.run(&["check"], &[(name, &value)]), name, &value);
    }
    for value in
        ["https://mcp.example.com/oauthority", "https://api.example.com/oauth/mcp", "https://mcp.example.com"]
    {
        let said = operator.run(&["check"], &[(name, value)]);
        assert_eq!(said.code, Some(0), "{value}: {}", said.err);
    }
}

/// design 2, 3: found before any port is bound, and by `check`
#[test]
fn both_ports_are_not_one() {
    let operator = Operator::new();
    for value in ["127.0.0.1:8080", "unix:/run/mcp-auth.sock"] {
        let both = [("MCP_AUTH_LISTEN", value), ("MCP_AUTH_ADMIN_LISTEN", value)];
        for command in ["check", "serve"] {
            assert_refused(&operator.run(&[command], &both), "MCP_AUTH_ADMIN_LISTEN", value);
        }
    }
    let any = [("MCP_AUTH_LISTEN", "127.0.0.1:0"), ("MCP_AUTH_ADMIN_LISTEN", "127.0.0.1:0")];
    assert_eq!(operator.run(&["check"], &any).code, Some(0));
}

fn assert_refused(said: &Said, name: &str, value: &str) {
    assert_eq!(said.code, Some(64), "{name}={value}: {}", said.all());
    assert!(said.err.contains(name), "{name}={value}: {}", said.err);
}
