//! Pages that call the gateway: from which origins they may, and what they may read.

use crate::gateway::start;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer};

/// RS-10, design 7
#[tokio::test]
async fn only_pages_of_known_origins_may_call() {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_ORIGINS", "https://chat.example, https://ide.example:8443"),
    ]);
    let token = server.tokens(&server.client().await).await.access;
    for (origin, status) in [
        ("https://mcp.example.com", 200),
        ("http://localhost:6274", 200),
        ("http://127.0.0.1:5173", 200),
        ("http://[::1]:1", 200),
        ("https://chat.example", 200),
        ("https://ide.example:8443", 200),
        ("https://ide.example", 403),
        ("http://chat.example", 403),
        ("https://evil.example", 403),
        ("https://mcp.internal.example", 403),
        ("http://mcp.example.com", 403),
        ("https://mcp.example.com:8443", 403),
        ("https://mcp.example.com.evil.example", 403),
        ("http://localhost.evil.example", 403),
        ("null", 403),
        ("", 403),
        ("nonsense", 403),
    ] {
        let request = server.post("/mcp").bearer_auth(&token).header("Origin", origin);
        assert_eq!(request.answer().await.status, status, "{origin}");
    }
    assert_eq!(upstream.seen().len(), 6);
}

/// clients G26, design 7, 5.13
#[tokio::test]
async fn a_preflight_is_answered_here() {
    let (upstream, server, _) = start().await;
    let request = server.options("/mcp").header("Origin", "http://localhost:6274");
    let request = request.header("Access-Control-Request-Method", "POST").header(
        "Access-Control-Request-Headers",
        "authorization, content-type, mcp-protocol-version, mcp-session-id, last-event-id",
    );
    let answer = request.answer().await;
    assert!([200, 204].contains(&answer.status), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let listed = |name: &str| answer.header(name).unwrap_or_default().to_ascii_lowercase();
    let (headers, methods) = (listed("access-control-allow-headers"), listed("access-control-allow-methods"));
    for header in ["authorization", "content-type", "mcp-protocol-version", "mcp-session-id", "last-event-id"]
    {
        assert!(headers.contains(header), "{header} in {headers}");
    }
    for method in ["get", "post", "delete"] {
        assert!(methods.contains(method), "{method} in {methods}");
    }
    assert!(upstream.seen().is_empty());
}

/// X-15, design 5.13: a page reads what it was refused for
#[tokio::test]
async fn every_answer_may_be_read_by_the_page_that_asked() {
    let (_upstream, server, token) = start().await;
    for request in [server.post("/mcp"), server.post("/mcp").bearer_auth(&token)] {
        let answer = request.header("Origin", "http://localhost:6274").answer().await;
        let origins: Vec<_> = answer.headers.get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, ["*"], "{answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
        assert!(exposed.contains("www-authenticate") && exposed.contains("mcp-session-id"), "{exposed}");
    }
}
