//! The gateway: who may pass to the MCP server, and what the others are told.

use crate::harness::upstream::Upstream;
use crate::harness::{Answer, Ask, TestServer, alice, form, with};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#;

/// A gateway in front of an MCP server, and a token for its first resource.
pub(crate) async fn start() -> (Upstream, TestServer, String) {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", upstream.url.as_str())]);
    let token = server.tokens(&server.client().await).await.access;
    (upstream, server, token)
}

/// RS-01 to RS-03, PRM-02, PRM-05, PRM-08, clients B5
#[tokio::test]
async fn who_has_no_token_is_told_where_to_get_one() {
    let (upstream, server, _) = start().await;
    for method in ["GET", "HEAD", "POST", "DELETE"] {
        for path in ["/mcp", "/mcp/below", "/other/mcp"] {
            let answer = server.request(method.parse().unwrap(), path).answer().await;
            assert_eq!(answer.status, 401, "{method} {path}");
            let challenge = challenge(&answer);
            let document = path.trim_end_matches("/below");
            let url = format!("{}/.well-known/oauth-protected-resource{document}", server.issuer());
            assert!(challenge.contains(&format!("resource_metadata=\"{url}\"")), "{challenge}");
            assert!(challenge.contains("scope=\"mcp"), "{challenge}");
            assert!(!challenge.contains("error") && !challenge.contains("offline_access"), "{challenge}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(method == "HEAD" || !answer.json().as_object().unwrap().is_empty());
        }
    }
    assert!(upstream.seen().is_empty());
}

/// PRM-05: the challenge leads to a document that names the very resource
#[tokio::test]
async fn the_challenge_leads_to_the_resources_document() {
    let (_upstream, server, _) = start().await;
    for path in ["/mcp", "/other/mcp"] {
        let challenge = challenge(&server.post(path).answer().await);
        let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
        let url = rest.split('"').next().unwrap();
        let document = server.get(url.strip_prefix(&server.issuer()).unwrap()).answer().await.json();
        assert_eq!(document["resource"], json!(format!("{}{path}", server.issuer())));
    }
}

/// design 7: with the token of its resource a request passes
#[tokio::test]
async fn who_has_the_token_of_the_resource_passes() {
    let (upstream, server, token) = start().await;
    let request = server.post("/mcp").bearer_auth(&token).body(INITIALIZE);
    let answer = request.header("Content-Type", "application/json").answer().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["id"], json!(1));
    let seen = upstream.last();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/mcp"));
    assert_eq!(seen.body, INITIALIZE);
}

/// RS-06, RS-07, RS-09, AZ-87, TR-18, JWK-06, T11 to T13, design 7
#[tokio::test]
async fn what_is_no_token_of_this_resource_is_refused() {
    let (upstream, server, token) = start().await;
    let client = server.client().await;
    let code = server.code(&client).await;
    let refresh = server.tokens(&client).await.refresh;
    let other = with(&client.request(), "resource", "https://mcp.example.com/other/mcp");
    let other = server.tokens_of(&client, &other).await.access;
    let foreign = server.internal().tokens(&server.internal().client().await).await.access;
    // The same names, and other keys.
    let elsewhere = TestServer::spawn();
    let stranger = elsewhere.tokens(&elsewhere.client().await).await.access;
    let parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let more = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let more = String::from_utf8(more).unwrap().replace("alice@", "admin@");
    let more = URL_SAFE_NO_PAD.encode(more);
    let zero = URL_SAFE_NO_PAD.encode([0; 64]);
    for (name, bad) in [
        ("nonsense", "nonsense"),
        ("a code", &code),
        ("a refresh token", &refresh),
        ("a client_id", &client.id),
        ("another resource's token", &other),
        ("another site's token", &foreign),
        ("another server's token", &stranger),
        ("unsigned", &format!("{none}.{}.", parts[1])),
        ("signed by nobody", &format!("{}.{}.", parts[0], parts[1])),
        ("signed with zeroes", &format!("{}.{}.{zero}", parts[0], parts[1])),
        ("edited", &format!("{}.{more}.{}", parts[0], parts[2])),
        ("flipped", &flipped(&token)),
        ("longer", &format!("{token}.")),
        ("padded", &format!("{token}=")),
    ] {
        let answer = server.post("/mcp").bearer_auth(bad).body(INITIALIZE).answer().await;
        assert_eq!(answer.status, 401, "{name}");
        let challenge = challenge(&answer);
        assert!(challenge.contains("error=\"invalid_token\""), "{name}: {challenge}");
        assert!(challenge.contains("resource_metadata=\""), "{name}: {challenge}");
    }
    assert!(upstream.seen().is_empty());
}

