//! Who the person is: what the proxy says, once it has proved that it is the proxy.

use crate::harness::person::person;
use crate::harness::rules::until;
use crate::harness::{
    Answer, Ask, PROXY_SECRET, Person, SECOND_PROXY_SECRET, TestServer, alice, encoded, form,
};
use reqwest::RequestBuilder;
use reqwest::header::HeaderValue;
use serde_json::json;
use std::fs;

/// AZ-03, AZ-04, PX-02, PX-09, design 3: both headers, each once
#[tokio::test]
async fn nobody_is_signed_in_unless_both_headers_say_so_once() {
    let server = TestServer::spawn();
    let (user, email) = (alice().user, alice().email);
    for headers in [
        &[][..],
        &[("X-Forwarded-User", user)][..],
        &[("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", ""), ("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-Email", "")][..],
        &[("X-Forwarded-User", " "), ("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-User", user), ("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-Email", email), ("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", "1,2"), ("X-Forwarded-Email", email)][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-Email", "bob@example.com,alice@example.com")][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-Email", "alice")][..],
        &[("X-Forwarded-User", user), ("X-Forwarded-Email", "@example.com")][..],
        &[("X-Auth-Request-User", user), ("X-Auth-Request-Email", email)][..],
        &[("X_Forwarded_User", user), ("X_Forwarded_Email", email)][..],
        &[("Remote-User", email), ("X-Forwarded-Preferred-Username", email)][..],
    ] {
        let request = asking(&server).await.header("X-Sidecar-Auth", PROXY_SECRET);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_unknown(&request.answer().await, &format!("{headers:?}"));
    }
}

/// PX-08, T18, design 3: whoever cannot prove to be the proxy is not believed
#[tokio::test]
async fn the_proxy_proves_itself_with_its_secret() {
    let server = TestServer::spawn();
    let shortened = &PROXY_SECRET[..PROXY_SECRET.len() - 1];
    let doubled = format!("{PROXY_SECRET},{PROXY_SECRET}");
    let both = format!("{PROXY_SECRET}\t{SECOND_PROXY_SECRET}");
    for secret in ["", "wrong", shortened, &doubled, &both, &PROXY_SECRET.to_uppercase()] {
        let proofs = vec![("X-Sidecar-Auth", secret.to_owned())];
        let answer = Person { proofs, ..alice() }.sends(asking(&server).await).answer().await;
        assert_unknown(&answer, secret);
    }
    let unproven = Person { proofs: Vec::new(), ..alice() };
    assert_unknown(&unproven.sends(asking(&server).await).answer().await, "no secret");
    let twice = alice().also("X-Sidecar-Auth", PROXY_SECRET);
    assert_unknown(&twice.sends(asking(&server).await).answer().await, "twice");
}

/// design 3: one a line, any of them good
#[tokio::test]
async fn any_line_of_the_secret_file_is_good() {
    let server = TestServer::spawn();
    for secret in [PROXY_SECRET, SECOND_PROXY_SECRET] {
        let proofs = vec![("X-Sidecar-Auth", secret.to_owned())];
        let answer = Person { proofs, ..alice() }.sends(asking(&server).await).answer().await;
        assert!(answer.is_question(), "{secret}: {answer:?}");
    }
}

#[tokio::test]
async fn a_secret_that_stands_twice_in_its_file_is_good() {
    let server = TestServer::spawn();
    fs::write(server.home().join("proxy-secret"), format!("{PROXY_SECRET}\n{PROXY_SECRET}\n")).unwrap();
    let server = server.again_with([]);
    let answer = alice().sends(asking(&server).await).answer().await;
    assert!(answer.is_question(), "{answer:?}");
}

/// PX-08, T18: a new secret is good without a restart, the old one no longer, and a broken file changes nothing
#[tokio::test]
async fn the_secret_can_change_while_the_server_runs() {
    let server = TestServer::spawn_with([("MCP_AUTH_KEYS_POLL_SECS", "1")]);
    let query = encoded(&server.client().await.request());
    let is_asked = async |secret: &str| {
        let proofs = vec![("X-Sidecar-Auth", secret.to_owned())];
        let request = server.get(&format!("/oauth/authorize?{query}"));
        Person { proofs, ..alice() }.sends(request).answer().await.is_question()
    };
    let (file, next) = (server.home().join("proxy-secret"), "a-secret-of-the-proxy-and-the-sidecar-2");
    fs::write(&file, format!("{PROXY_SECRET}\n{next}\n")).unwrap();
    until("both are good", async || is_asked(next).await && is_asked(PROXY_SECRET).await).await;
    fs::write(&file, format!("{next}\n")).unwrap();
    until("the old one is over", async || !is_asked(PROXY_SECRET).await).await;
    assert!(is_asked(next).await && !is_asked(SECOND_PROXY_SECRET).await);
    fs::write(&file, "short\n").unwrap();
    let counted = "mcp_auth_file_failures_total{file=\"proxy secret\"} 1";
    until("a failure", async || server.admin("/metrics").answer().await.text().contains(counted)).await;
    assert!(is_asked(next).await && !is_asked("short").await && !is_asked("").await);
}

