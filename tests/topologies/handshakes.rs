//! The edges with TLS, as they are shipped: at each address there is its own host, and nothing else to be had.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;

use crate::{
    caddy, direct,
    edge::File,
    nginx,
    part::{Part, tail},
    ports::free_port,
    shipped::Substitutions,
    stack::Stack,
};

const PATIENCE: Duration = Duration::from_mins(1);
const INSIDE: &str = "mcp.internal.example";
const OUTSIDE: &str = "mcp.example.com";
const NGINX_TLS: [&str; 4] = [
    "/etc/nginx/tls/mcp.internal.example.pem",
    "/etc/nginx/tls/mcp.internal.example.key",
    "/etc/nginx/tls/mcp.example.com.pem",
    "/etc/nginx/tls/mcp.example.com.key",
];
const CADDY_TLS: [&str; 4] = [
    "/etc/caddy/tls/mcp.internal.example.pem",
    "/etc/caddy/tls/mcp.internal.example.key",
    "/etc/caddy/tls/mcp.example.com.pem",
    "/etc/caddy/tls/mcp.example.com.key",
];

/// Without a certificate for the name there is no handshake, and nothing that could be asked.
#[tokio::test]
async fn nginx_shows_a_certificate_for_the_addresss_own_host_alone() {
    let (inside, outside) = (free_port(), free_port());
    let stack = direct::stack();
    let listeners = [listeners(stack, inside, outside), direct::upstreams(stack)].concat();
    let site = ("site.conf", "mcp/site.conf", direct::site(stack));
    let _nginx = nginx(stack, &[("nginx.conf", "conf.d/mcp.conf", listeners), site], outside);
    // The MCP server's challenge.
    each_shows_its_own(inside, outside, 401).await;
}

/// It asks the sidecar, which serves other hosts here.
#[tokio::test]
async fn nginx_that_asks_shows_a_certificate_for_the_addresss_own_host_alone() {
    let (inside, outside) = (free_port(), free_port());
    let stack = nginx::stack();
    let listeners = [listeners(stack, inside, outside), nginx::upstreams(stack)].concat();
    stack.write("nginx-with-tls/mcp/secret.conf", "");
    let _nginx = nginx(stack, &nginx::files(stack, listeners), outside);
    each_shows_its_own(inside, outside, 403).await;
}

async fn each_shows_its_own(inside: u16, outside: u16, status: u16) {
    for (port, own, other) in [(inside, INSIDE, OUTSIDE), (outside, OUTSIDE, INSIDE)] {
        assert_eq!(ask(port, own).await, Some(status), "{own}");
        for foreign in [other, "mcp.elsewhere.example"] {
            assert_eq!(ask(port, foreign).await, None, "{foreign} at the address of {own}");
        }
    }
}

/// Its certificates are known at every address; the hosts are not. It has no need of others, and asks nobody for them.
#[tokio::test]
async fn caddy_answers_for_the_addresss_own_host_alone() {
    let (inside, outside) = (free_port(), free_port());
    let caddy = caddy(caddy::stack(), inside, outside);
    wait_for(&caddy, outside);
    for (port, own, other) in [(inside, INSIDE, OUTSIDE), (outside, OUTSIDE, INSIDE)] {
        // The sidecar behind it serves other hosts.
        assert_eq!(ask(port, own).await, Some(403), "the sidecar's word at {own}");
        assert_eq!(ask(port, other).await, Some(421), "{other} at the address of {own}");
        assert_eq!(ask(port, "mcp.elsewhere.example").await, None, "a stranger at the address of {own}");
    }
    let log = fs::read_to_string(&caddy.log).unwrap();
    assert!(!log.contains("obtaining certificate"), "{log}");
}

/// The status, if it came to that.
async fn ask(port: u16, host: &str) -> Option<u16> {
    let http = Client::builder().tls_danger_accept_invalid_certs(true);
    let http = http.resolve(host, (Ipv4Addr::LOCALHOST, port).into()).build().unwrap();
    let answer = http.get(format!("https://{host}:{port}/mcp")).send().await;
    answer.ok().map(|answer| answer.status().as_u16())
}

fn nginx(stack: &Stack, files: &[File<'_>], outside: u16) -> Part {
    let program = stack.nginx("nginx-with-tls", files);
    let nginx = Part::start("nginx", stack.folder.join("nginx-with-tls.log"), &program, &[]);
    wait_for(&nginx, outside);
    nginx
}

/// As they are shipped, but for the addresses and where the certificates lie.
fn listeners(stack: &Stack, inside: u16, outside: u16) -> Substitutions<'static> {
    let inside = format!("127.0.0.1:{inside} ssl http2");
    let outside = format!("127.0.0.1:{outside} ssl http2");
    let listeners = vec![
        ("10.0.0.5:443 ssl http2;", format!("{inside};")),
        ("10.0.0.5:443 ssl http2 default_server;", format!("{inside} default_server;")),
        ("203.0.113.7:443 ssl http2;", format!("{outside};")),
        ("203.0.113.7:443 ssl http2 default_server;", format!("{outside} default_server;")),
    ];
    [listeners, certificates(stack, NGINX_TLS)].concat()
}

fn caddy(stack: &Stack, inside: u16, outside: u16) -> Part {
    let listeners = vec![
        (
            "https://mcp.internal.example {\n\tbind 10.0.0.5\n",
            format!("https://mcp.internal.example:{inside} {{\n\tbind 127.0.0.1\n"),
        ),
        ("https:// {\n\tbind 10.0.0.5\n", format!("https://:{inside} {{\n\tbind 127.0.0.1\n")),
        (
            "https://mcp.example.com {\n\tbind 203.0.113.7\n",
            format!("https://mcp.example.com:{outside} {{\n\tbind 127.0.0.1\n"),
        ),
        ("https:// {\n\tbind 203.0.113.7\n", format!("https://:{outside} {{\n\tbind 127.0.0.1\n")),
    ];
    let substitutions = [listeners, certificates(stack, CADDY_TLS), caddy::upstreams(stack)].concat();
    let (program, environment) = stack.caddy("caddy-with-tls", &substitutions);
    Part::start("caddy", stack.folder.join("caddy-with-tls.log"), &program, &environment)
}

/// As the files name them: a certificate and a key for each host, in this order.
fn certificates(stack: &Stack, shipped: [&'static str; 4]) -> Substitutions<'static> {
    let [inside, outside] = [INSIDE, OUTSIDE].map(|name| certificate(stack, name));
    shipped.into_iter().zip([inside, outside].concat()).collect()
}

fn certificate(stack: &Stack, name: &str) -> [String; 2] {
    let [certificate, key] = ["pem", "key"].map(|kind| stack.file(&format!("{name}.{kind}")));
    let mut openssl = Command::new("openssl");
    openssl.args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=edge".split(' '));
    openssl.args(["-addext", &format!("subjectAltName=DNS:{name}"), "-keyout", &key, "-out", &certificate]);
    let made = openssl.output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    [certificate, key]
}

fn wait_for(edge: &Part, port: u16) {
    let began = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "{}", tail(&edge.log));
        thread::sleep(Duration::from_millis(30));
    }
}
