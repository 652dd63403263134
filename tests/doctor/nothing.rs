//! Addresses where nothing answers: an exit code of its own, and no waiting for ever.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    thread,
};

use crate::{ground::free_ports, said::doctor};

/// Far more than its own patience, for machines that are slow.
const FOR_EVER_SECS: u64 = 60;

#[test]
fn where_nothing_is_reached_it_ends_with_69() {
    let [free] = free_ports();
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let silent = silent.local_addr().map(|at| (at.port(), silent)).unwrap();
    for (address, at, said_so) in [
        ("http://localhost/mcp", Some(free), "no answer: "),
        ("https://mcp.example.com/mcp", Some(free), "no answer: "),
        ("http://localhost/mcp", Some(silent.0), "no answer within 10 s"),
        ("https://mcp-auth-doctor.invalid/mcp", None, "no answer: "),
    ] {
        let said = doctor(address, at, &[]);
        assert_eq!(said.code, 69, "{address}: {}", said.err);
        assert!(said.err.contains(said_so), "{address}: {}", said.err);
        assert!(said.secs < FOR_EVER_SECS, "{address}: {} s", said.secs);
    }
}

/// Whoever drips a byte now and then is not waited for either
#[test]
fn an_answer_without_end_is_not_waited_for() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = caller.read(&mut [0; 4096]);
                let _ = caller.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
                while caller.write_all(b" ").is_ok() {
                    thread::sleep(std::time::Duration::from_millis(200));
                }
            });
        }
    });
    let said = doctor("http://localhost/mcp", Some(port), &[]);
    assert_eq!(said.code, 69, "{}", said.err);
    assert!(said.secs < FOR_EVER_SECS, "{} s", said.secs);
}
