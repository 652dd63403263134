//! What the person sees before anything is allowed, and what no other page may do with it.

use crate::harness::{Answer, Ask, CLAUDE, LOOPBACK, TestServer, alice, encoded, with, without};
use serde_json::json;

/// AZ-63, AZ-72, CIMD-20
#[tokio::test]
async fn the_page_says_who_asks_for_what_and_where_it_goes() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await.text();
    for shown in ["Claude", "claude.ai", "alice@example.com", "mcp", "tools:write"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    let narrow = with(&server.client().await.request(), "scope", "mcp");
    let page = server.authorize(&alice(), &narrow).await.text();
    assert!(!page.contains("tools:write"), "{page}");
}

/// A client without refresh tokens must ask again when its access token ends.
#[tokio::test]
async fn the_page_says_how_long_the_answer_lasts() {
    let server = TestServer::spawn();
    for (grants, lasts) in [
        (json!(["authorization_code", "refresh_token"]), "For a week at most"),
        (json!(["authorization_code"]), "For an hour at most"),
    ] {
        let mut metadata = server.metadata();
        metadata["grant_types"] = grants;
        let client = server.client_of(&metadata).await;
        let page = server.authorize(&alice(), &client.request()).await.text();
        assert!(page.contains(lasts), "{lasts} in {page}");
    }
}

/// AZ-63: at loopback it is this machine that is answered
#[tokio::test]
async fn the_page_shows_a_loopback_address_as_what_it_is() {
    let server = TestServer::spawn().internal();
    let page = server.authorize(&alice(), &server.client_at(LOOPBACK).await.request()).await.text();
    assert!(page.contains("localhost"), "{page}");
}

/// AZ-72, REG-24, T2, T5: the name is the client's own, and a program on this machine could be any
#[tokio::test]
async fn the_page_warns_of_what_nobody_has_checked() {
    let server = TestServer::spawn();
    let cursor = "cursor://anysphere.cursor-mcp/oauth/callback";
    for (site, uri, is_local) in [
        (server.public(), CLAUDE, false),
        (server.public(), cursor, true),
        (server.internal(), LOOPBACK, true),
        (server.internal(), "http://127.0.0.1:1/cb", true),
    ] {
        let page = site.authorize(&alice(), &site.client_at(uri).await.request()).await.text();
        assert!(page.contains("Nobody has checked who it is"), "{uri}: {page}");
        assert_eq!(page.contains("class=\"note warn\""), is_local, "{uri}: {page}");
        assert_eq!(page.contains("can use this name"), is_local, "{uri}: {page}");
    }
}

/// design 5.4: it works without JavaScript
#[tokio::test]
async fn the_page_is_a_plain_form_with_one_field_and_two_buttons() {
    let server = TestServer::spawn();
    let page = server.authorize(&alice(), &server.client().await.request()).await.text();
    assert_eq!(page.matches("<form").count(), 1, "{page}");
    assert_eq!(page.matches("<input").count(), 1, "{page}");
    assert_eq!(page.matches("<button").count(), 2, "{page}");
    for part in ["method=\"post\"", "action=\"/oauth/consent\"", "value=\"allow\"", "value=\"deny\""] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(!page.to_ascii_lowercase().contains("<script"), "{page}");
}

/// X-20, REG-24, T30
#[tokio::test]
async fn what_a_client_calls_itself_is_text_and_nothing_more() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["client_name"] = json!("<script>alert('\"')</script>\u{202e}\u{200b}&amp;");
    let client = server.client_of(&metadata).await;
    let page = server.authorize(&alice(), &client.request()).await;
    assert!(page.is_question());
    let text = page.text();
    assert!(!text.contains("<script>alert") && !text.contains('\u{202e}'), "{text}");
}

/// neither does what a request holds
#[tokio::test]
async fn nothing_of_a_request_becomes_markup() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    let markup = "\"><img src=x onerror=alert(1)>";
    for (name, value) in [
        ("state", markup),
        ("scope", markup),
        ("client_id", markup),
        ("redirect_uri", markup),
        ("resource", markup),
        (markup, markup),
    ] {
        let answer = server.authorize(&alice(), &with(&request, name, value)).await;
        assert!(!answer.text().contains("<img"), "{name}: {answer:?}");
    }
}

/// AZ-24, AZ-66, AZ-67, T16, T22, design 5.4
#[tokio::test]
async fn no_page_is_framed_cached_or_leaks_where_it_came_from() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    let question = server.authorize(&alice(), &request).await;
    let refused = server.authorize(&alice(), &without(&request, "client_id")).await;
    let unknown = server.get(&format!("/oauth/authorize?{}", encoded(&request))).answer().await;
    let stale = alice().sends(server.get("/oauth/consent")).answer().await;
    let wrong = server.reply(&alice(), "nonsense", "allow").await;
    for (name, page, referrer) in [
        ("question", question, "same-origin"),
        ("bad client", refused, "no-referrer"),
        ("nobody signed in", unknown, "no-referrer"),
        ("too late", stale, "no-referrer"),
        ("wrong answer", wrong, "no-referrer"),
    ] {
        assert!(page.is("text/html"), "{name}: {page:?}");
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{name}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{name}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{name}");
        assert_eq!(page.header("referrer-policy"), Some(referrer), "{name}");
        for rule in ["default-src 'none'", "frame-ancestors 'none'"] {
            assert!(policy(&page).iter().any(|known| known == rule), "{rule} of {name}: {page:?}");
        }
    }
}

/// AZ-68: Chromium lets `form-action` stop the redirect that follows the form
#[tokio::test]
async fn the_policy_lets_the_browser_follow_to_the_client() {
    let server = TestServer::spawn();
    for (site, uri, source) in [
        (server.public(), "https://claude.ai/api/mcp/auth_callback", "https://claude.ai"),
        (server.internal(), "http://localhost:33418/callback", "http://localhost:33418"),
        (server.public(), "cursor://anysphere.cursor-mcp/oauth/callback", "cursor:"),
    ] {
        let client = site.client_at(uri).await;
        let page = site.authorize(&alice(), &client.request()).await;
        let rules = policy(&page);
        let Some(rule) = rules.iter().find_map(|rule| rule.strip_prefix("form-action ")) else { continue };
        let allows = rule.split(' ').any(|known| known == source || known.starts_with(&format!("{source}/")));
        assert!(allows, "{uri}: {rule}");
    }
}

/// CIMD-21, AZ-67: nothing comes from elsewhere
#[tokio::test]
async fn a_page_is_whole_in_itself() {
    let server = TestServer::spawn();
    let mut metadata = server.metadata();
    metadata["logo_uri"] = json!("https://evil.example/logo.png");
    metadata["client_uri"] = json!("https://evil.example/");
    let client = server.client_of(&metadata).await;
    let page = server.authorize(&alice(), &client.request()).await.text();
    for foreign in ["evil.example", "src=\"http", "@import", "<link"] {
        assert!(!page.contains(foreign), "{foreign} in {page}");
    }
}

fn policy(page: &Answer) -> Vec<String> {
    let rules = page.header("content-security-policy").unwrap_or_default();
    rules.split(';').map(|rule| rule.trim().to_owned()).collect()
}
