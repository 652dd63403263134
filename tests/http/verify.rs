//! The forward-auth door: the gateway's decision for a reverse proxy that passes the request on itself.

use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, TestServer, alice, with};

const DOOR: &str = "/oauth/verify/mcp";

async fn start() -> (TestServer, String) {
    let server = TestServer::spawn();
    let token = server.tokens(&server.client().await).await.access;
    (server, token)
}

/// design 2, design 7: any method, three names, no body
#[tokio::test]
async fn a_good_token_is_answered_with_who_it_is() {
    let (server, token) = start().await;
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"] {
        for path in [DOOR, "/oauth/verify/mcp/", "/oauth/verify/mcp/below?session=1"] {
            let answer = server.request(method.parse().unwrap(), path).bearer_auth(&token).answer().await;
            assert_eq!((answer.status, answer.text().as_str()), (200, ""), "{method} {path}");
            assert_eq!(answer.header("x-auth-request-user"), Some(alice().user));
            assert_eq!(answer.header("x-auth-request-email"), Some(alice().email));
            assert_eq!(answer.header("x-auth-request-scope"), Some("mcp tools:write"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
}

/// design 7: the same challenge, and nothing but 401 and 403, which is all that a proxy understands
#[tokio::test]
async fn everybody_else_hears_what_the_gateway_says_in_two_numbers() {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", upstream.url.as_str())]);
    let client = server.client().await;
    let token = server.tokens(&client).await.access;
    let narrow = server.tokens_of(&client, &with(&client.request(), "scope", "tools:write")).await.access;
    let other = with(&client.request(), "resource", "https://mcp.example.com/other/mcp");
    let other = server.tokens_of(&client, &other).await.access;
    let foreign = server.internal().tokens(&server.internal().client().await).await.access;
    for (name, bearer, origin, status) in [
        ("no token", "", "", 401),
        ("nonsense", "nonsense", "", 401),
        ("another resource's", other.as_str(), "", 401),
        ("another site's", foreign.as_str(), "", 401),
        ("without the scope", narrow.as_str(), "", 403),
        ("from a foreign page", token.as_str(), "https://evil.example", 403),
    ] {
        let ask = async |path: &str| {
            let mut request = server.get(path);
            if !bearer.is_empty() {
                request = request.bearer_auth(bearer);
            }
            if !origin.is_empty() {
                request = request.header("Origin", origin);
            }
            request.answer().await
        };
        let (door, gateway) = (ask(DOOR).await, ask("/mcp").await);
        assert_eq!(door.status, status, "{name}");
        assert_eq!(said(&door), said(&gateway), "{name}");
        for name in ["x-auth-request-user", "x-auth-request-email", "x-auth-request-scope"] {
            assert_eq!(door.header(name), None);
        }
    }
    let twice = server.get(DOOR).bearer_auth(&token).bearer_auth(&token).answer().await;
    assert_eq!(twice.status, 401);
    assert!(said(&twice).2.unwrap().contains("error=\"invalid_token\""));
    assert!(upstream.seen().is_empty());
}

/// design 7: the path in the address decides, byte for byte; what guards nothing lets nobody pass
#[tokio::test]
async fn a_path_that_no_resource_guards_is_closed_whoever_asks() {
    let (server, token) = start().await;
    for path in [
        "/oauth/verify",
        "/oauth/verify/",
        "/oauth/verify/mcpx",
        "/oauth/verify/MCP",
        "/oauth/verify/else",
        "/oauth/verify//mcp",
        "/oauth/verify/mcp/../mcp",
        "/oauth/verify/mcp/%2e%2e/else",
        "/oauth/verify/mcp/a%2fb",
        "/oauth/verify/else/%2e%2e/mcp",
        "/oauth/verif%79/mcp",
        "/oauth/verify/%6dcp",
    ] {
        let answer = server.raw("GET", path, &format!("Authorization: Bearer {token}\r\n")).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let lost = server.get("/oauth/verifymcp").bearer_auth(&token).answer().await;
    assert_eq!(lost.status, 404);
}

/// design 7: no header is read for the path, they are the client's
#[tokio::test]
async fn no_header_names_the_path_or_the_host() {
    let (server, token) = start().await;
    for name in ["X-Original-URI", "X-Original-URL", "X-Forwarded-Uri", "X-Rewrite-URL", "X-Forwarded-Path"] {
        for (door, status) in [("/oauth/verify/else", 403), ("/oauth/verify", 403), (DOOR, 200)] {
            for path in ["/mcp", "/else"] {
                let request = server.get(door).bearer_auth(&token).header(name, path);
                assert_eq!(request.answer().await.status, status, "{name}: {path} at {door}");
            }
        }
    }
    let host = server.get(DOOR).bearer_auth(&token).header("X-Forwarded-Host", "mcp.internal.example");
    assert_eq!(host.answer().await.status, 200);
    let stranger = server.at("elsewhere.example").get(DOOR).bearer_auth(&token).answer().await;
    assert_eq!(stranger.status, 403);
}

/// design 7: the bare form, only while a site has one resource
#[tokio::test]
async fn the_bare_form_is_for_a_site_with_one_resource() {
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_RESOURCES", "")]);
    let token = server.tokens(&server.client().await).await.access;
    assert_eq!(server.get("/oauth/verify").bearer_auth(&token).answer().await.status, 200);
    assert_eq!(server.get("/oauth/verify").answer().await.status, 401);
}

/// design 5.14: who is denied or revoked is out here, too
#[tokio::test]
async fn what_was_revoked_opens_nothing() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let ask = || server.get(DOOR).bearer_auth(&tokens.access).answer();
    assert_eq!(ask().await.status, 200);
    server.revoke(&client.revocation(&tokens.refresh)).await;
    assert_eq!(ask().await.status, 401);
    let token = server.tokens(&client).await.access;
    server.wait(3_601);
    assert_eq!(server.get(DOOR).bearer_auth(&token).answer().await.status, 401);
}

/// What is the same at both: the status, the error, the challenge.
fn said(answer: &Answer) -> (u16, String, Option<String>) {
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    (answer.status, error, answer.header("www-authenticate").map(str::to_owned))
}
