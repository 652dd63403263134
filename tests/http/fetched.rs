//! Clients nobody knew before: their document is fetched when a person comes with its URL.

use crate::harness::publisher::{CALLBACK, JSON, Publisher, answer};
use crate::harness::trust::in_a_process_that_trusts;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, TestServer, alice, visitor, with};
use serde_json::{Value, json};

/// A site on loopback, which may fetch from this machine, and a public one, which may not.
pub(crate) fn spawn(more: &[(&str, &str)]) -> TestServer {
    TestServer::spawn_with_all(&settings(more)).at("localhost:4180")
}

pub(crate) fn settings<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let own = [
        ("MCP_AUTH_INTERNAL_ISSUER", "http://localhost:4180"),
        ("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", "fetch"),
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "fetch"),
    ];
    let own = own.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name));
    own.chain(more.iter().copied()).collect()
}

/// CIMD-01, CIMD-12, CIMD-25, ASM-16, TR-03: the URL is the client at every door
#[test]
fn a_client_that_nobody_knew_gets_refreshes_and_revokes_tokens_under_its_url() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, upstream) = (Publisher::start(&authority), Upstream::start().await);
        let gateway = ("MCP_AUTH_UPSTREAM", upstream.url.as_str());
        let server = spawn(&[gateway, ("MCP_AUTH_INTERNAL_REGISTRATION", "off")]);
        let metadata = server.get("/.well-known/oauth-authorization-server").answer().await.json();
        assert_eq!(metadata["client_id_metadata_document_supported"], json!(true));
        let app = publisher.publishes("/client.json");
        let tokens = server.tokens(&app).await;
        assert_eq!(server.claims(&tokens.access).await["client_id"], json!(app.id));
        let next = server.refreshed(&app, &tokens.refresh).await;
        assert_eq!(server.post("/mcp").bearer_auth(&next.access).answer().await.status, 200);
        assert_eq!(server.revoke(&app.revocation(&next.refresh)).await.status, 200);
        let refusal = server.token(&app.refresh(&next.refresh)).await.refusal();
        assert_eq!(refusal, (400, "invalid_grant".to_owned()));
        let counted = server.admin("/metrics").answer().await.text();
        assert!(counted.contains("mcp_auth_document_fetches_total{outcome=\"read\"} 1"), "{counted}");
    });
}

/// CIMD-11, design 5.7: as when a client registers, what it cannot be answered at does not cost it the rest
#[test]
fn a_redirect_uri_that_is_none_of_ours_does_not_spoil_a_document() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let mut document = publisher.document("/c");
        document["redirect_uris"] = json!(["myapp:/cb", "http://app.example/cb", CALLBACK]);
        let app = publisher.publishes_as("/c", JSON, &document);
        assert!(server.authorize(&alice(), &app.request()).await.is_question());
        for uri in ["myapp:/cb", "http://app.example/cb"] {
            let refused = server.authorize(&alice(), &with(&app.request(), "redirect_uri", uri)).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{uri}: {refused:?}");
        }
    });
}

/// CIMD-08, CIMD-15: and nothing of the person or of us
#[test]
fn a_document_is_asked_for_as_json_and_uncompressed() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        assert!(server.authorize(&alice(), &publisher.publishes("/c").request()).await.is_question());
        let seen = publisher.seen("/c");
        let [head] = seen.as_slice() else { panic!("asked once: {seen:?}") };
        let head = head.to_ascii_lowercase();
        for sent in ["accept: application/cimd+json, application/json\r\n", "accept-encoding: identity\r\n"] {
            assert!(head.contains(sent), "{sent} in {head}");
        }
        for kept in ["cookie", "authorization", "referer", "forwarded", "alice", "sidecar-auth"] {
            assert!(!head.contains(kept), "{kept} in {head}");
        }
    });
}

/// CIMD-08, CIMD-15: whatever JSON is called, and up to the last byte
#[test]
fn a_document_may_be_json_of_any_name_and_of_five_kilobytes() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let whole = publisher.document("/c").to_string();
        let padded = whole.clone() + &" ".repeat(5_120 - whole.len());
        let (half, rest) = whole.split_at(whole.len() / 2);
        let chunks = format!("{:x}\r\n{half}\r\n{:x};a=b\r\n{rest}\r\n0\r\n\r\n", half.len(), rest.len());
        for (number, answer) in [
            answer("200 OK", "content-type: Application/JSON; charset=utf-8\r\n", &whole),
            answer("200 OK", "Content-Type: application/cimd+json\r\n", &whole),
            answer("200 Fine", "Content-Type: application/vnd.app.v1+json;a=b\r\n", &whole),
            answer("200 OK", JSON, &padded),
            format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
            format!("HTTP/1.0 200 OK\r\n{JSON}\r\n{whole}"),
        ]
        .iter()
        .enumerate()
        {
            publisher.serves("/c", answer);
            let page = server.authorize(&visitor(number), &publisher.client("/c").request()).await;
            assert!(page.is_question(), "{answer}: {page:?}");
            server.wait(60);
            assert_eq!(publisher.seen("/c").len(), number + 1);
        }
    });
}

