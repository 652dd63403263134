//! Names that mean harm, reading by keyboard, and what a page asks of others: nothing.

use crate::{
    chromium::Tab,
    client::Client,
    pages::{CLAUDE, HOSTILE, LOOPBACK, TURNING},
    server::TestServer,
};

/// T30, AZ-72: scripts are on, so that one would run
#[tokio::test]
async fn what_a_client_calls_itself_is_text_in_a_place_of_its_own() {
    let server = TestServer::spawn().await;
    let tab = Tab::with_scripts().await;
    for (name, shown) in
        [(HOSTILE, HOSTILE.to_owned()), (TURNING, TURNING.replace(['\u{202e}', '\u{2067}'], ""))]
    {
        let client = Client::register(&server.public, name, CLAUDE).await;
        tab.go(&client.asks(&server.public)).await;
        assert_eq!(tab.find("bdi").await, [shown]);
        assert_eq!(tab.find("title").await, ["Allow access?"]);
        assert_eq!(tab.find("script, b, img").await, [""; 0]);
        assert_eq!(tab.find("h1").await, ["Allow an application to use this server as you?"]);
    }
}

#[tokio::test]
async fn the_keyboard_reaches_everything_in_order_and_shows_where_it_is() {
    let server = TestServer::spawn().await;
    let program = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let tab = Tab::with_scripts().await;
    tab.go(&program.asks(&server.internal)).await;
    assert_eq!(tab.tour(3).await, ["Use another account, outlined", "Allow, outlined", "Deny, outlined"]);
    tab.hit("Enter").await;
    tab.hear("error=access_denied").await;
}

/// Nothing has the focus at first, so that a key that was meant for another window allows nothing.
#[tokio::test]
async fn a_stray_key_allows_nothing() {
    let server = TestServer::spawn().await;
    let program = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let tab = Tab::without_scripts().await;
    tab.go(&program.asks(&server.internal)).await;
    tab.hit("Enter").await;
    tab.hit("Space").await;
    tab.go(&format!("{}/", server.internal)).await;
    assert!(server.front.posted().is_empty());
}

/// CIMD-21, AZ-67
#[tokio::test]
async fn a_page_asks_nobody_for_anything() {
    let server = TestServer::spawn().await;
    let client = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let site = &server.internal;
    for address in [client.asks(site), client.asks_with(site, "client_id", "nonsense"), format!("{site}/")] {
        let tab = Tab::with_scripts().await;
        tab.go(&address).await;
        assert_eq!(tab.shown().await.requests(), [format!("GET {address}")]);
    }
}
