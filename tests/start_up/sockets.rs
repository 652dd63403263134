//! Who may take the path of a unix socket: the server, from one that crashed, and from nobody else.

use std::any::Any;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::harness::{Operator, Running, Said, mode, spoken};

/// PX-08, design 3: nobody has to clear away what a crash left behind
#[test]
fn the_socket_of_a_server_that_crashed_is_replaced() {
    let operator = Operator::new();
    let (socket, listen) = socket(&operator);
    drop(Running::start(&operator, &[("MCP_AUTH_LISTEN", &listen)]));
    assert!(socket.exists() && UnixStream::connect(&socket).is_err(), "that was no crash");
    let server = Running::start(&operator, &[("MCP_AUTH_LISTEN", &listen)]);
    assert_eq!(mode(&socket), 0o660);
    assert!(answers(&socket));
    server.ended();
}

/// PX-08, design 3: one sentence, and who was there before goes on
#[test]
fn the_socket_of_a_server_that_runs_is_not_taken_from_it() {
    let operator = Operator::new();
    let (socket, listen) = socket(&operator);
    let server = Running::start(&operator, &[("MCP_AUTH_LISTEN", &listen)]);
    refused(&operator.run(&["serve"], &[("MCP_AUTH_LISTEN", &listen)]), &socket, "a second server");
    assert!(answers(&socket));
    server.ended();
}

/// Design 3: a path that was mistaken for a socket's costs nobody a file
#[test]
fn whatever_else_lies_there_is_left_alone() {
    type Put = fn(&Path) -> Box<dyn Any>;
    let things: [(&str, Put); 5] = [
        ("a file", |path| Box::new(fs::write(path, "somebody's"))),
        ("a folder", |path| Box::new(fs::create_dir(path))),
        ("a link to nowhere", |path| Box::new(symlink("nowhere", path))),
        ("another server's socket", |path| Box::new(UnixListener::bind(path))),
        ("a socket of another kind", |path| Box::new(UnixDatagram::bind(path))),
    ];
    for (what, put) in things {
        let operator = Operator::new();
        let (socket, listen) = socket(&operator);
        let _held = put(&socket);
        let before = fs::symlink_metadata(&socket).unwrap().ino();
        for setting in ["MCP_AUTH_LISTEN", "MCP_AUTH_ADMIN_LISTEN"] {
            let settings = [(setting, listen.as_str()), ("MCP_AUTH_LOG", "off")];
            refused(&operator.run(&["serve"], &settings), &socket, what);
            let after = fs::symlink_metadata(&socket).map(|found| found.ino());
            assert_eq!(after.ok(), Some(before), "{setting}: {what} is gone");
        }
    }
}

/// PX-12: a socket's peer has no address, so the callers' are those that the proxy appends, or limits count them as one
#[test]
fn callers_who_cannot_be_told_apart_are_warned_of_once() {
    for (forwarded, warnings) in [
        ("203.0.113.7", 0),
        ("6.6.6.6, 203.0.113.7", 0),
        ("203.0.113.7, 10.0.0.1", 1),
        ("", 1),
        ("nobody", 1),
    ] {
        let operator = Operator::new();
        let (socket, listen) = socket(&operator);
        let server = Running::start(&operator, &[("MCP_AUTH_LISTEN", &listen)]);
        for _ in 0..2 {
            assert!(registers(&socket, forwarded).starts_with("HTTP/1.1 400 "), "{forwarded}");
        }
        let said = server.ended().err;
        assert_eq!(said.matches("MCP_AUTH_FORWARDED_HOPS").count(), warnings, "{forwarded}: {said}");
    }
}

fn registers(socket: &Path, forwarded: &str) -> String {
    let (mut stream, mut answer) = (UnixStream::connect(socket).unwrap(), String::new());
    let head =
        "POST /oauth/register HTTP/1.1\r\nHost: mcp.example.com\r\nConnection: close\r\nContent-Length: 0";
    write!(stream, "{head}\r\nX-Forwarded-For: {forwarded}\r\n\r\n").unwrap();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The path, and the setting that names it.
fn socket(operator: &Operator) -> (PathBuf, String) {
    let path = operator.path("http.sock");
    let listen = format!("unix:{}", path.display());
    (path, listen)
}

fn answers(socket: &Path) -> bool {
    let stream = UnixStream::connect(socket).unwrap();
    spoken(stream, "/.well-known/oauth-authorization-server").contains("\"issuer\"")
}

fn refused(said: &Said, socket: &Path, what: &str) {
    let sentence = format!("LISTEN: cannot listen on {}: ", socket.display());
    let named = said.err.starts_with("mcp-auth-sidecar: MCP_AUTH_") && said.err.contains(&sentence);
    assert_eq!(said.code, Some(1), "{what}: {}", said.all());
    assert!(named && said.err.lines().count() == 1, "{what}: {}", said.err);
}
