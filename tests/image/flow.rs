//! A whole flow, and what the process may do.

use std::fs;
use std::path::Path;

use mcp_auth_sidecar::clock::Clock;
use reqwest::Method;

use crate::apart::apart;
use crate::container::{Box, Container};
use crate::ground::{Ground, HOSTS, RESOLV};
use crate::harness::provider::AUDIENCE;
use crate::harness::trust::{Authority, in_a_process_that_trusts};
use crate::harness::{Ask, Client, PROXY_SECRET, Person, Tokens, alice, encoded, form};

#[test]
fn a_stranger_gets_by_its_document_to_the_mcp_server() {
    apart("flow::a_stranger_gets_by_its_document_to_the_mcp_server", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let image = prepared(folder, &authority);
            let container = started(&image, &ground, "/run/secrets/ca.crt").await;
            let person = ground.vouches(&alice(), Clock::system().now().as_secs());
            let client = ground.client("/client.json");
            let tokens = container.signs_in(&person, &client).await;
            let call = container.request(Method::POST, "/mcp").bearer_auth(&tokens.access).body("{}");
            assert_eq!(call.answer().await.status, 200, "{}", container.said());
            assert_eq!(ground.upstream.last().header("x-forwarded-email"), Some("alice@example.com"));
            let next = container.token(&client.refresh(&tokens.refresh)).await;
            assert_eq!(next.status, 200, "{next:?}");
            let counted = container.metrics().await;
            for holds in ["mcp_auth_document_fetches_total{outcome=\"read\"} 1", "mcp_auth_store_away 0"] {
                assert!(counted.contains(holds), "{holds}: {counted}");
            }
        });
    });
}

#[test]
fn with_the_certificates_that_are_in_the_image_nobody_is_believed_whom_they_do_not_vouch_for() {
    apart(
        "flow::with_the_certificates_that_are_in_the_image_nobody_is_believed_whom_they_do_not_vouch_for",
        |folder| {
            in_a_process_that_trusts(async |authority| {
                let ground = Ground::start(&authority).await;
                let image = prepared(folder, &authority);
                let container = started(&image, &ground, "/etc/ssl/certs/ca-certificates.crt").await;
                let person = ground.vouches(&alice(), Clock::system().now().as_secs());
                let path = format!("/oauth/authorize?{}", encoded(&ground.client("/client.json").request()));
                let answer = person.sends(container.request(Method::GET, &path)).answer().await;
                assert!(answer.is_refusal_page(), "{answer:?}");
                assert_eq!(ground.publisher.connections() > 0, true, "it was not even asked");
                assert!(container.said().contains("certificate verify failed"), "{}", container.said());
            });
        },
    );
}

#[test]
fn the_process_is_nobody_with_no_capability_and_can_write_nowhere() {
    apart("flow::the_process_is_nobody_with_no_capability_and_can_write_nowhere", |folder| {
        in_a_process_that_trusts(async |authority| {
            let ground = Ground::start(&authority).await;
            let image = prepared(folder, &authority);
            let container = started(&image, &ground, "/run/secrets/ca.crt").await;
            let ids = "65532\t65532\t65532\t65532";
            for (name, value) in [("Uid:", ids), ("Gid:", ids), ("Groups:", ""), ("CapEff:", "0000000000000000"), ("CapPrm:", "0000000000000000"), ("NoNewPrivs:", "1")] {
                assert_eq!(container.status(name), value, "{name}");
            }
            assert!(fs::write(image.root().join("new"), "").is_err(), "root itself could write");
            assert!(container.is_healthy());
        });
    });
}

fn prepared(folder: &Path, authority: &Authority) -> Box {
    let image = Box::prepared(folder, HOSTS, RESOLV);
    image.secret("proxy-secret", PROXY_SECRET);
    image.secret("ca.crt", fs::read(authority.file("ca.crt")).unwrap());
    let made = image.run(&["keys", "init", "--dir", "/keys"], &[]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    image
}

/// As `deploy/compose` sets it up, on loopback.
async fn started<'a>(image: &'a Box, ground: &Ground, trusted: &str) -> Container<'a> {
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
    async fn signs_in(&self, person: &Person, client: &Client) -> Tokens {
        let path = format!("/oauth/authorize?{}", encoded(&client.request()));
        let page = person.sends(self.request(Method::GET, &path)).answer().await;
        assert_eq!(page.status, 200, "{page:?}\n{}", self.said());
        let fields = form([("question", &page.question()), ("answer", "allow")]);
        let answer = person.sends(self.request(Method::POST, "/oauth/consent").fields(&fields)).answer().await;
        let code = answer.param("code").unwrap_or_else(|| panic!("no code: {answer:?}"));
        self.token(&client.exchange(&code)).await.tokens()
    }

    async fn token(&self, fields: &crate::harness::Form) -> crate::harness::Answer {
        self.request(Method::POST, "/oauth/token").fields(fields).answer().await
    }
}
