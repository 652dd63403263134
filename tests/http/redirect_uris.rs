//! Which redirect URI of a request is one that its client registered.

use crate::harness::{TestServer, alice, query_of, with};

/// AZ-15, AZ-18, T4, design 5.8: text, and nothing but text
#[tokio::test]
async fn a_web_redirect_uri_is_compared_letter_by_letter() {
    let server = TestServer::spawn_with([(
        "MCP_AUTH_PUBLIC_REDIRECTS",
        "https://a.example/cb,https://a.example/cb/%2f,https://a.example/tenant?t=1",
    )]);
    let client = server.client_at("https://a.example/cb").await;
    assert!(server.authorize(&alice(), &client.request()).await.is_question());
    for uri in [
        "https://a.example/cb/",
        "https://a.example/CB",
        "https://a.example/cb?x=1",
        "https://a.example/cb?",
        "https://a.example/cb#f",
        "https://a.example/cb#",
        "https://a.example/cb%2F",
        "https://a.example/%63b",
        "https://a.example//cb",
        "https://a.example/../cb",
        "https://a.example/x/../cb",
        "https://a.example/./cb",
        "https://a.example:443/cb",
        "https://a.example:8443/cb",
        "https://A.example/cb",
        "HTTPS://a.example/cb",
        "http://a.example/cb",
        "//a.example/cb",
        "https:/a.example/cb",
        "https://a.example\\cb",
        "https://a.example.evil.example/cb",
        "https://a.example@evil.example/cb",
        "https://user@a.example/cb",
        "https://evil.example/https://a.example/cb",
        " https://a.example/cb",
        "https://a.example/cb ",
        "https://a.example/cb\n",
        "https://a.example/c\tb",
        "https://a.example/cb\0",
        "javascript:alert(1)//https://a.example/cb",
    ] {
        let answer = server.authorize(&alice(), &with(&client.request(), "redirect_uri", uri)).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{uri}: {answer:?}");
    }
}

/// AZ-16 to AZ-19, C10: the port of loopback may change, and nothing else
#[tokio::test]
async fn a_loopback_redirect_uri_may_have_another_port() {
    let server = TestServer::spawn().internal();
    for (registered, accepted) in [
        (
            "http://127.0.0.1:1/cb",
            &["http://127.0.0.1:2/cb", "http://127.0.0.1:65535/cb", "http://127.0.0.1/cb"][..],
        ),
        ("http://127.0.0.1/cb", &["http://127.0.0.1:40000/cb"][..]),
        ("http://localhost:1/cb", &["http://localhost:55555/cb", "http://localhost/cb"][..]),
        ("http://localhost/callback", &["http://localhost:53124/callback"][..]),
        ("http://[::1]:1/cb", &["http://[::1]:2/cb"][..]),
        ("http://127.0.0.1:33418/", &["http://127.0.0.1:9/"][..]),
        ("http://127.0.0.1:1/cb?a=b", &["http://127.0.0.1:2/cb?a=b"][..]),
    ] {
        let client = server.client_at(registered).await;
        for uri in accepted {
            let page = server.authorize(&alice(), &with(&client.request(), "redirect_uri", uri)).await;
            assert!(page.is_question(), "{registered} then {uri}: {page:?}");
            let sent = server.consent(&page).await;
            assert!(sent.location().is_some_and(|location| location.starts_with(uri)), "{uri}: {sent:?}");
        }
    }
}

/// AZ-16 to AZ-19, T4
#[tokio::test]
async fn nothing_but_the_port_of_loopback_may_change() {
    let server = TestServer::spawn().internal();
    for (registered, refused) in [
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb2"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb/"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb?x=1"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb#x"),
        ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb"),
        ("http://127.0.0.1:1/cb", "http://localhost:1/cb"),
        ("http://127.0.0.1:1/cb", "http://[::1]:1/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:65536/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:+1/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:01/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.1:1@evil.example/cb"),
        ("http://127.0.0.1:1/cb", "http://127.0.0.2:1/cb"),
        ("http://127.0.0.1:1/cb", "http://127.1:1/cb"),
        ("http://127.0.0.1:1/cb", "http://2130706433:1/cb"),
        ("http://127.0.0.1:1/cb", "http://0.0.0.0:1/cb"),
        ("http://127.0.0.1:1/cb", "http://[::ffff:127.0.0.1]:1/cb"),
        ("http://localhost:1/cb", "http://127.0.0.1:1/cb"),
        ("http://localhost:1/cb", "http://LOCALHOST:1/cb"),
        ("http://localhost:1/cb", "http://localhost.:1/cb"),
        ("http://localhost:1/cb", "http://localhost.evil.example/cb"),
        ("http://localhost:1/cb", "http://localhost@evil.example/cb"),
        ("http://localhost:1/cb", "http://localhost:80@evil.example/cb"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp:1/oauth/callback"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback?x"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "CURSOR://anysphere.cursor-mcp/oauth/callback"),
    ] {
        let client = server.client_at(registered).await;
        let answer = server.authorize(&alice(), &with(&client.request(), "redirect_uri", refused)).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{registered} then {refused}: {answer:?}");
    }
}

/// AZ-21, AZ-92, design 5.12: what is there already is kept
#[tokio::test]
async fn an_answer_is_added_to_what_the_redirect_uri_holds_already() {
    let server = TestServer::spawn_with([(
        "MCP_AUTH_PUBLIC_REDIRECTS",
        "cursor,https://a.example/tenant?t=1&u=a%20b,https://a.example/cb?,com.example.app:/cb",
    )]);
    for (uri, start) in [
        ("https://a.example/tenant?t=1&u=a%20b", "https://a.example/tenant?t=1&u=a%20b&"),
        ("https://a.example/cb?", "https://a.example/cb?"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp/oauth/callback?"),
        ("com.example.app:/cb", "com.example.app:/cb?"),
    ] {
        let client = server.client_at(uri).await;
        let answer = server.consent(&server.authorize(&alice(), &client.request()).await).await;
        let location = answer.location().unwrap();
        assert!(location.starts_with(start), "{location}");
        assert!(answer.param("code").is_some() && answer.param("iss").is_some(), "{location}");
        assert!(query_of(location).iter().all(|(name, _)| !name.is_empty()), "{location}");
    }
}
