//! A server that runs: where it listens, what it logs, how it ends.

use crate::harness::{Operator, SECRET, Said, mode, patiently, until};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

/// design 2, 3: ready means ready, and SIGTERM ends it in peace
#[test]
fn a_server_becomes_ready_and_ends_when_it_is_told_to() {
    let operator = Operator::new();
    let (listen, admin) = (free_address(), free_address());
    let settings = [("MCP_AUTH_LISTEN", listen.as_str()), ("MCP_AUTH_ADMIN_LISTEN", admin.as_str())];
    let server = start(operator.command(&[], &settings));
    until("ready", || asked(&admin, "/readyz").contains("200 OK"));
    assert!(asked(&listen, "/.well-known/oauth-authorization-server").contains("\"issuer\""));
    let said = ended(server);
    assert_eq!(said.code, Some(0), "{}", said.all());
    assert!(said.err.contains(listen.rsplit(':').next().unwrap()), "the address in {}", said.err);
}

/// design 3: JSON by default, text where it is wanted, and no secret in either
#[test]
fn what_is_logged_is_json_unless_text_is_wanted() {
    let operator = Operator::new();
    for format in ["json", "text"] {
        let (listen, admin) = (free_address(), free_address());
        let settings = [
            ("MCP_AUTH_LISTEN", listen.as_str()),
            ("MCP_AUTH_ADMIN_LISTEN", admin.as_str()),
            ("MCP_AUTH_LOG_FORMAT", format),
            ("MCP_AUTH_LOG", "debug"),
        ];
        let server = start(operator.command(&["serve"], &settings));
        until("ready", || asked(&admin, "/readyz").contains("200 OK"));
        asked(&listen, "/oauth/authorize?client_id=x&state=some-private-state&code=some-private-code");
        let said = ended(server);
        assert!(said.out.is_empty(), "{}", said.out);
        let json = said.err.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
        assert_eq!(json, format == "json", "{}", said.err);
        for private in [SECRET, "some-private-state", "some-private-code"] {
            assert!(!said.err.contains(private), "{private} in {}", said.err);
        }
    }
}

/// design 3: a socket that only its group may open is a proof of the proxy
#[test]
fn a_unix_socket_is_for_its_group_and_proof_enough() {
    let operator = Operator::new();
    let socket = operator.path("http.sock");
    let listen = format!("unix:{}", socket.display());
    let admin = free_address();
    let settings = [
        ("MCP_AUTH_LISTEN", listen.as_str()),
        ("MCP_AUTH_ADMIN_LISTEN", admin.as_str()),
        ("MCP_AUTH_PROXY_SECRET_FILE", ""),
    ];
    let server = start(operator.command(&[], &settings));
    until("ready", || asked(&admin, "/readyz").contains("200 OK"));
    assert_eq!(mode(&socket), 0o660);
    let answer = spoken(UnixStream::connect(&socket).unwrap(), "/.well-known/oauth-authorization-server");
    assert!(answer.contains("\"issuer\""), "{answer}");
    ended(server);
    let again = start(operator.command(&[], &settings));
    until("ready again", || asked(&admin, "/readyz").contains("200 OK"));
    assert_eq!(ended(again).code, Some(0));
}

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(server: Child) -> Said {
    let told = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    assert!(told.success());
    patiently(server).into()
}

/// Another process may take it before we do, but not often.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn asked(address: &str, path: &str) -> String {
    TcpStream::connect(address).map(|stream| spoken(stream, path)).unwrap_or_default()
}

fn spoken(mut stream: impl Read + Write, path: &str) -> String {
    let mut answer = String::new();
    let request = format!("GET {path} HTTP/1.1\r\nHost: mcp.example.com\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    answer
}
