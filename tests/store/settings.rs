//! How a Redis is reached: by its password, behind TLS, on a socket; and what is refused at the start.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::TestServer;
use crate::redis_server::{Redis, readiness, within};
use crate::start_up::harness::Operator;

const PASSWORD: &str = "hunter2-and-more";
const SOON: Duration = Duration::from_secs(3);
/// What docs/settings.md grants a user of Redis.
const RIGHTS: &str =
    "~mcp-auth:* +eval +time +info +exists +hset +hmget +expire +zadd +zrange +zremrangebyscore";

/// design 3: a secret is a file, with the newline that an editor leaves
#[tokio::test]
async fn a_redis_with_a_password_is_entered_with_the_one_in_the_file() {
    let redis = Redis::start_with(&["--requirepass", PASSWORD]);
    let (url, home) = (redis.url(), TempDir::new().unwrap());
    for (content, good) in [(format!("{PASSWORD}\n"), true), ("another".to_owned(), false)] {
        let file = password_file(&home, &content);
        let server =
            TestServer::spawn_with([("MCP_AUTH_STORE", &url), ("MCP_AUTH_STORE_PASSWORD_FILE", &file)]);
        let client = server.client().await;
        let redemption = client.exchange(&server.code(&client).await);
        assert_eq!(server.token(&redemption).await.status, if good { 200 } else { 503 });
    }
    let server = TestServer::spawn_with([("MCP_AUTH_STORE", &url)]);
    within(SOON, "away", async || readiness(&server).await.1.contains("away")).await;
}

/// The password may come right while the server runs: at Redis
#[tokio::test]
async fn a_redis_that_takes_the_password_later_is_entered_then() {
    let redis = Redis::start_with(&["--requirepass", "another"]);
    let (url, home) = (redis.url(), TempDir::new().unwrap());
    let file = password_file(&home, PASSWORD);
    let server = TestServer::spawn_with([("MCP_AUTH_STORE", &url), ("MCP_AUTH_STORE_PASSWORD_FILE", &file)]);
    within(SOON, "away", async || readiness(&server).await.1.contains("away")).await;
    redis.asked(&["-a", "another", "CONFIG", "SET", "requirepass", PASSWORD]);
    within(SOON, "in", async || readiness(&server).await.1.contains("answers")).await;
}

/// docs/settings.md: a user who may do nothing else; over TCP, in a database of its own
#[tokio::test]
async fn a_user_of_redis_needs_no_more_than_readme_grants() {
    assert!(include_str!("../../docs/settings.md").contains(RIGHTS));
    let (port, home) = (free_port(), TempDir::new().unwrap());
    let user = format!("mcp on >{PASSWORD} {RIGHTS} +select");
    let rules: Vec<&str> = user.split(' ').collect();
    let redis = Redis::start_with(&["--port", &port, "--bind", "127.0.0.1"]);
    assert!(redis.asked(&[&["ACL", "SETUSER"], rules.as_slice()].concat()).contains("OK"));
    let (url, file) = (format!("redis://mcp@127.0.0.1:{port}/3"), password_file(&home, PASSWORD));
    let settings = [("MCP_AUTH_STORE", url.as_str()), ("MCP_AUTH_STORE_PASSWORD_FILE", &file)];
    let server = TestServer::spawn_with(settings);
    let client = server.client().await;
    let redemption = client.exchange(&server.code(&client).await);
    let tokens = server.token(&redemption).await.tokens();
    server.refreshed(&client, &tokens.refresh).await;
    server.revoked(&client, &tokens.access).await;
    within(SOON, "in", async || readiness(&server).await.1.contains("answers")).await;
    assert_eq!(redis.asked(&["-n", "3", "DBSIZE"]).trim(), "2");
    let said = Operator::new().run(&["check"], &settings);
    assert!(said.code == Some(0) && !said.out.contains("note:"), "{}", said.all());
}

/// design 3: `rediss://` trusts who the machine trusts, and nobody else
#[test]
fn a_redis_behind_tls_is_entered_if_its_certificate_is_trusted() {
    let (port, home) = (free_port(), TempDir::new().unwrap());
    certificates(home.path());
    let within = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate, ca) = (within("redis.key"), within("redis.crt"), within("ca.crt"));
    let tls = [
        ["--tls-port", &port],
        ["--bind", "127.0.0.1"],
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-cert-file", &ca],
        ["--tls-auth-clients", "no"],
    ]
    .concat();
    let _running = Redis::start_with(&tls);
    let operator = Operator::new();
    for (host, trusted, enters) in
        [("localhost", "ca.crt", true), ("localhost", "other.crt", false), ("127.0.0.1", "ca.crt", false)]
    {
        let url = format!("rediss://{host}:{port}");
        let settings = [("MCP_AUTH_STORE", url.as_str()), ("SSL_CERT_FILE", &within(trusted))];
        let said = operator.run(&["check"], &settings);
        assert_eq!(said.code, Some(0), "{}", said.all());
        assert_eq!(!said.out.contains("certificate verify failed"), enters, "{host} {}", said.all());
        assert_eq!(!said.out.contains("note:"), enters, "{host} {}", said.all());
    }
}

/// design 3: exit code 64 and the variable's name, and no secret on the screen
#[test]
fn what_is_no_store_ends_the_start() {
    let operator = Operator::new();
    let empty = operator.path("empty");
    fs::write(&empty, "\n").unwrap();
    let (store, file) = ("MCP_AUTH_STORE", "MCP_AUTH_STORE_PASSWORD_FILE");
    for (named, settings) in [
        (store, vec![(store, "redis")]),
        (store, vec![(store, "redis://")]),
        (store, vec![(store, "redis://127.0.0.1:no")]),
        (store, vec![(store, "redis+unix://relative")]),
        (store, vec![(store, "redis://:hunter2@127.0.0.1")]),
        (store, vec![(store, "rediss://mcp:hunter2@127.0.0.1")]),
        (file, vec![(store, "redis://mcp@127.0.0.1")]),
        (file, vec![(store, "redis://127.0.0.1"), (file, "/nowhere/password")]),
        (file, vec![(store, "redis://127.0.0.1"), (file, empty.to_str().unwrap())]),
        (file, vec![(file, empty.to_str().unwrap())]),
    ] {
        for command in ["serve", "check"] {
            let said = operator.run(&[command], &settings);
            assert_eq!(said.code, Some(64), "{settings:?}: {}", said.all());
            assert!(said.err.contains(named), "{settings:?}: {}", said.err);
            assert!(!said.all().contains("hunter2"), "{}", said.all());
        }
    }
}

fn password_file(home: &TempDir, content: &str) -> String {
    let file = home.path().join("password");
    fs::write(&file, content).unwrap();
    file.to_str().unwrap().to_owned()
}

fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// An authority, another one, and a certificate of the first for `localhost`.
fn certificates(home: &Path) {
    let script = r"
        set -e
        for ca in ca other; do
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
                -subj /CN=$ca -keyout $ca.key -out $ca.crt
        done
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=redis -keyout redis.key -out redis.csr
        echo subjectAltName=DNS:localhost >names
        openssl x509 -req -days 2 -in redis.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out redis.crt
    ";
    let made =
        Command::new("bash").args(["-c", script]).current_dir(home).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "openssl is needed: {}", String::from_utf8_lossy(&made.stderr));
}
