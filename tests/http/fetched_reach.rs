//! How far a stranger's URL leads, for whom, and how often.

use crate::fetched::spawn;
use crate::harness::person::person;
use crate::harness::publisher::{CALLBACK, JSON, Publisher, answer};
use crate::harness::rules::Rules;
use crate::harness::trust::in_a_process_that_trusts;
use crate::harness::{Answer, Ask, CLAUDE, Client, alice, also, bob, encoded, visitor, without};
use futures_util::future::join_all;
use serde_json::json;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// CIMD-02, CIMD-03, CIMD-10, CIMD-13, CIMD-16, T17: nobody is called
#[test]
fn a_url_that_leads_inside_or_is_none_of_a_document_is_a_page() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let port = publisher.port();
        publisher.publishes("/c");
        let ids = [
            "https://localhost/c".to_owned(),
            "https://127.0.0.1/c".to_owned(),
            "https://10.0.0.1/c".to_owned(),
            "https://169.254.169.254/latest/meta-data".to_owned(),
            "https://[::1]/c".to_owned(),
            "https://[::ffff:7f00:1]/c".to_owned(),
            "https://[64:ff9b::a9fe:a9fe]/c".to_owned(),
            "https://[fd00:ec2::254]/c".to_owned(),
            format!("https://localhost:{port}/c"),
            format!("https://127.0.0.1:{port}/c"),
            format!("https://2130706433:{port}/c"),
            format!("https://0x7f.1:{port}/c"),
            format!("https://0177.0.0.1:{port}/c"),
            format!("https://127.1:{port}/c"),
            format!("https://[::ffff:127.0.0.1]:{port}/c"),
            "https://8.8.8.8:8443/c".to_owned(),
        ];
        for (number, id) in ids.iter().enumerate() {
            let request = Client { id: id.clone(), redirect_uri: CLAUDE.to_owned() }.request();
            let refused = server.public().authorize(&visitor(number), &request).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{id}: {refused:?}");
        }
        for id in [
            format!("http://localhost:{port}/c"),
            format!("HTTPS://localhost:{port}/c"),
            format!(" https://localhost:{port}/c"),
            format!("https://LOCALHOST:{port}/c"),
            format!("https://2130706433:{port}/c"),
            format!("https://0x7f.1:{port}/c"),
            format!("https://127.1:{port}/c"),
            format!("https://[::ffff:127.0.0.1]:{port}/c"),
            format!("https://user@localhost:{port}/c"),
            format!("https://localhost:{port}/c#fragment"),
            format!("https://localhost:{port}/x/../c"),
            format!("https://localhost:{port}/%2e/c"),
            format!("https://localhost:{port}\\c"),
            format!("https://localhost:{port}/"),
            format!("https://localhost:{port}"),
            format!("https://localhost:{port}/{}", "c".repeat(2_048)),
        ] {
            let request = Client { id: id.clone(), redirect_uri: CALLBACK.to_owned() }.request();
            let refused = server.authorize(&alice(), &request).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{id}: {refused:?}");
        }
        assert_eq!(publisher.connections(), 0);
        assert!(server.authorize(&alice(), &publisher.client("/c").request()).await.is_question());
    });
}

/// CIMD-16: who the server is, is proved
#[test]
fn a_server_without_a_certificate_for_its_name_that_is_trusted_is_not_heard() {
    in_a_process_that_trusts(async |authority| {
        let server = spawn(&[]);
        for (certificate, heard) in
            [("good", true), ("expired", false), ("elsewhere", false), ("stranger", false)]
        {
            let publisher = Publisher::start_as(certificate, &authority);
            let page = server.authorize(&alice(), &publisher.publishes("/c").request()).await;
            assert_eq!(page.is_question(), heard, "{certificate}: {page:?}");
            assert_eq!(page.is_refusal_page(), !heard, "{certificate}: {page:?}");
            assert_eq!(publisher.seen("/c").len(), usize::from(heard), "{certificate}");
        }
    });
}