/// AZ-76, design 3: whatever the proxy checked
#[tokio::test]
async fn only_people_of_the_domains_are_let_in() {
    let server = TestServer::spawn();
    for stranger in [
        "mallory@evil.example",
        "mallory@sub.example.com",
        "mallory@example.com.evil.example",
        "mallory@notexample.com",
        "mallory@example.comx",
        "mallory@example.com@evil.example",
        "\"@example.com\"@evil.example",
    ] {
        let answer = person("1", stranger).sends(asking(&server).await).answer().await;
        assert_unknown(&answer, stranger);
    }
    for member in ["alice@example.com", "Alice@Example.COM", "alice+mcp@example.com"] {
        let answer = person("1", member).sends(asking(&server).await).answer().await;
        assert!(answer.is_question(), "{member}: {answer:?}");
    }
}

/// AZ-76: several domains
#[tokio::test]
async fn several_domains_may_sign_in() {
    let server = TestServer::spawn_with([("MCP_AUTH_EMAIL_DOMAINS", "example.com, other.example")]);
    for member in ["alice@example.com", "carol@other.example"] {
        let answer = person("1", member).sends(asking(&server).await).answer().await;
        assert!(answer.is_question(), "{member}: {answer:?}");
    }
}

/// design 3, oauth2-proxy 1.1: header values are bytes
#[tokio::test]
async fn an_address_may_be_written_in_any_alphabet() {
    let server = TestServer::spawn();
    let jose = person("108000000000000000003", "jos\u{e9}@example.com");
    let client = server.client().await;
    let page = server.authorize(&jose, &client.request()).await;
    assert!(page.text().contains("jos\u{e9}@example.com"), "{page:?}");
    let answer = server.reply(&jose, &page.question(), "allow").await;
    let tokens = server.token(&client.exchange(&answer.param("code").unwrap())).await.tokens();
    assert_eq!(server.claims(&tokens.access).await["email"], json!("jos\u{e9}@example.com"));
}

/// design 3: bytes that are no text are nobody's name
#[tokio::test]
async fn an_address_that_is_no_text_is_refused() {
    let server = TestServer::spawn();
    let email = HeaderValue::from_bytes(b"alice\xff@example.com").unwrap();
    let request = asking(&server).await.header("X-Sidecar-Auth", PROXY_SECRET);
    let request = request.header("X-Forwarded-User", "1").header("X-Forwarded-Email", email);
    assert_unknown(&request.answer().await, "no UTF-8");
}

/// AZ-03, T3: who is not signed in learns nothing and is sent nowhere
#[tokio::test]
async fn a_stranger_gets_the_same_page_for_every_request() {
    let server = TestServer::spawn();
    let good = encoded(&server.client().await.request());
    let pages = futures_util::future::join_all(
        [good, "client_id=invented".to_owned(), String::new(), "scope=%ff".to_owned()].map(async |query| {
            let answer = server.get(&format!("/oauth/authorize?{query}")).answer().await;
            assert_unknown(&answer, &query);
            answer.status
        }),
    )
    .await;
    assert!(pages.iter().all(|status| *status == pages[0]), "{pages:?}");
}

/// PX-03, design 3: elsewhere the proxy's headers mean nothing
#[tokio::test]
async fn identity_headers_are_read_nowhere_else() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let code = server.code(&client).await;
    let mallory = Person { proofs: Vec::new(), ..person("1,2", "mallory@evil.example") };
    let register = mallory.sends(server.post("/oauth/register").json(&server.metadata())).answer().await;
    assert_eq!(register.status, 201);
    let token = mallory.sends(server.post("/oauth/token").fields(&client.exchange(&code))).answer().await;
    assert_eq!(server.claims(&token.tokens().access).await["email"], json!(alice().email));
    for path in ["/.well-known/oauth-authorization-server", "/oauth/jwks"] {
        assert_eq!(mallory.sends(server.get(path)).answer().await.status, 200, "{path}");
    }
}

/// AZ-04 holds for the answer, too
#[tokio::test]
async fn the_answer_needs_the_same_proof() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let fields = form([("question", &page.question()), ("answer", "allow")]);
    for stranger in [person("1", "mallory@evil.example"), Person { proofs: Vec::new(), ..alice() }] {
        let answer = stranger.sends(server.post("/oauth/consent").fields(&fields)).answer().await;
        assert_unknown(&answer, stranger.email);
    }
}

async fn asking(server: &TestServer) -> RequestBuilder {
    let query = encoded(&server.client().await.request());
    server.get(&format!("/oauth/authorize?{query}"))
}

fn assert_unknown(answer: &Answer, case: &str) {
    assert!([401, 403].contains(&answer.status), "{case}: {answer:?}");
    assert!(answer.is_refusal_page(), "{case}: {answer:?}");
}
