//! What of a request reaches the MCP server, and what is said to it instead.

use crate::gateway::start;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer, alice};

/// design 7, PX-01, PX-02
#[tokio::test]
async fn nothing_that_speaks_of_identity_or_of_the_way_passes() {
    let (upstream, server, token) = start().await;
    let mut request = server.post("/mcp").bearer_auth(&token).header("Origin", "http://localhost:6274");
    let forged = [
        "X-Forwarded-Groups",
        "X-Forwarded-Preferred-Username",
        "X-Forwarded-Access-Token",
        "X-Forwarded-Id-Token",
        "X-Forwarded-Port",
        "X-Forwarded-Uri",
        "X-Forwarded-Anything",
        "X_Forwarded_User",
        "X_Forwarded-Groups",
        "X.Forwarded.User",
        "X~Forwarded|Email",
        "X-Forwarded",
        "X-Original-URL",
        "X-Original-Uri",
        "X-Rewrite-URL",
        "X_Rewrite_Url",
        "Content_Length",
        "Transfer_Encoding",
        "x-auth-request-user",
        "X-Auth-Request-Email",
        "X_Auth_Request_Groups",
        "X-Sidecar-Auth",
        "X-Sidecar-Anything",
        "x_sidecar_auth",
        "Forwarded",
        "X-Real-Ip",
        "X_Real_Ip",
        "GAP-Signature",
        "Gap-Auth",
        "gap_auth",
        "Remote-User",
        "Remote_Groups",
        "X-Remote-User",
        "X-Remote-Extra-Scopes",
        "X-WEBAUTH-USER",
        "X-Goog-Authenticated-User-Email",
        "X-Goog-IAP-JWT-Assertion",
        "Cookie",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Upgrade",
        "Origin",
    ];
    for name in forged.iter().filter(|name| **name != "Origin") {
        request = request.header(*name, "forged");
    }
    assert_eq!(request.answer().await.status, 200);
    let seen = upstream.last();
    for name in forged {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert!(seen.headers.values().all(|value| value != "forged"), "{seen:?}");
}

/// PX-01, T18, design 7: what the token and the site say is set afresh
#[tokio::test]
async fn the_mcp_server_is_told_who_it_is_and_where_it_came_in() {
    let (upstream, server, token) = start().await;
    let request = server
        .post("/mcp")
        .bearer_auth(&token)
        .header("X-Forwarded-User", "admin")
        .header("X-Forwarded-Email", "admin@example.com")
        .header("X-Forwarded-Scope", "admin")
        .header("X-Forwarded-Host", "evil.example")
        .header("X-Forwarded-Proto", "http");
    assert_eq!(request.answer().await.status, 200);
    let seen = upstream.last();
    for (name, value) in [
        ("host", upstream.host()),
        ("x-forwarded-user", alice().user),
        ("x-forwarded-email", alice().email),
        ("x-forwarded-scope", "mcp tools:write"),
        ("x-forwarded-host", "mcp.example.com"),
        ("x-forwarded-proto", "https"),
        ("authorization", &format!("Bearer {token}")),
    ] {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
}

/// design 3, PX-12: the caller's address, counted from the right
#[tokio::test]
async fn the_callers_address_is_the_one_that_our_own_proxy_saw() {
    let upstream = Upstream::start().await;
    for (hops, sent, expected) in [
        ("1", "203.0.113.7", "203.0.113.7"),
        ("1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("2", "6.6.6.6, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        ("1", "2001:db8::1", "2001:db8::1"),
    ] {
        let server = TestServer::spawn_with([
            ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
            ("MCP_AUTH_FORWARDED_HOPS", hops),
        ]);
        let token = server.tokens(&server.client().await).await.access;
        let request = server.post("/mcp").bearer_auth(&token).header("X-Forwarded-For", sent);
        assert_eq!(request.answer().await.status, 200);
        assert_eq!(upstream.last().header("x-forwarded-for"), Some(expected), "{hops} {sent}");
    }
}

/// design 7: everything else is the client's and the MCP server's own
#[tokio::test]
async fn what_the_protocol_says_passes_both_ways() {
    let (upstream, server, token) = start().await;
    let headers = [
        ("Mcp-Session-Id", "session-0"),
        ("MCP-Protocol-Version", "2025-11-25"),
        ("Last-Event-ID", "7"),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("User-Agent", "Claude-User"),
        ("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("X-Custom", "yes"),
    ];
    let request = server.post("/mcp").bearer_auth(&token).body("{}");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.answer().await;
    let seen = upstream.last();
    for (name, value) in headers {
        assert_eq!(seen.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("mcp-session-id"), Some("session-1"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

/// RFC 9110 7.6.1: what `Connection` names is between two neighbours
#[tokio::test]
async fn what_connection_names_does_not_pass_and_takes_nothing_of_ours_away() {
    let (upstream, server, token) = start().await;
    let headers = format!(
        "Authorization: Bearer {token}\r\nX-Hop: 1\r\nConnection: X-Hop, X-Forwarded-User, X-Forwarded-Email\r\n"
    );
    let answer = server.raw("GET", "/mcp", &headers).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let seen = upstream.last();
    assert_eq!(seen.header("x-hop"), None);
    assert_eq!(seen.header("x-forwarded-user"), Some(alice().user));
    assert_eq!(seen.header("x-forwarded-email"), Some(alice().email));
}

/// RFC 9110 7.6.1: in whatever spelling
#[tokio::test]
async fn what_connection_names_may_be_spelt_with_an_underscore() {
    let (upstream, server, token) = start().await;
    for (option, name) in [("x-hop", "X_Hop"), ("X_Hop", "X-Hop"), ("X_HOP", "x_hop")] {
        let headers = format!("Authorization: Bearer {token}\r\n{name}: 1\r\nConnection: {option}\r\n");
        assert_eq!(server.raw("GET", "/mcp", &headers).await.status, 200);
        assert_eq!(upstream.last().header(&name.to_ascii_lowercase()), None, "Connection: {option}");
    }
}

/// design 3: header values are bytes on this side, too
#[tokio::test]
async fn an_address_in_any_alphabet_reaches_the_mcp_server() {
    let (upstream, server, _) = start().await;
    let jose = crate::harness::person::person("3", "jos\u{e9}@example.com");
    let client = server.client().await;
    let page = server.authorize(&jose, &client.request()).await;
    let code = server.reply(&jose, &page.question(), "allow").await.param("code").unwrap();
    let token = server.token(&client.exchange(&code)).await.tokens().access;
    assert_eq!(server.post("/mcp").bearer_auth(&token).answer().await.status, 200);
    let seen = upstream.last();
    assert_eq!(seen.headers["x-forwarded-email"].as_bytes(), "jos\u{e9}@example.com".as_bytes());
}