/// CIMD-15, CIMD-16: neither without end nor without hurry
#[test]
fn an_answer_that_does_not_end_or_does_not_come_is_waited_for_five_seconds() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let begun = "HTTP/1.1 200 OK\r\n".to_owned() + JSON;
        let drop_by_drop = |start: String| {
            move |stream: &mut dyn Write| {
                stream.write_all(start.as_bytes())?;
                loop {
                    stream.write_all(b" ")?;
                    sleep(Duration::from_millis(100));
                }
            }
        };
        publisher.serves_by("/slow-body", drop_by_drop(format!("{begun}Content-Length: 5000\r\n\r\n")));
        publisher.serves_by("/slow-head", drop_by_drop(format!("{begun}X-Slow:")));
        publisher.serves_by("/silence", drop_by_drop(String::new()));
        let written = Arc::new(AtomicUsize::new(0));
        let counter = written.clone();
        publisher.serves_by("/endless", move |stream| {
            write!(stream, "{begun}Transfer-Encoding: chunked\r\n\r\n")?;
            loop {
                write!(stream, "1000\r\n{}\r\n", " ".repeat(0x1000))?;
                counter.fetch_add(0x1000, Ordering::SeqCst);
            }
        });
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let mute = format!("https://{}/c", mute.local_addr().unwrap());
        let ids = ["/slow-body", "/slow-head", "/silence", "/endless"].map(|path| publisher.url(path));
        let started = Instant::now();
        let answers = ids.into_iter().chain([mute]).map(async |id| {
            let request = Client { id, redirect_uri: CALLBACK.to_owned() }.request();
            (server.authorize(&alice(), &request).await, request)
        });
        for (refused, request) in join_all(answers).await {
            assert!(refused.status == 400 && refused.is_refusal_page(), "{request:?}: {refused:?}");
        }
        assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
        // What the network holds between two programs, and no more.
        assert!(written.load(Ordering::SeqCst) < 16 << 20, "{written:?}");
    });
}

/// CIMD-19, T17
#[test]
fn nothing_is_fetched_for_who_is_not_signed_in_or_may_not_be_here() {
    in_a_process_that_trusts(async |authority| {
        let publisher = Publisher::start(&authority);
        let (server, app) = (spawn(&[]), publisher.publishes("/c"));
        let query = encoded(&app.request());
        let path = format!("/oauth/authorize?{query}");
        let impostor = alice().also("X-Sidecar-Auth", "a-secret-that-is-not-the-proxys-at-all-0");
        for (case, refused) in [
            ("nobody", server.get(&path).answer().await),
            ("nobody's proxy", server.get(&path).header("X-Forwarded-User", "1").answer().await),
            ("an impostor", server.authorize(&impostor, &app.request()).await),
            ("a stranger", server.authorize(&person("7", "eve@evil.example"), &app.request()).await),
            ("elsewhere", server.at("evil.example").authorize(&alice(), &app.request()).await),
        ] {
            assert!([401, 403, 421].contains(&refused.status), "{case}: {refused:?}");
        }
        assert_eq!(publisher.connections(), 0);
        assert!(server.authorize(&alice(), &app.request()).await.is_question());
    });
}

/// CIMD-11, CIMD-22, T33: what is refused whatever the document says is refused without it
#[test]
fn nothing_is_fetched_for_a_request_that_is_refused_in_any_case() {
    in_a_process_that_trusts(async |authority| {
        let publisher = Publisher::start(&authority);
        let denied = publisher.publishes("/denied");
        let rules = Rules::new(&format!("client {}\nredirect 127.0.0.1\n", denied.id));
        let server = spawn(&[("MCP_AUTH_DENY_FILE", rules.path().as_str())]);
        let app = publisher.publishes("/c");
        let at = |uri: &str| Client { redirect_uri: uri.to_owned(), ..app.clone() }.request();
        let twice = also(&app.request(), "redirect_uri", CALLBACK);
        let twice_itself = also(&app.request(), "client_id", &app.id);
        let elsewhere = at("https://app.example/cb");
        for request in
            [elsewhere, at("nonsense"), at("http://127.0.0.1:1/cb"), denied.request(), twice, twice_itself]
        {
            let refused = server.authorize(&alice(), &request).await;
            assert!(refused.status == 400 && refused.is_refusal_page(), "{request:?}: {refused:?}");
        }
        for query in [app.request(), without(&app.request(), "redirect_uri")].map(|request| encoded(&request))
        {
            let unreadable = server.authorize_by(&alice(), &format!("{query}&redirect_uri=%zz")).await;
            assert!(unreadable.status == 400 && unreadable.is_refusal_page(), "{unreadable:?}");
        }
        let unnamed = server.authorize(&alice(), &without(&denied.request(), "redirect_uri")).await;
        assert!(unnamed.is_refusal_page(), "{unnamed:?}");
        assert_eq!(publisher.connections(), 0);
        let other = at("http://localhost:1/another");
        assert!(server.authorize(&alice(), &other).await.is_refusal_page());
        assert!(server.authorize(&alice(), &app.request()).await.is_question());
    });
}

