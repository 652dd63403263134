//! From an image to a container in its place, and from a stranger to tokens.

use std::fs;
use std::path::Path;

use reqwest::Method;

use crate::container::{Box, Container};
use crate::ground::Ground;
use crate::harness::provider::AUDIENCE;
use crate::harness::trust::Authority;
use crate::harness::{Answer, Ask, Client, Form, PROXY_SECRET, Person, Tokens, encoded, form};

/// With keys that it made itself, among these names.
pub(crate) fn prepared(folder: &Path, authority: &Authority, hosts: &str, resolv: &str) -> Box {
    let image = Box::prepared(folder, hosts, resolv);
    image.secret("proxy-secret", PROXY_SECRET);
    image.secret("ca.crt", fs::read(authority.file("ca.crt")).unwrap());
    let made = image.run(&["keys", "init", "--dir", "/keys"], &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    image
}

/// As `deploy/compose` sets it up, on loopback; it trusts the authorities in that file.
pub(crate) async fn started<'a>(image: &'a Box, ground: &Ground, trusted: &str) -> Container<'a> {
    let (issuer, port) = (ground.url(""), ground.upstream.url.rsplit_once(':').unwrap().1);
    let upstream = format!("http://mcp-server:{port}");
    let settings = [
        ("MCP_AUTH_DEFAULT_ISSUER", "http://localhost:4180"),
        ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "fetch"),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
        ("MCP_AUTH_SCOPES", "mcp,tools:write"),
        ("MCP_AUTH_KEYS_DIR", "/keys"),
        ("MCP_AUTH_PROXY_SECRET_FILE", "/run/secrets/proxy-secret"),
        ("MCP_AUTH_ID_TOKEN_ISSUER", &issuer),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
        ("MCP_AUTH_STORE", "redis://redis:6379"),
        ("MCP_AUTH_UPSTREAM", &upstream),
        ("SSL_CERT_FILE", trusted),
    ];
    image.start(&settings).await
}

impl Container<'_> {
    pub(crate) async fn asks(&self, person: &Person, client: &Client) -> Answer {
        let path = format!("/oauth/authorize?{}", encoded(&client.request()));
        person.sends(self.request(Method::GET, &path)).answer().await
    }

    pub(crate) async fn signs_in(&self, person: &Person, client: &Client) -> Tokens {
        let code = self.allows(person, client).await;
        self.token(&client.exchange(&code)).await.tokens()
    }

    pub(crate) async fn allows(&self, person: &Person, client: &Client) -> String {
        let page = self.asks(person, client).await;
        assert_eq!(page.status, 200, "{page:?}\n{}", self.said());
        let fields = form([("question", &page.question()), ("answer", "allow")]);
        let answer =
            person.sends(self.request(Method::POST, "/oauth/consent").fields(&fields)).answer().await;
        answer.param("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    pub(crate) async fn token(&self, fields: &Form) -> Answer {
        self.request(Method::POST, "/oauth/token").fields(fields).answer().await
    }

    /// The status that the MCP server's caller gets.
    pub(crate) async fn calls(&self, tokens: &Tokens) -> u16 {
        let call = self.request(Method::POST, "/mcp").bearer_auth(&tokens.access).body("{}");
        call.answer().await.status
    }
}
