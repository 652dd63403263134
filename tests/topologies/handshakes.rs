//! nginx with TLS, as it is shipped: what has no certificate at an address is not even asked.

use std::{
    net::{Ipv4Addr, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use reqwest::Client;

use crate::{direct, part::Part, ports::free_port, stack::Stack};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn each_address_shakes_hands_for_its_own_host_alone() {
    let stack = direct::stack();
    let (inside, outside) = (free_port(), free_port());
    let _nginx = nginx(stack, inside, outside);
    for (port, own, other) in [
        (inside, "mcp.internal.example", "mcp.example.com"),
        (outside, "mcp.example.com", "mcp.internal.example"),
    ] {
        let ask = async |host: &str| {
            let http = Client::builder().tls_danger_accept_invalid_certs(true);
            let http = http.resolve(host, (Ipv4Addr::LOCALHOST, port).into()).build().unwrap();
            http.get(format!("https://{host}:{port}/mcp")).send().await.map(|answer| answer.status().as_u16())
        };
        assert_eq!(ask(own).await.unwrap(), 401, "the MCP server at {own}");
        for foreign in [other, "mcp.elsewhere.example"] {
            assert!(ask(foreign).await.is_err(), "{foreign} at the address of {own}");
        }
    }
}

/// Other addresses and another certificate than an operator's, and nothing else.
fn nginx(stack: &Stack, inside: u16, outside: u16) -> Part {
    let (certificate, key) = certificate(stack);
    let inside = format!("127.0.0.1:{inside} ssl http2");
    let outside = format!("127.0.0.1:{outside} ssl http2");
    let listeners = vec![
        ("10.0.0.5:443 ssl http2;", format!("{inside};")),
        ("10.0.0.5:443 ssl http2 default_server;", format!("{inside} default_server;")),
        ("203.0.113.7:443 ssl http2;", format!("{outside};")),
        ("203.0.113.7:443 ssl http2 default_server;", format!("{outside} default_server;")),
        ("/etc/nginx/tls/mcp.internal.example.pem", certificate.clone()),
        ("/etc/nginx/tls/mcp.internal.example.key", key.clone()),
        ("/etc/nginx/tls/mcp.example.com.pem", certificate),
        ("/etc/nginx/tls/mcp.example.com.key", key),
    ];
    let files = [
        ("nginx.conf", "conf.d/mcp.conf", [listeners, direct::upstreams(stack)].concat()),
        ("site.conf", "mcp/site.conf", direct::site(stack)),
    ];
    let program = stack.nginx("nginx-with-tls", &files);
    let nginx = Part::start("nginx", stack.folder.join("nginx-with-tls.log"), &program, &[]);
    let (began, port) = (Instant::now(), inside.split([':', ' ']).nth(1).unwrap().parse().unwrap());
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "{}", crate::part::tail(&nginx.log));
        thread::sleep(Duration::from_millis(30));
    }
    nginx
}

fn certificate(stack: &Stack) -> (String, String) {
    let (certificate, key) = (stack.file("edge.pem"), stack.file("edge.key"));
    let mut openssl = Command::new("openssl");
    openssl.args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=edge".split(' '));
    let made = openssl.args(["-keyout", &key, "-out", &certificate]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (certificate, key)
}
