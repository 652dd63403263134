//! The page at `/` shows an assistant where `doctor` says that it would connect, and nowhere else.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use crate::{ground::ground, said::doctor};

/// As scripts name them, and as the page does. mcp-remote is the page's way for Cursor; the Inspector is for those who build servers.
const BOTH: [(&str, &str); 7] = [
    ("claude-code", "Claude Code"),
    ("cursor", "Cursor"),
    ("vs-code", "VS Code"),
    ("claude-desktop", "Claude, on the desktop and on the web"),
    ("chatgpt", "ChatGPT"),
    ("cursor-cloud-agents", "Cursor Cloud Agents"),
    ("gemini-enterprise", "Gemini Enterprise, and any other that asks for a client ID and a secret"),
];

#[test]
fn the_page_and_the_doctor_agree_who_would_connect() {
    let ground = ground();
    let host = format!("localhost:{}", ground.proxy);
    let everybody = "loopback,claude,cursor,vscode,chatgpt";
    for (name, redirects, registration, documents) in [
        ("loopback-alone", "loopback", "open", "off"),
        ("cursor-alone", "cursor", "open", "off"),
        ("claude-alone", "claude", "open", "off"),
        ("vscode-alone", "vscode", "open", "off"),
        ("chatgpt-alone", "chatgpt", "open", "off"),
        ("cursor-and-loopback", "loopback,cursor", "open", "off"),
        ("documents-too", "loopback", "open", "pinned"),
        ("documents-of-a-cloud", "claude,cursor", "open", "pinned"),
        ("documents-alone", everybody, "off", "pinned"),
        ("nobody", everybody, "off", "off"),
    ] {
        let sidecar = ground.sidecar_with(
            name,
            &[
                ("MCP_AUTH_INTERNAL_REDIRECTS", redirects),
                ("MCP_AUTH_INTERNAL_REGISTRATION", registration),
                ("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", documents),
            ],
        );
        let proxy = ground.proxy_before(name, sidecar.port, &[]);
        let said = doctor(&ground.internal(), Some(proxy.port), &[]);
        said.is_healthy(name);
        let connects = said.connecting();
        let page = page(proxy.port, &host);
        let shown = |title: &str| page.contains(&format!("<h3>{title}</h3>"));
        let agreed: BTreeSet<_> =
            BOTH.into_iter().filter(|(_, title)| shown(title)).map(|(word, _)| word).collect();
        let spoken_of = |word: &&str| BOTH.iter().any(|(both, _)| both == word);
        assert_eq!(connects.into_iter().filter(spoken_of).collect::<BTreeSet<_>>(), agreed, "{name}");
    }
}

fn page(port: u16, host: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    answer
}
