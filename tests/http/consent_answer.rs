//! Where the answer leads: back to the client, with what the protocol says.

use crate::harness::minted::Minted;
use crate::harness::rules::Rules;
use crate::harness::verbs::STATE;
use crate::harness::{Ask, CLAUDE, TestServer, alice, query_of, with, without};

/// AZ-81 to AZ-83, AZ-91, T6, T23, design 5.10, 5.12
#[tokio::test]
async fn who_allows_is_sent_back_to_the_client_with_a_code() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let answer = server.consent(&server.authorize(&alice(), &client.request()).await).await;
    assert_eq!((answer.status, answer.target()), (303, Some(CLAUDE)));
    assert!(answer.param("code").is_some());
    assert_eq!(answer.param("state").as_deref(), Some(STATE));
    assert_eq!(answer.param("iss"), Some(server.issuer()));
    assert_eq!(answer.param("error"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

/// AZ-69, AZ-70, AZ-81, AZ-90: no token, no cookie
#[tokio::test]
async fn an_answer_holds_what_the_protocol_says_and_nothing_else() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    for (word, expected) in
        [("allow", &["code", "iss", "state"][..]), ("deny", &["error", "error_description", "iss", "state"])]
    {
        let answer = server.reply(&alice(), &page.question(), word).await;
        let location = answer.location().unwrap();
        assert!(!location.contains('#'), "{location}");
        let mut names: Vec<String> = query_of(location).into_iter().map(|(name, _)| name).collect();
        names.sort();
        assert_eq!(names, expected, "{word}");
        assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    }
    assert!(!page.headers.contains_key("set-cookie"));
}

/// T32: a second answer to the same question gives no more than a second code for the same client
#[tokio::test]
async fn a_question_that_is_answered_twice_gives_each_time_a_code_of_its_own() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let other = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    let mut codes = Vec::new();
    for _ in 0..2 {
        let answer = server.consent(&page).await;
        assert_eq!((answer.target(), answer.param("state").as_deref()), (Some(CLAUDE), Some(STATE)));
        codes.push(answer.param("code").unwrap());
    }
    assert_ne!(codes[0], codes[1]);
    for code in codes {
        assert_eq!(server.token(&other.exchange(&code)).await.status, 400);
        server.token(&client.exchange(&code)).await.tokens();
    }
}

/// AZ-50, design 5.10
#[tokio::test]
async fn who_denies_is_sent_back_to_the_client_without_one() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let answer = server.reply(&alice(), &page.question(), "deny").await;
    assert_eq!((answer.status, answer.target()), (303, Some(CLAUDE)));
    assert_eq!(answer.param("error").as_deref(), Some("access_denied"));
    assert_eq!(answer.param("code"), None);
    assert_eq!(answer.param("state").as_deref(), Some(STATE));
    assert_eq!(answer.param("iss"), Some(server.issuer()));
}

/// T33, design 5.7: what the operator says holds at the answer, too, if it changed while the person thought
#[tokio::test]
async fn nobody_is_answered_where_it_is_allowed_no_longer() {
    let server = TestServer::spawn_today([]);
    let page = server.authorize(&alice(), &server.client().await.request()).await;
    let minted = Minted::gemini(&server, "required").client;
    let of_minted = server.authorize(&alice(), &minted.request()).await;
    for (name, rule, refused, minted_refused) in [
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude", false, false),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "cursor", true, false),
        ("MCP_AUTH_DENY_FILE", "redirect app.example", false, false),
        ("MCP_AUTH_DENY_FILE", "redirect claude.ai", true, false),
        ("MCP_AUTH_DENY_FILE", "redirect vertexaisearch.cloud.google.com", false, true),
    ] {
        let rules = Rules::new(rule);
        let value = if name.ends_with("FILE") { rules.path() } else { rule.to_owned() };
        let now = server.again_with([(name, value.as_str())]);
        for (page, refused) in [(&page, refused), (&of_minted, minted_refused)] {
            for word in ["allow", "deny"] {
                let answer = now.reply(&alice(), &page.question(), word).await;
                assert_eq!(answer.status, if refused { 403 } else { 303 }, "{rule} {word}: {answer:?}");
                assert_eq!(answer.is_refusal_page(), refused, "{rule} {word}: {answer:?}");
            }
        }
    }
}

/// design 3: on a machine of one's own nobody needs to be asked
#[tokio::test]
async fn where_nobody_is_to_be_asked_the_code_comes_at_once() {
    let server = TestServer::spawn_with([
        ("MCP_AUTH_SITES", "internal"),
        ("MCP_AUTH_PUBLIC_ISSUER", ""),
        ("MCP_AUTH_PUBLIC_RESOURCES", ""),
        ("MCP_AUTH_PUBLIC_REDIRECTS", ""),
        ("MCP_AUTH_INTERNAL_ISSUER", "http://localhost:4180"),
        ("MCP_AUTH_CONSENT", "never"),
    ])
    .at("localhost:4180");
    let client = server.client_at("http://localhost:1/cb").await;
    let answer = server.authorize(&alice(), &client.request()).await;
    assert_eq!(answer.status, 302);
    assert!(answer.param("code").is_some());
    assert_eq!(answer.param("iss").as_deref(), Some("http://localhost:4180"));
    let nobody = server.get("/oauth/authorize").answer().await;
    assert!(nobody.is_refusal_page(), "{nobody:?}");
    let challenged = without(&client.request(), "code_challenge");
    let refused = server.authorize(&alice(), &with(&challenged, "scope", "mcp")).await;
    assert_eq!(refused.param("error").as_deref(), Some("invalid_request"));
}
