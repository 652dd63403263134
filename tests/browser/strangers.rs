//! What a stranger's page can do: send a form from elsewhere, or put ours into a frame.

use crate::{
    chromium::{Tab, until},
    client::Client,
    front::Posted,
    listener::Listener,
    pages::LOOPBACK,
    server::TestServer,
};

/// AZ-64, T15, design 5.4: even with a question that was asked of this very person
#[tokio::test]
async fn an_answer_from_another_origin_gives_no_code() {
    let server = TestServer::spawn().await;
    let client = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let question = client.question(&server.internal).await;
    let form = format!(
        "<form method=post action='{}/oauth/consent'><input type=hidden name=question value='{question}'>\
         <button name=answer value=allow>Win a prize</button></form>",
        server.internal
    );
    let silent = format!("<meta name=referrer content=no-referrer>{form}");
    for (host, page, names_itself, fetch_site) in [
        ("127.0.0.1", &form, true, "cross-site"),
        ("127.0.0.1", &silent, false, "cross-site"),
        ("localhost", &form, true, "same-site"),
        ("localhost", &silent, false, "same-site"),
    ] {
        let stranger = Listener::start(page.as_str()).await;
        let address = format!("http://{host}:{}", stranger.port);
        let tab = Tab::without_scripts().await;
        tab.go(&address).await;
        tab.press("Win a prize").await;
        tab.arrive(&format!("{}/oauth/consent", server.internal)).await;
        let shown = tab.shown().await;
        assert!(shown.text.contains("Your answer was not accepted"), "{}", shown.text);
        assert!(shown.log.iter().all(|entry| !entry.contains("code=")), "{:?}", shown.log);
        let origin = Some(if names_itself { address } else { "null".to_owned() });
        assert_eq!(
            server.front.posted().pop(),
            Some(Posted { origin, fetch_site: Some(fetch_site.to_owned()) })
        );
        tab.close().await;
    }
    assert!(client.is_allowed(&server.internal, &question).await, "nothing but the origin was wrong");
}

/// AZ-66, T16
#[tokio::test]
async fn no_page_appears_in_a_strangers_frame() {
    let server = TestServer::spawn().await;
    let client = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let site = &server.internal;
    for (name, address) in [
        ("question", client.asks(site)),
        ("refusal", client.asks_with(site, "client_id", "nonsense")),
        ("landing", format!("{site}/")),
    ] {
        for host in ["127.0.0.1", "localhost"] {
            let frame = format!(
                "<p>A stranger's page</p><iframe src=\"{}\"></iframe>",
                address.replace('&', "&amp;")
            );
            let stranger = Listener::start(frame).await;
            let tab = Tab::without_scripts().await;
            tab.go(&format!("http://{host}:{}/", stranger.port)).await;
            until(name, async || {
                (tab.shown().await.frames == ["chrome-error://chromewebdata/"]).then_some(())
            })
            .await;
            tab.hear("frame-ancestors 'none'").await;
            tab.close().await;
        }
    }
}
