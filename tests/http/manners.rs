//! What holds at every door: methods, paths, sizes, and who may read the answer.

use crate::harness::{Ask, TestServer};

const OPEN: [(&str, &str); 6] = [
    ("/.well-known/oauth-authorization-server", "GET"),
    ("/.well-known/oauth-protected-resource/mcp", "GET"),
    ("/oauth/jwks", "GET"),
    ("/oauth/register", "POST"),
    ("/oauth/token", "POST"),
    ("/oauth/revoke", "POST"),
];

/// X-03, RFC 9110 15.5.6
#[tokio::test]
async fn another_method_is_told_which_ones_there_are() {
    let server = TestServer::spawn();
    for (path, method) in OPEN {
        for other in ["PUT", "PATCH", "DELETE", if method == "GET" { "POST" } else { "GET" }] {
            let answer = server.request(other.parse().unwrap(), path).answer().await;
            assert_eq!(answer.status, 405, "{other} {path}");
            assert!(answer.header("allow").is_some_and(|allow| allow.contains(method)), "{other} {path}");
        }
    }
}

/// PRM-15, REG-34, TK-21, RV-09, clients G26, design 5.13
#[tokio::test]
async fn a_page_of_any_origin_may_ask_what_is_open() {
    let server = TestServer::spawn();
    for (path, method) in OPEN {
        let request = server
            .options(path)
            .header("Origin", "http://localhost:6274")
            .header("Access-Control-Request-Method", method)
            .header("Access-Control-Request-Headers", "content-type, authorization, mcp-protocol-version");
        let answer = request.answer().await;
        assert!([200, 204].contains(&answer.status), "{path}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let methods = answer.header("access-control-allow-methods").unwrap_or_default();
        assert!(methods.contains(method), "{path}: {methods}");
        let headers = answer.header("access-control-allow-headers").unwrap_or_default().to_ascii_lowercase();
        for header in ["content-type", "authorization", "mcp-protocol-version"] {
            assert!(headers.contains(header), "{path}: {headers}");
        }
        assert!(answer.header("access-control-max-age").is_some(), "{path}");
    }
}

/// X-15, design 5.13: on errors, too
#[tokio::test]
async fn refusals_may_be_read_by_the_page_that_asked() {
    let server = TestServer::spawn();
    for (method, path) in [
        ("GET", "/nowhere"),
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/oauth/token"),
        ("PUT", "/oauth/jwks"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/register"),
    ] {
        let request = server.request(method.parse().unwrap(), path).header("Origin", "http://localhost:6274");
        let answer = request.answer().await;
        assert!((400..500).contains(&answer.status), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        let exposed = answer.header("access-control-expose-headers").unwrap_or_default().to_ascii_lowercase();
        assert!(exposed.contains("www-authenticate"), "{method} {path}: {exposed}");
    }
}

/// design 2, 5.11, ASM-28, PAR-03: a clean 404, never a redirect
#[tokio::test]
async fn what_is_not_there_is_a_404_in_json() {
    let server = TestServer::spawn();
    for method in ["GET", "POST", "DELETE"] {
        for path in [
            "/nowhere",
            "/authorize",
            "/token",
            "/register",
            "/oauth",
            "/oauth/",
            "/oauth/introspect",
            "/oauth/par",
            "/oauth/userinfo",
            "/oauth/jwks.json",
            "/oauth/register/some-client",
            "/oauth2/sign_in",
            "/mcp",
            "/favicon.ico",
            "/healthz",
            "/readyz",
            "/metrics",
            "/robots.txt",
        ] {
            let answer = server.request(method.parse().unwrap(), path).answer().await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert!(answer.json()["error"].is_string(), "{method} {path}: {answer:?}");
        }
    }
}

/// design 2: somebody who got lost is not sent anywhere
#[tokio::test]
async fn the_root_redirects_nobody() {
    let answer = TestServer::spawn().get("/").answer().await;
    let landing = answer.status == 200 && answer.is("text/html");
    assert!(landing || (answer.status == 404 && answer.json()["error"].is_string()), "{answer:?}");
}

/// the page at the root is for reading
#[tokio::test]
async fn at_the_root_another_method_is_told_which_ones_there_are() {
    let server = TestServer::spawn();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = server.request(method.parse().unwrap(), "/").answer().await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, HEAD, OPTIONS")), "{method}");
        assert!(answer.json()["error"].is_string(), "{method}");
    }
}

/// no header is endless
#[tokio::test]
async fn a_header_of_a_megabyte_is_refused() {
    let server = TestServer::spawn();
    let padding = format!("X-Padding: {}\r\n", "a".repeat(1 << 20));
    let status = server.raw("GET", "/oauth/jwks", &padding).await.status;
    assert!([0, 400, 413, 431].contains(&status), "{status}");
    assert_eq!(server.get("/oauth/jwks").answer().await.status, 200);
}

/// what assistants really send is borne, cookies of the proxy included
#[tokio::test]
async fn headers_of_sixteen_kilobytes_are_borne() {
    let server = TestServer::spawn();
    let request = server.get("/oauth/jwks").header("Cookie", format!("_oauth2_proxy={}", "a".repeat(16_000)));
    assert_eq!(request.answer().await.status, 200);
}

/// what is no HTTP ends the connection and nothing else
#[tokio::test]
async fn nonsense_on_the_wire_harms_nobody() {
    let server = TestServer::spawn();
    for nonsense in [
        &b"\x16\x03\x01\x00\x00"[..],
        b"nonsense\r\n\r\n",
        b"GET /oauth/jwks HTTP/9.9\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: -1\r\n\r\n",
        b"POST /oauth/token HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
    ] {
        let status = server.bytes(nonsense).await.status;
        assert!((400..500).contains(&status), "{status} for {}", String::from_utf8_lossy(nonsense));
    }
    assert_eq!(server.get("/oauth/jwks").answer().await.status, 200);
}

/// design 2: the operator's own doors
#[tokio::test]
async fn the_operator_sees_that_the_server_is_ready() {
    let server = TestServer::spawn();
    for path in ["/healthz", "/readyz"] {
        let answer = server.admin(path).answer().await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
    }
    let keys = server.admin("/jwks").answer().await;
    assert_eq!(keys.json(), server.get("/oauth/jwks").answer().await.json());
    assert_eq!(server.admin("/oauth/token").answer().await.status, 404);
}

/// design 5.11: errors are JSON wherever an API is
#[tokio::test]
async fn no_api_answers_in_html() {
    let server = TestServer::spawn();
    for (method, path) in [
        ("POST", "/oauth/token"),
        ("POST", "/oauth/register"),
        ("GET", "/oauth/token"),
        ("GET", "/oauth/register"),
        ("POST", "/oauth/jwks"),
    ] {
        let request = server.request(method.parse().unwrap(), path).header("Accept", "text/html");
        let answer = request.answer().await;
        assert!(answer.json()["error"].is_string(), "{method} {path}: {answer:?}");
    }
}
