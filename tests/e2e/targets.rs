//! Which path is asked for, and at which host? Spellings that lead two readers to two places.

use crate::probes::{Fate, Meaning, OWN, Probe};

/// With a token for `/mcp`; beside it lie `/mcp/admin` and `/other`, with tokens of their own.
pub(crate) fn targets(host: &str) -> Vec<Probe> {
    let refused = REFUSED.map(|target| (target.to_owned(), Fate::Refused));
    let arriving = ARRIVING.map(|target| (target.to_owned(), Fate::Arrives(meaning(target))));
    let asked =
        |target: &String| format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{OWN}Connection: close\r\n\r\n");
    let all = refused.into_iter().chain(arriving).chain(other_forms(host));
    all.map(|(target, fate)| Probe { request: asked(&target), what: target, fate }).collect()
}

/// The lines that say at which host.
pub(crate) fn hosts(host: &str) -> Vec<Probe> {
    let (name, port) = host.split_once(':').unwrap();
    let here = || Fate::Arrives(meaning("/mcp"));
    let may = || Fate::May(meaning("/mcp"));
    let mut all = vec![
        (format!("Host: {host}"), here()),
        (format!("HOST:{host}"), here()),
        (format!("Host: \t{host} \t"), here()),
        (format!("Host: LOCALHOST:{port}"), here()),
        (format!("Host: {host}\r\nX-Forwarded-Host: evil.example"), here()),
        (format!("Host: {host}\r\nX-Host: evil.example\r\nX-Forwarded-Server: evil.example"), here()),
        (format!("Host: {host}\r\nForwarded: host=evil.example"), here()),
        (format!("Host:\r\n {host}"), Fate::Mended(meaning("/mcp"))),
        (format!("X: y\r\n evil.example\r\nHost: {host}"), Fate::Mended(meaning("/mcp"))),
        (format!("Host: {host}\r\nHost_: evil.example"), may()),
    ];
    let refused = [
        String::new(),
        "Host:".to_owned(),
        "Host: evil.example".to_owned(),
        format!("Host: {host}\r\nHost: {host}"),
        format!("Host: {host}\r\nHost: evil.example"),
        format!("Host: evil.example\r\nHost: {host}"),
        format!("Host: {host}\r\n Host: evil.example"),
        format!("Host : {host}"),
        format!("Host: {host}."),
        format!("Host: {name}.:{port}"),
        format!("Host: {name}"),
        format!("Host: {name}:"),
        format!("Host: {name}:80"),
        format!("Host: {name}:0{port}"),
        format!("Host: {name}:+{port}"),
        format!("Host: {name}: {port}"),
        format!("Host: {host}, evil.example"),
        format!("Host: {host} evil.example"),
        format!("Host: u@{host}"),
        format!("Host: {host}@evil.example"),
        format!("Host: {host}/mcp"),
        format!("Host: {host}?x"),
        format!("Host: {host}#"),
        format!("Host: {host}\\"),
        format!("Host: {host}\0"),
        format!("Host: http://{host}"),
        format!("Host: //{host}"),
        format!("Host: \"{host}\""),
        format!("Host: %6cocalhost:{port}"),
        format!("Host: lo\u{e7}alhost:{port}"),
        format!("Host: 127.0.0.1:{port}"),
        format!("Host: [::1]:{port}"),
        format!("Host: x.{host}"),
        format!("X-Forwarded-Host: {host}"),
        format!("Host: evil.example\r\nX-Forwarded-Host: {host}"),
        format!("Host: evil.example\r\nForwarded: host={host}"),
    ];
    all.extend(refused.map(|lines| (lines, Fate::Refused)));
    let asked = |lines: &str| format!("GET /mcp HTTP/1.1\r\n{lines}\r\n{OWN}Connection: close\r\n\r\n");
    let asked = |lines: &String| {
        asked(lines).replace("\r\n\r\nX", "\r\nX").replace("HTTP/1.1\r\n\r\n", "HTTP/1.1\r\n")
    };
    all.into_iter().map(|(lines, fate)| Probe { request: asked(&lines), what: lines, fate }).collect()
}

