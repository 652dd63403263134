//! `healthcheck`: what an image without a shell asks of itself.

use crate::harness::{Operator, Running, Said, until};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// design 2: exit code 0 while the server is ready, by TCP and by socket, and by no other setting
#[test]
fn a_server_that_is_ready_is_healthy_by_its_admin_port_alone() {
    let operator = Operator::new();
    let socket = format!("unix:{}", operator.path("admin.sock").display());
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for listen in [free, socket] {
        assert_unhealthy(&asked(&listen));
        let mut command = operator.command(&[], &[("MCP_AUTH_ADMIN_LISTEN", &listen)]);
        let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("healthy", || asked(&listen).code == Some(0));
        assert_eq!(asked(&listen).all(), "ready\n");
        server.kill().unwrap();
        server.wait().unwrap();
        assert_unhealthy(&asked(&listen));
    }
}

/// Told to end, the replica says so while open requests go on
#[test]
fn a_server_that_ends_is_not_healthy() {
    let said = answered_by("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 7\r\n\r\nending\n");
    assert_unhealthy(&said);
    assert!(said.err.contains("503"), "{}", said.err);
}

/// Whoever is behind the port, the answer comes soon and is one sentence
#[test]
fn what_is_no_server_of_ours_is_not_healthy() {
    for answer in
        ["", "ready\n", "HTTP/1.1 200", "HTTP/1.1 302 Found\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\u{1b}[2J"]
    {
        assert_unhealthy(&answered_by(answer));
    }
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let said = asked(&silent.local_addr().unwrap().to_string());
    assert_unhealthy(&said);
    assert!(said.err.contains("no answer within 2 s"), "{}", said.err);
}

/// One that drips for ever is as bad as one that is silent
#[test]
fn a_server_that_never_ends_its_answer_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dripping = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) && stream.write_all(b"H").is_ok() {
            thread::sleep(Duration::from_millis(50));
        }
        begun.elapsed() < Duration::from_mins(1)
    });
    assert_unhealthy(&asked(&address));
    assert!(dripping.join().unwrap(), "the command waited for a minute");
}

/// design 2: exit code 64 and the variable
#[test]
fn a_mistake_in_the_address_is_one_of_the_configuration() {
    let said = asked("8081");
    assert_eq!(said.code, Some(64), "{}", said.all());
    assert!(said.err.contains("MCP_AUTH_ADMIN_LISTEN"), "{}", said.err);
}

/// The server of a whole environment, a port that nobody named included
#[test]
fn the_environment_of_the_server_is_enough() {
    let operator = Operator::new();
    let server = Running::start(&operator, &[]);
    let said = operator.run(&["healthcheck"], &[("MCP_AUTH_ADMIN_LISTEN", &server.admin)]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "ready\n"), "{}", said.err);
    let said = Said::of(command(None));
    assert!(said.code == Some(0) || said.err.contains("127.0.0.1:8081"), "{}", said.all());
}

fn asked(listen: &str) -> Said {
    Said::of(command(Some(listen)))
}

/// With an environment that holds nothing else.
fn command(listen: Option<&str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    command.arg("healthcheck").env_clear().envs(listen.map(|listen| ("MCP_AUTH_ADMIN_LISTEN", listen)));
    command
}

/// What it says when this is the whole answer.
fn answered_by(answer: &'static str) -> Said {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let length = stream.read(&mut request).unwrap();
        assert!(request[..length].starts_with(b"GET /readyz HTTP/1.1\r\n"));
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let said = asked(&address);
    answering.join().unwrap();
    said
}

fn assert_unhealthy(said: &Said) {
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", said.all());
    assert_eq!(said.err.trim_end().lines().count(), 1, "{}", said.err);
    assert!(!said.err.trim_end().contains(char::is_control), "{:?}", said.err);
}
