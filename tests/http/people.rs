//! The people file of a site: who may use it, of those whom the domains let in.

use crate::harness::person::person;
use crate::harness::rules::{Rules, until};
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, Person, TestServer, alice, bob};

/// AZ-76, T27: at the site of the file, and at no other
#[tokio::test]
async fn only_those_in_the_file_may_use_its_site() {
    let people = Rules::new("# staff\nAlice@example.com\n\n@ops.example # all of them\n");
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PUBLIC_PEOPLE_FILE", people.path().as_str()),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com,ops.example"),
    ]);
    for (email, public) in [
        ("alice@example.com", true),
        ("ALICE@example.com", true),
        ("anybody@ops.example", true),
        ("bob@example.com", false),
        ("alice@ops.example.com", false),
        ("alice@sub.ops.example", false),
    ] {
        let outside = email.ends_with("ops.example.com") || email.ends_with("sub.ops.example");
        for (site, admitted) in [(server.public(), public), (server.internal(), !outside)] {
            let answer = site.authorize(&person("1", email), &site.client().await.request()).await;
            assert_eq!(answer.is_question(), admitted, "{email} at {}: {answer:?}", site.issuer());
            assert_eq!(answer.status == 403 && answer.is_refusal_page(), !admitted, "{email}: {answer:?}");
        }
    }
}

/// TR-11, T27: who leaves is out at the next refresh, so within an access token's life
#[tokio::test]
async fn who_leaves_the_file_is_out_at_the_next_refresh() {
    let upstream = Upstream::start().await;
    let (people, server) = start(&upstream, "alice@example.com\nbob@example.com\n");
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    let code = server.code(&client).await;
    let question = server.authorize(&alice(), &client.request()).await.question();
    people.write("bob@example.com\n");
    until("alice is out", async || !is_asked(&server, &alice()).await).await;
    assert!(is_asked(&server, &bob()).await);
    for fields in [client.refresh(&tokens.refresh), client.exchange(&code)] {
        assert_eq!(server.token(&fields).await.refusal(), (400, "invalid_grant".to_owned()));
    }
    assert!(server.reply(&alice(), &question, "allow").await.is_refusal_page());
    assert_eq!(server.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 200);
    server.wait(3_600);
    assert_eq!(server.post("/mcp").bearer_auth(&tokens.access).answer().await.status, 401);
    people.write("@example.com\n");
    until("alice is back", async || is_asked(&server, &alice()).await).await;
    server.refreshed(&client, &tokens.refresh).await;
}

/// T27: an export that broke locks nobody out and lets nobody in
#[tokio::test]
async fn an_empty_or_broken_file_leaves_the_last_good_one_in_force() {
    let upstream = Upstream::start().await;
    let (people, server) = start(&upstream, "alice@example.com\n");
    for (count, broken) in
        [(1, ""), (2, "# nobody\n"), (3, "<html>502</html>\n"), (4, "bob@example.com\nbob\n")]
    {
        people.write(broken);
        let line = format!("mcp_auth_file_failures_total{{file=\"people\"}} {count}");
        until(broken, async || server.admin("/metrics").answer().await.text().contains(&line)).await;
        assert!(is_asked(&server, &alice()).await && !is_asked(&server, &bob()).await, "{broken}");
    }
    people.write("bob@example.com\n");
    until("mended", async || is_asked(&server, &bob()).await && !is_asked(&server, &alice()).await).await;
}

/// AZ-76: the file narrows what the domains admit, and never widens it
#[tokio::test]
async fn the_file_lets_in_nobody_whom_the_domains_keep_out() {
    let people = Rules::new("mallory@evil.example\n@evil.example\n");
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_PEOPLE_FILE", people.path().as_str())]);
    for email in ["mallory@evil.example", "alice@example.com"] {
        assert!(!is_asked(&server, &person("1", email)).await, "{email}");
    }
}

fn start(upstream: &Upstream, people: &str) -> (Rules, TestServer) {
    let people = Rules::new(people);
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_PEOPLE_FILE", people.path().as_str()),
        ("MCP_AUTH_KEYS_POLL_SECS", "1"),
    ]);
    (people, server)
}

async fn is_asked(server: &TestServer, person: &Person) -> bool {
    server.authorize(person, &server.client().await.request()).await.is_question()
}
