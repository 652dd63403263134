//! A Redis that is set to forget, or that is not there: said, and no failure.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::redis_server::Redis;
use crate::start_up::harness::{Operator, Said};

/// design 5.2: Redis needs append-only persistence and `noeviction`
#[test]
fn a_check_warns_of_a_redis_that_is_set_to_forget() {
    let operator = Operator::new();
    let evicts = ["--maxmemory", "100mb", "--maxmemory-policy"];
    for (settings, warned) in [
        (vec![], None),
        ([&evicts[..], &["noeviction"]].concat(), None),
        (vec!["--maxmemory-policy", "allkeys-lru"], None),
        (vec!["--appendonly", "no"], Some("appendonly no")),
        ([&evicts[..], &["allkeys-lru"]].concat(), Some("maxmemory-policy allkeys-lru")),
        ([&evicts[..], &["volatile-ttl"]].concat(), Some("maxmemory-policy volatile-ttl")),
    ] {
        let redis = Redis::start_with(&settings);
        let said = checked(&operator, &redis.url());
        match warned {
            Some(warned) => assert!(said.out.contains(warned), "{settings:?}: {}", said.out),
            None => assert!(!said.out.contains("note:"), "{settings:?}: {}", said.out),
        }
    }
}

/// A user without the right to ask
#[test]
fn a_check_says_when_redis_does_not_tell() {
    let redis = Redis::start();
    redis.asked(&["ACL", "SETUSER", "default", "-info"]);
    let said = checked(&Operator::new(), &redis.url());
    assert!(said.out.contains("does not say whether it forgets"), "{}", said.out);
}

/// design 2: a check of the configuration does not need the store, and waits for nobody
#[test]
fn a_check_without_redis_warns_and_is_soon_over() {
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let deaf = format!("redis://{}", deaf.local_addr().unwrap());
    for url in
        [Redis::prepared(&[]).url().as_str(), "redis://127.0.0.1:1", "redis://no.such.host.invalid", &deaf]
    {
        let begun = Instant::now();
        let said = checked(&Operator::new(), url);
        assert!(said.out.contains("MCP_AUTH_STORE: Redis cannot be asked"), "{url}: {}", said.out);
        assert!(begun.elapsed() < Duration::from_secs(3), "{url}: {:?}", begun.elapsed());
    }
}

/// The same at the start, and once
#[test]
fn a_start_warns_as_the_check_does() {
    let forgetful = Redis::start_with(&["--appendonly", "no"]);
    let absent = Redis::prepared(&[]);
    for (url, warned) in [(forgetful.url(), "appendonly no"), (absent.url(), "the store is away")] {
        let operator = Operator::new();
        let mut command = operator.command(&["serve"], &[("MCP_AUTH_STORE", &url)]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = command.spawn().unwrap();
        let log = BufReader::new(server.stderr.take().unwrap());
        let found = log.lines().map(Result::unwrap).find(|line| line.contains(warned));
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(found.is_some_and(|line| line.contains("WARN") || line.contains("ERROR")), "{warned}");
    }
}

fn checked(operator: &Operator, url: &str) -> Said {
    let said = operator.run(&["check"], &[("MCP_AUTH_STORE", url)]);
    assert_eq!(said.code, Some(0), "{url}: {}", said.all());
    said
}