/// RS-06, X-23
#[tokio::test]
async fn a_token_is_good_until_it_expires() {
    let (_upstream, server, token) = start().await;
    for (seconds, status) in [(3_590, 200), (200, 401)] {
        server.wait(seconds);
        assert_eq!(server.post("/mcp").bearer_auth(&token).answer().await.status, status);
    }
}

/// RS-02, RS-05, PRM-09, design 7: another scheme is no token (RFC 6750 §3.1)
#[tokio::test]
async fn a_token_comes_in_one_header_and_nowhere_else() {
    let (upstream, server, token) = start().await;
    let query = server.post(&format!("/mcp?access_token={token}")).answer().await;
    assert_eq!(query.status, 401);
    let body = server.post("/mcp").fields(&form([("access_token", &token)])).answer().await;
    assert_eq!(body.status, 401);
    let twice = server.post("/mcp").bearer_auth(&token).bearer_auth(&token).answer().await;
    assert_eq!(twice.status, 400);
    for (header, error) in [
        ("", false),
        ("Bearer", false),
        ("Bearer ", false),
        ("Basic YWxpY2U6eA==", false),
        ("Digest username=\"alice\"", false),
        ("Bearer x", true),
        ("bearer  x", true),
        ("Bearer \u{e9}", true),
    ] {
        let answer = server.post("/mcp").header("Authorization", header).answer().await;
        assert_eq!(answer.status, 401, "{header:?}");
        assert_eq!(challenge(&answer).contains("error=\"invalid_token\""), error, "{header:?}");
    }
    assert!(upstream.seen().is_empty());
}

/// design 3: the operator says whether the MCP server gets the token, too
#[tokio::test]
async fn the_token_is_passed_on_unless_it_is_stripped() {
    for (setting, passed) in [("", true), ("pass", true), ("strip", false)] {
        let upstream = Upstream::start().await;
        let server = TestServer::spawn_with([
            ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
            ("MCP_AUTH_UPSTREAM_AUTHORIZATION", setting),
        ]);
        let token = server.tokens(&server.client().await).await.access;
        assert_eq!(server.post("/mcp").bearer_auth(&token).answer().await.status, 200);
        let seen = upstream.last();
        let got = seen.headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(got, passed.then(|| format!("Bearer {token}")), "{setting}");
        assert!(seen.headers.contains_key("x-forwarded-user"));
    }
}

/// RFC 9110 11.1: the scheme's case does not matter
#[tokio::test]
async fn the_schemes_case_does_not_matter() {
    let (_upstream, server, token) = start().await;
    let request = server.post("/mcp").header("Authorization", format!("bEARER {token}"));
    assert_eq!(request.answer().await.status, 200);
}

/// RS-04, design 7
#[tokio::test]
async fn a_token_without_the_scope_is_told_which_one_is_missing() {
    let (upstream, server, _) = start().await;
    let client = server.client().await;
    let narrow = with(&client.request(), "scope", "tools:write");
    let token = server.tokens_of(&client, &narrow).await.access;
    let answer = server.post("/mcp").bearer_auth(&token).answer().await;
    assert_eq!(answer.status, 403);
    let challenge = challenge(&answer);
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"mcp"), "{challenge}");
    assert!(challenge.contains("resource_metadata=\""), "{challenge}");
    assert!(upstream.seen().is_empty());
}

