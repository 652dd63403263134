//! A server that runs: where it listens, what it logs, how it ends.

use crate::harness::{Operator, Running, SECRET, mode, spoken};
use std::os::unix::net::UnixStream;

/// design 2, 3: ready means ready, and SIGTERM ends it in peace
#[test]
fn a_server_becomes_ready_and_ends_when_it_is_told_to() {
    let operator = Operator::new();
    let server = Running::start(&operator, &[]);
    assert!(server.asked("/.well-known/oauth-authorization-server").contains("\"issuer\""));
    let port = server.listen.rsplit(':').next().unwrap().to_owned();
    let said = server.ended();
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.err.contains(&port), "the address in {}", said.err);
}

/// X-20, T21, design 3: JSON by default, text where it is wanted, and no secret in either
#[test]
fn what_is_logged_is_json_unless_text_is_wanted() {
    let operator = Operator::new();
    for format in ["json", "text"] {
        let settings = [("MCP_AUTH_LOG_FORMAT", format), ("MCP_AUTH_LOG", "debug")];
        let server = Running::start(&operator, &settings);
        server.asked("/oauth/authorize?client_id=x&state=some-private-state&code=some-private-code");
        let said = server.ended();
        assert!(said.out.is_empty(), "{}", said.out);
        let json = said.err.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
        assert_eq!(json, format == "json", "{}", said.err);
        for private in [SECRET, "some-private-state", "some-private-code"] {
            assert!(!said.err.contains(private), "{private} in {}", said.err);
        }
    }
}

/// PX-08, T18, design 3: a socket that only its group may open is a proof of the proxy
#[test]
fn a_unix_socket_is_for_its_group_and_proof_enough() {
    let operator = Operator::new();
    let socket = operator.path("http.sock");
    let listen = format!("unix:{}", socket.display());
    let settings = [("MCP_AUTH_LISTEN", listen.as_str()), ("MCP_AUTH_PROXY_SECRET_FILE", "")];
    let server = Running::start(&operator, &settings);
    assert_eq!(mode(&socket), 0o660);
    let answer = spoken(UnixStream::connect(&socket).unwrap(), "/.well-known/oauth-authorization-server");
    assert!(answer.contains("\"issuer\""), "{answer}");
    server.ended();
    assert_eq!(Running::start(&operator, &settings).ended().code, Some(0));
}
