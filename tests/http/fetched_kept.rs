//! What is remembered of a document that was fetched, and what holds without it.

use crate::fetched::{settings, spawn};
use crate::harness::publisher::{CALLBACK, JSON, Publisher};
use crate::harness::rules::Rules;
use crate::harness::trust::in_a_process_that_trusts;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, Client, alice, visitor, with};
use serde_json::json;
use std::fs;
use tempfile::TempDir;

/// CIMD-17: by the server's own clock
#[test]
fn a_document_is_fetched_again_when_its_time_is_over() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        for (number, (headers, seconds)) in [
            ("", 60),
            ("Cache-Control: no-store\r\n", 60),
            ("Cache-Control: max-age=0\r\n", 60),
            ("Cache-Control: max-age=5\r\n", 60),
            ("Cache-Control: public, max-age=120\r\n", 120),
            ("Cache-Control: max-age=120\r\nAge: 30\r\n", 90),
            ("Cache-Control: max-age=86400\r\n", 86_400),
            ("Cache-Control: max-age=31536000, immutable\r\n", 86_400),
        ]
        .into_iter()
        .enumerate()
        {
            let path = format!("/{number}");
            let app = publisher.publishes_as(&path, &[JSON, headers].concat(), &publisher.document(&path));
            for (wait, fetches) in [(0, 1), (seconds - 1, 1), (1, 2)] {
                server.wait(wait);
                assert!(server.authorize(&visitor(number), &app.request()).await.is_question(), "{headers}");
                assert_eq!(publisher.seen(&path).len(), fetches, "{headers} {wait}");
            }
        }
    });
}

/// CIMD-17, CIMD-18: what it said before counts for nothing then
#[test]
fn a_document_that_changed_holds_as_it_is_now() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let app = publisher.publishes("/c");
        assert!(server.authorize(&alice(), &app.request()).await.text().contains(">App<"));
        let mut document = publisher.document("/c");
        document["client_name"] = json!("Another");
        publisher.publishes_as("/c", JSON, &document);
        server.wait(59);
        assert!(server.authorize(&alice(), &app.request()).await.text().contains(">App<"));
        server.wait(1);
        assert!(server.authorize(&alice(), &app.request()).await.text().contains(">Another<"));
        document["redirect_uris"] = json!(["http://localhost/elsewhere"]);
        publisher.publishes_as("/c", JSON, &document);
        server.wait(60);
        assert!(server.authorize(&alice(), &app.request()).await.is_refusal_page());
        publisher.serves("/c", "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
        server.wait(60);
        assert!(server.authorize(&alice(), &app.request()).await.is_refusal_page());
    });
}

/// CIMD-27: at every door after the question another replica may stand, which knows nothing
#[test]
fn what_was_asked_with_a_document_goes_on_without_it() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let app = publisher.publishes("/c");
        let page = server.authorize(&alice(), &app.request()).await;
        let replica = || server.again_with_all(&settings(&[]));
        let code = replica().consent(&page).await.param("code").unwrap();
        let tokens = replica().token(&app.exchange(&code)).await.tokens();
        let next = replica().refreshed(&app, &tokens.refresh).await;
        assert_eq!(replica().revoke(&app.revocation(&next.refresh)).await.status, 200);
        // The document is over, at the server that read it, too.
        server.wait(61);
        let next = server.refreshed(&app, &next.refresh).await;
        assert_eq!(server.claims(&next.access).await["client_id"], json!(app.id));
        assert_eq!(publisher.connections(), 1);
    });
}

/// CIMD-27: a client that does without refresh tokens gets none, whoever answers
#[test]
fn what_a_document_says_of_grants_is_kept_in_the_code() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let mut document = publisher.document("/c");
        document["grant_types"] = json!(["authorization_code"]);
        let app = publisher.publishes_as("/c", JSON, &document);
        for knows in [true, false] {
            let code = server.code(&app).await;
            let at = if knows { server.clone() } else { server.again_with_all(&settings(&[])) };
            let answer = at.token(&app.exchange(&code)).await;
            assert!(answer.status == 200 && answer.json().get("refresh_token").is_none(), "{answer:?}");
        }
    });
}

/// CIMD-13, CIMD-28, T17: whoever asks there may be anybody
#[test]
fn nobody_is_asked_for_a_client_that_comes_to_the_token_endpoint() {
    in_a_process_that_trusts(async |authority| {
        let publisher = Publisher::start(&authority);
        let server = spawn(&[("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0")]);
        let app = publisher.publishes("/c");
        let inside = Client { id: "https://169.254.169.254/c".to_owned(), ..app.clone() };
        let nowhere = Client { id: "https://nowhere.invalid/c".to_owned(), ..app.clone() };
        for client in [&app, &inside, &nowhere] {
            for fields in [client.exchange("invented"), client.refresh("invented")] {
                let refusal = server.token(&fields).await.refusal();
                assert_eq!(refusal, (400, "invalid_grant".to_owned()), "{}", client.id);
                let secret = with(&fields, "client_secret", "invented");
                assert_eq!(server.token(&secret).await.refusal(), (401, "invalid_client".to_owned()));
            }
            assert_eq!(server.revoke(&client.revocation("invented")).await.status, 200);
        }
        for wrong in [
            "https://",
            "https://localhost",
            "https://LOCALHOST/c",
            "https://localhost/c#x",
            "http://localhost/c",
        ] {
            let client = Client { id: wrong.to_owned(), ..app.clone() };
            let refusal = server.token(&client.exchange("invented")).await.refusal();
            assert_eq!(refusal, (401, "invalid_client".to_owned()), "{wrong}");
        }
        assert_eq!(publisher.connections(), 0);
    });
}

