//! Which paths lead to the MCP server: they are sent on byte for byte, or not at all.

use crate::gateway::{challenge, start};
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer, with};

/// design 7, PX-04
#[tokio::test]
async fn a_path_that_two_servers_could_read_differently_is_refused() {
    let (upstream, server, token) = start().await;
    let authorization = format!("Authorization: Bearer {token}\r\n");
    for path in [
        "/mcp/../oauth/token",
        "/mcp/..",
        "/mcp/./x",
        "/mcp/.",
        "/mcp//x",
        "/mcp/x//",
        "/mcp/%2e%2e/x",
        "/mcp/%2E./x",
        "/mcp/.%2e",
        "/mcp/%2e",
        "/mcp/a%2fb",
        "/mcp/a%2Fb",
        "/mcp/a%5cb",
        "/mcp/a%5C..%5Cb",
        "/mcp/a\\b",
        "/mcp/a%00b",
        "/mcp/a%0ab",
        "/mcp/a%0d%0ab",
        "/mcp/a%1fb",
        "/mcp/a%7fb",
        "/mcp/..;/x",
        "/mcp/..;a=b/x",
        "/mcp/.;/x",
        "/mcp/..%3b/x",
        "/mcp/a%3Bb",
        "/mcp/;/x",
        "/mcp/;a=b",
        "/mcp/%c0%ae%c0%ae/x",
        "/mcp/%c0%af",
        "/mcp/%e0%80%ae",
        "/mcp/caf%e9",
        "/mcp/%",
        "/mcp/%2",
        "/mcp/%u002e",
        "/mcp/a%c2%85b",
    ] {
        let answer = server.raw("GET", path, &authorization).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
}

/// design 7: byte for byte
#[tokio::test]
async fn any_other_path_and_query_arrive_as_they_were_sent() {
    let (upstream, server, token) = start().await;
    let authorization = format!("Authorization: Bearer {token}\r\n");
    for target in [
        "/mcp",
        "/mcp?",
        "/mcp?a=b&c=%2F..%2f&d=//&e=%00",
        "/mcp/below",
        "/mcp/below/deeper?x=%20+",
        "/mcp/a%20b",
        "/mcp/caf%C3%A9",
        "/mcp/caf%c3%a9",
        "/mcp/a;b=c",
        "/mcp/a%25b",
        "/mcp/a%252fb",
        "/mcp/.well-known",
        "/mcp/...",
        "/mcp/a..b",
        "/mcp/%252e%252e/x",
        "/mcp/..%20/x",
        "/mcp/x;..;y",
        "/mcp/~user/@a:b!$&'()*,=",
    ] {
        let answer = server.raw("GET", target, &authorization).await;
        assert_eq!(answer.status, 200, "{target}: {answer:?}");
        assert_eq!(upstream.last().target, target);
    }
}

/// design 7: a tunnel has no path, so there is nothing to guard it by
#[tokio::test]
async fn nobody_gets_a_tunnel_to_the_mcp_server() {
    let (upstream, server, token) = start().await;
    let authorization = format!("Authorization: Bearer {token}\r\n");
    for target in ["/mcp", "/mcp/below", "mcp.example.com:443", "http://mcp.example.com/mcp"] {
        let answer = server.raw("CONNECT", target, &authorization).await;
        assert!([400, 404, 405, 421].contains(&answer.status), "{target}: {answer:?}");
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
    assert_eq!(server.raw("GET", "/mcp", &authorization).await.status, 200);
}

/// clients C8: some SDKs serve their endpoint with a slash behind it
#[tokio::test]
async fn a_slash_behind_the_resource_belongs_to_the_resource() {
    let (upstream, server, token) = start().await;
    challenge(&server.post("/mcp/").answer().await);
    assert_eq!(server.post("/mcp/").bearer_auth(&token).answer().await.status, 200);
    assert_eq!(upstream.last().target, "/mcp/");
}

/// design 7: its path and all below it
#[tokio::test]
async fn what_is_beside_a_resource_is_not_there() {
    let (upstream, server, token) = start().await;
    for path in ["/mcpx", "/mcp.json", "/MCP", "/other", "/other/mcpx", "/mc", "/", "/x/mcp"] {
        let answer = server.post(path).bearer_auth(&token).answer().await;
        assert!([404, 405].contains(&answer.status), "{path}: {answer:?}");
    }
    assert!(upstream.seen().is_empty());
}

/// design 7: the longest matching resource decides
#[tokio::test]
async fn the_longest_resource_that_matches_decides() {
    let upstream = Upstream::start().await;
    let resources = "https://mcp.example.com/mcp,https://mcp.example.com/mcp/deep";
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_RESOURCES", resources),
    ]);
    let client = server.client().await;
    let shallow = server.tokens(&client).await.access;
    let deep = with(&client.request(), "resource", "https://mcp.example.com/mcp/deep");
    let deep = server.tokens_of(&client, &deep).await.access;
    for (path, token, status) in [
        ("/mcp/x", &shallow, 200),
        ("/mcp/deep", &shallow, 401),
        ("/mcp/deep/x", &shallow, 401),
        ("/mcp/deeper", &shallow, 200),
        ("/mcp/deep/x", &deep, 200),
        ("/mcp/x", &deep, 401),
    ] {
        assert_eq!(server.get(path).bearer_auth(token).answer().await.status, status, "{path}");
    }
}

/// design 7: a path of ours stays ours
#[tokio::test]
async fn no_way_leads_around_the_person() {
    let (_upstream, server, _) = start().await;
    for path in [
        "/oauth/authorize/",
        "//oauth/authorize",
        "/oauth//authorize",
        "/oauth/./authorize",
        "/oauth/token/../authorize",
        "/oauth/%61uthorize/..",
        "/oauth/authorize%2f",
        "/oauth/authorize;x",
        "/oauth/token/",
        "/OAUTH/token",
    ] {
        let answer = server.raw("GET", path, "").await;
        assert!([400, 404].contains(&answer.status), "{path}: {answer:?}");
        assert!(!answer.headers.contains_key("location"), "{path}");
    }
}