/// design 7: a resource that is a bare origin covers every path that is not ours
#[tokio::test]
async fn a_bare_origin_covers_what_is_not_ours() {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_RESOURCES", "https://mcp.example.com"),
    ]);
    let token = server.tokens(&server.client().await).await.access;
    for path in ["/", "/anything", "/any/thing?x=1"] {
        let challenge = challenge(&server.get(path).answer().await);
        let url = "\"https://mcp.example.com/.well-known/oauth-protected-resource\"";
        assert!(challenge.contains(&format!("resource_metadata={url}")), "{challenge}");
        assert_eq!(server.get(path).bearer_auth(&token).answer().await.status, 200, "{path}");
        assert_eq!(upstream.last().target, path);
    }
    let before = upstream.seen().len();
    for path in ["/oauth/jwks", "/oauth/token", "/.well-known/oauth-authorization-server"] {
        server.get(path).bearer_auth(&token).answer().await;
    }
    assert_eq!(upstream.seen().len(), before);
}

/// design 3: no upstream, no gateway
#[tokio::test]
async fn without_an_mcp_server_behind_it_there_is_nothing_at_the_resource() {
    let server = TestServer::spawn();
    let token = server.tokens(&server.client().await).await.access;
    for request in [server.post("/mcp"), server.post("/mcp").bearer_auth(&token)] {
        let answer = request.answer().await;
        assert_eq!(answer.status, 404);
        assert!(answer.json()["error"].is_string());
    }
}

/// design 3: pairs of path and address
#[tokio::test]
async fn each_resource_may_have_an_mcp_server_of_its_own() {
    let (one, other) = (Upstream::start().await, Upstream::start().await);
    let pairs = format!("/mcp={},/other/mcp={}", one.url, other.url);
    let server = TestServer::spawn_with([("MCP_AUTH_UPSTREAM", pairs.as_str())]);
    let client = server.client().await;
    for (path, upstream) in [("/mcp", &one), ("/other/mcp", &other)] {
        let resource = format!("{}{path}", server.issuer());
        let token = server.tokens_of(&client, &with(&client.request(), "resource", &resource)).await.access;
        assert_eq!(server.post(path).bearer_auth(&token).answer().await.status, 200, "{path}");
        assert_eq!(upstream.last().target, path);
    }
    assert_eq!((one.seen().len(), other.seen().len()), (1, 1));
}

/// PX-03: who is signed in does not matter here
#[tokio::test]
async fn a_session_at_the_proxy_is_no_token() {
    let (upstream, server, _) = start().await;
    assert_eq!(alice().sends(server.post("/mcp")).answer().await.status, 401);
    assert!(upstream.seen().is_empty());
}

/// RS-09: nor is a session of the MCP server's
#[tokio::test]
async fn every_request_of_a_session_needs_the_token() {
    let (upstream, server, token) = start().await;
    let session = server.post("/mcp").bearer_auth(&token).body(INITIALIZE).answer().await;
    let session = session.header("mcp-session-id").unwrap().to_owned();
    for method in ["GET", "POST", "DELETE"] {
        let request = server.request(method.parse().unwrap(), "/mcp").header("Mcp-Session-Id", &session);
        assert_eq!(request.answer().await.status, 401, "{method}");
    }
    assert_eq!(upstream.seen().len(), 1);
}

pub(crate) fn challenge(answer: &Answer) -> String {
    let values: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert_eq!(values.len(), 1, "{answer:?}");
    let challenge = values[0].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer ") && challenge.is_ascii(), "{challenge}");
    challenge
}

fn flipped(token: &str) -> String {
    let at = token.len() - 10;
    let other = if &token[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}