/// Absolute, authority and other forms of a target (RFC 9112 §3.2).
fn other_forms(host: &str) -> Vec<(String, Fate)> {
    let mut all = vec![
        (format!("http://{host}/mcp"), Fate::Arrives(meaning("/mcp"))),
        (format!("HTTP://{host}/mcp?x"), Fate::Arrives(meaning("/mcp?x"))),
        (format!("https://{host}/mcp"), Fate::May(meaning("/mcp"))),
        (format!("http://LOCALHOST{}/mcp", host.trim_start_matches("localhost")), Fate::May(meaning("/mcp"))),
        (format!("http://{host}/mcp#x"), Fate::May(meaning("/mcp"))),
        (format!("ftp://{host}/mcp"), Fate::May(meaning("/mcp"))),
        ("/mcp#x".to_owned(), Fate::May(meaning("/mcp"))),
        ("/mcp#/../other".to_owned(), Fate::May(meaning("/mcp"))),
        ("/mcp?x#y".to_owned(), Fate::May(meaning("/mcp?x"))),
        ("/mcp/#".to_owned(), Fate::May(meaning("/mcp/"))),
    ];
    let refused = [
        "http://evil.example/mcp".to_owned(),
        format!("http://{host}.evil.example/mcp"),
        format!("http://{host}@evil.example/mcp"),
        format!("http://evil.example@{host}/mcp"),
        format!("http://evil.example\\@{host}/mcp"),
        format!("http://{host}#@evil.example/mcp"),
        format!("http://{host}//mcp"),
        format!("http://{host}/../mcp"),
        format!("http://{host}/other/../mcp"),
        format!("http://{host}/mcp/%2e%2e/other"),
        format!("http://{host}"),
        format!("http://{host}?/mcp"),
        format!("//{host}/mcp"),
        format!("{host}/mcp"),
        host.to_owned(),
        "evil.example:443".to_owned(),
    ];
    all.extend(refused.map(|target| (target, Fate::Refused)));
    all
}

const ARRIVING: [&str; 18] = [
    "/mcp",
    "/mcp/",
    "/mcp?",
    "/mcp?/../other",
    "/mcp?a=%2e%2e%2f&b=//other",
    "/mcp?http://evil.example/",
    "/mcp/...",
    "/mcp/.well-known",
    "/mcp/a..b",
    "/mcp/%252e%252e/other",
    "/mcp/%252f",
    "/mcp/x%20HTTP",
    "/mcp/caf%C3%A9",
    "/mcp/a;b=c",
    "/mcp/administrator",
    "/mcp/x/admin",
    "/mcp/other",
    "/mcp/@evil.example",
];

const REFUSED: [&str; 73] = [
    "//mcp",
    "///mcp",
    "/./mcp",
    "/x/../mcp",
    "/mcp//x",
    "/mcp/x//",
    "/mcp/./x",
    "/mcp/.",
    "/mcp/..",
    "/mcp/../",
    "/mcp/../other",
    "/mcp/../oauth/jwks",
    "/mcp/x/../../other",
    "/other/../mcp",
    "/oauth/jwks/../../mcp",
    "/mcp/..;/other",
    "/mcp/..;x=y/other",
    "/mcp/.;/x",
    "/mcp/;/x",
    "/..;/mcp",
    "/mcp;/../other",
    "/mcp;x",
    "/mcp;x/admin",
    "/mcp/%2e/x",
    "/mcp/%2e%2e/other",
    "/mcp/%2E%2E/other",
    "/mcp/.%2e/other",
    "/mcp/%2e./other",
    "/mcp/%2e%2e%2fother",
    "/mcp/..%2fother",
    "/mcp/..%2Fother",
    "/mcp/..%5cother",
    "/mcp/x%2fy",
    "/mcp%2fx",
    "/mcp%2f..%2fother",
    "/%2e%2e/mcp",
    "/%2fmcp",
    "/mcp/..%3b/other",
    "/mcp/..%00/other",
    "/mcp/%00",
    "/mcp%00",
    "/mcp/x%0d%0aX-Forwarded-User:%20admin",
    "/mcp/x%0a",
    "/mcp/%7f",
    "/mcp/%c0%ae%c0%ae/other",
    "/mcp/%c0%af..%c0%afother",
    "/mcp/%ff",
    "/mcp/%",
    "/mcp/%zz",
    "/mcp/%u002e%u002e/other",
    "/mcp\\..\\other",
    "/mcp/..\\other",
    "\\mcp",
    "/mcp/admin/../x",
    "/mcp/admin/..;/x",
    "/mcp/admin/%2e%2e/x",
    "/mcp/%61dmin",
    "/mcp/a%64min/x",
    "/mcp/ADMIN",
    "/mcp/Admin/x",
    "/mcp/admin;x",
    "/mcp/x/../admin",
    "/mcp%23x",
    "/MCP",
    "/Mcp/x",
    "/%6dcp",
    "/other;/../mcp",
    "/mcpx",
    "/OAuth/Token",
    "/oauth%2ftoken",
    "mcp",
    "*",
    "",
];

fn meaning(target: &str) -> Meaning {
    Meaning { target: target.to_owned(), body: String::new() }
}