/// CIMD-27, TC-02, TC-07, TR-03: a code knows its client by the URL, and its redirect URI
#[test]
fn a_code_and_a_refresh_token_are_good_for_the_url_they_were_issued_to() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let (app, other) = (publisher.publishes("/c"), publisher.publishes("/other"));
        let code = server.code(&app).await;
        let replica = server.again_with_all(&settings(&[]));
        let elsewhere = with(&app.exchange(&code), "redirect_uri", "http://localhost:1/callback");
        let verifier = with(&app.exchange(&code), "code_verifier", &"x".repeat(43));
        for at in [&server, &replica] {
            for fields in [other.exchange(&code), elsewhere.clone(), verifier.clone()] {
                assert_eq!(
                    at.token(&fields).await.refusal(),
                    (400, "invalid_grant".to_owned()),
                    "{fields:?}"
                );
            }
        }
        let tokens = replica.token(&app.exchange(&code)).await.tokens();
        let refusal = replica.token(&other.refresh(&tokens.refresh)).await.refusal();
        assert_eq!(refusal, (400, "invalid_grant".to_owned()));
        assert_eq!(replica.revoke(&other.revocation(&tokens.refresh)).await.refusal().0, 400);
        assert_eq!(replica.revoke(&other.revocation(&tokens.access)).await.refusal().0, 400);
        replica.refreshed(&app, &tokens.refresh).await;
    });
}

/// CIMD-22, T33: at the answer, at the token endpoint and at the gateway, where the document is not known
#[test]
fn a_client_can_be_denied_by_its_url_without_its_document() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, upstream) = (Publisher::start(&authority), Upstream::start().await);
        let gateway = ("MCP_AUTH_UPSTREAM", upstream.url.as_str());
        let (server, app) = (spawn(&[gateway]), publisher.publishes("/c"));
        let page = server.authorize(&alice(), &app.request()).await;
        let code = server.consent(&page).await.param("code").unwrap();
        let tokens = server.tokens(&app).await;
        for (rule, denied) in
            [(format!("client {}\n", publisher.url("/other")), false), (format!("client {}\n", app.id), true)]
        {
            let rules = Rules::new(&rule);
            let deny = ("MCP_AUTH_DENY_FILE", rules.path());
            let replica = server.again_with_all(&settings(&[gateway, (deny.0, deny.1.as_str())]));
            let entered = replica.post("/mcp").bearer_auth(&tokens.access).answer().await;
            assert_eq!(entered.status, if denied { 401 } else { 200 }, "{rule}");
            let answered = replica.consent(&page).await;
            assert_eq!(
                (answered.status == 403, answered.param("code").is_none()),
                (denied, denied),
                "{rule}"
            );
            if denied {
                for fields in [app.exchange(&code), app.refresh(&tokens.refresh)] {
                    let refusal = replica.token(&fields).await.refusal();
                    assert_eq!(refusal, (400, "invalid_grant".to_owned()), "{rule}");
                }
            }
        }
        assert_eq!(publisher.connections(), 1);
    });
}

/// CIMD-22, CIMD-30: what the operator pinned is not asked for, and goes before what the client says
#[test]
fn a_pinned_document_wins_over_the_one_that_could_be_fetched() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, folder) = (Publisher::start(&authority), TempDir::new().unwrap());
        let app = publisher.publishes("/c");
        let mut pinned = publisher.document("/c");
        pinned["client_name"] = json!("Pinned");
        fs::write(folder.path().join("app.json"), pinned.to_string()).unwrap();
        let server = spawn(&[("MCP_AUTH_CLIENT_DOCUMENTS_DIR", folder.path().to_str().unwrap())]);
        let page = server.authorize(&alice(), &app.request()).await;
        assert!(page.is_question() && page.text().contains("Pinned"), "{page:?}");
        assert!(page.text().contains("Known to this server"), "{page:?}");
        let elsewhere = Client { redirect_uri: format!("{CALLBACK}2"), ..app };
        assert!(server.authorize(&alice(), &elsewhere.request()).await.is_refusal_page());
        assert_eq!(publisher.connections(), 0);
    });
}

/// CIMD-01, CIMD-28: at a site that fetches nothing nobody is let in by what another one fetched
#[test]
fn what_one_site_fetched_no_other_knows() {
    in_a_process_that_trusts(async |authority| {
        let publisher = Publisher::start(&authority);
        let app = publisher.publishes("/c");
        for documents in ["off", "pinned", "fetch"] {
            let server = spawn(&[
                ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", documents),
                ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback"),
            ]);
            assert!(server.authorize(&alice(), &app.request()).await.is_question());
            let there = server.public();
            assert!(there.authorize(&alice(), &app.request()).await.is_refusal_page(), "{documents}");
            let fetches = documents == "fetch";
            let expected = if fetches { (400, "invalid_grant") } else { (401, "invalid_client") };
            let refusal = there.token(&app.exchange(&server.code(&app).await)).await.refusal();
            assert_eq!(refusal, (expected.0, expected.1.to_owned()), "{documents}");
        }
        assert_eq!(publisher.connections(), 3);
    });
}