/// CIMD-19, X-22: a page, with the time to come back
#[test]
fn who_makes_the_server_fetch_too_often_is_told_to_wait() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let app = publisher.client("/nothing-there");
        let (mut fetched, mut answer) = (0, server.authorize(&alice(), &app.request()).await);
        while answer.status == 400 {
            fetched += 1;
            assert!(fetched < 100, "no limit");
            answer = server.authorize(&alice(), &app.request()).await;
        }
        assert!(answer.status == 429 && answer.is_refusal_page(), "{answer:?}");
        let seconds: u64 = answer.header("retry-after").expect("Retry-After").parse().unwrap();
        assert!((1..=61).contains(&seconds), "{seconds}");
        assert!(fetched >= 10, "{fetched}");
        assert_eq!(publisher.seen("/nothing-there").len(), fetched);
        assert!(server.authorize(&bob(), &publisher.publishes("/c").request()).await.is_question());
        assert!(
            server.authorize(&alice(), &publisher.client("/c").request()).await.is_question(),
            "it is known"
        );
        let counted = server.admin("/metrics").answer().await.text();
        assert!(counted.contains("mcp_auth_limited_total{door=\"documents\"} 1"), "{counted}");
    });
}

/// CIMD-19
#[test]
fn only_so_many_documents_are_fetched_at_once() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let (here, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let (highest, document) = (most.clone(), publisher.document("/c").to_string());
        publisher.serves_by("/c", move |stream| {
            highest.fetch_max(here.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(300));
            here.fetch_sub(1, Ordering::SeqCst);
            stream.write_all(answer("200 OK", JSON, &document).as_bytes())
        });
        let request = publisher.client("/c").request();
        let everybody = (0..20).map(async |number| server.authorize(&visitor(number), &request).await);
        let answers: Vec<Answer> = join_all(everybody).await;
        assert!(answers.iter().any(Answer::is_question), "{answers:?}");
        assert!((2..=8).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    });
}

/// CIMD-14, CIMD-20, CIMD-21, T5: only the host is more than the client's own word
#[test]
fn the_page_names_the_documents_host_and_asks_for_nothing_that_it_names() {
    in_a_process_that_trusts(async |authority| {
        let (publisher, server) = (Publisher::start(&authority), spawn(&[]));
        let mut document = publisher.document("/c");
        document["client_name"] = json!("Cl\u{202e}aude <b>");
        for member in ["logo_uri", "client_uri", "jwks_uri", "tos_uri", "policy_uri"] {
            document[member] = json!(publisher.url("/canary"));
        }
        let app = publisher.publishes_as("/c", JSON, &document);
        let page = server.authorize(&alice(), &app.request()).await;
        assert!(page.is_question(), "{page:?}");
        let (text, host) = (page.text(), format!("localhost:{}", publisher.port()));
        for shown in [
            "The application calls itself",
            "Claude &#60;b&#62;",
            "Nobody has checked who it is",
            "note warn",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(text.contains(&format!("It describes itself at {host}.")), "{text}");
        assert!(!text.contains("canary"), "{text}");
        assert_eq!((publisher.connections(), publisher.seen("/canary").len()), (1, 0));
    });
}