/// CIMD-06 to CIMD-08, CIMD-10, CIMD-15, CIMD-18: a page, nothing else is asked for, and nothing is remembered of it
#[test]
fn what_is_no_whole_answer_is_a_page_and_is_asked_for_again() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let whole = publisher.document("/c").to_string();
        let canary = format!("{JSON}Location: {}\r\n", publisher.publishes("/canary").id);
        let too_large = whole.clone() + &" ".repeat(5_121 - whole.len());
        let chunks = format!("{:x}\r\n{too_large}\r\n0\r\n\r\n", too_large.len());
        for (number, (case, broken)) in [
            ("201", answer("201 Created", JSON, &whole)),
            ("203", answer("203 Non-Authoritative Information", JSON, &whole)),
            ("204", format!("HTTP/1.1 204 No Content\r\n{JSON}\r\n")),
            ("206", answer("206 Partial Content", JSON, &whole)),
            ("301", answer("301 Moved Permanently", &canary, &whole)),
            ("302", answer("302 Found", &canary, &whole)),
            ("304", format!("HTTP/1.1 304 Not Modified\r\n{JSON}\r\n")),
            ("307", answer("307 Temporary Redirect", &canary, &whole)),
            ("404", answer("404 Not Found", JSON, &whole)),
            ("500", answer("500 Internal Server Error", JSON, &whole)),
            ("no media type", answer("200 OK", "", &whole)),
            ("HTML", answer("200 OK", "Content-Type: text/html\r\n", &whole)),
            ("text", answer("200 OK", "Content-Type: text/json\r\n", &whole)),
            ("another type", answer("200 OK", "Content-Type: application/jsonp\r\n", &whole)),
            ("no application", answer("200 OK", "Content-Type: image/x+json\r\n", &whole)),
            ("too large", answer("200 OK", JSON, &too_large)),
            (
                "too large in a chunk",
                format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n{chunks}"),
            ),
            ("half of it", answer("200 OK", JSON, &whole[..whole.len() / 2])),
            ("cut off", answer("200 OK", JSON, &whole).replace('}', "")),
            ("two", answer("200 OK", JSON, &[whole.as_str(), &whole].concat())),
            ("no JSON", answer("200 OK", JSON, "<html>")),
            ("nothing", answer("200 OK", JSON, "")),
            ("no HTTP", "220 mail.example ESMTP\r\n".to_owned()),
            ("silence", String::new()),
        ]
        .into_iter()
        .enumerate()
        {
            publisher.serves("/c", &broken);
            let visitor = visitor(number);
            let refused = server.authorize(&visitor, &publisher.client("/c").request()).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{case}: {refused:?}");
            let asked = server.authorize(&visitor, &publisher.publishes("/c").request()).await;
            assert!(asked.is_question(), "mended after {case}: {asked:?}");
            server.wait(60);
        }
        assert_eq!(publisher.seen("/canary"), Vec::<String>::new());
    });
}

/// CIMD-03 to CIMD-05, CIMD-09, CIMD-18, CIMD-24, CIMD-25: what the document itself must say
#[test]
fn a_document_that_describes_another_client_or_none_of_ours_is_a_page() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let cases = [
            ("client_id", json!(publisher.url("/other"))),
            ("client_id", json!(publisher.url("/c?"))),
            ("client_id", json!(publisher.url("/c/"))),
            ("client_id", json!(publisher.url("/c").replace("localhost", "LOCALHOST"))),
            ("client_id", json!("https://claude.ai/oauth/mcp-oauth-client-metadata")),
            ("client_id", Value::Null),
            ("client_name", Value::Null),
            ("client_name", json!("")),
            ("client_name", json!("x".repeat(101))),
            ("redirect_uris", Value::Null),
            ("redirect_uris", json!([])),
            ("redirect_uris", json!(CALLBACK)),
            ("redirect_uris", json!(["http://app.example/cb"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_method", json!("client_secret_post")),
            ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
            ("client_secret", json!("hunter2")),
            ("client_secret_expires_at", json!(0)),
        ];
        for (number, (member, value)) in cases.iter().enumerate() {
            let mut document = publisher.document("/c");
            document[*member] = value.clone();
            publisher.publishes_as("/c", JSON, &document);
            let refused = server.authorize(&visitor(number), &publisher.client("/c").request()).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{member}={value}: {refused:?}");
        }
        let counted = server.admin("/metrics").answer().await.text();
        let line = format!("mcp_auth_document_fetches_total{{outcome=\"invalid\"}} {}", cases.len());
        assert!(counted.contains(&line), "{counted}");
        assert!(server.authorize(&alice(), &publisher.publishes("/c").request()).await.is_question());
    });
}
