//! Every page in light and dark, on a phone and on a desktop: axe finds nothing, nothing is wider than the screen, and a
//! picture of each lies in `tests/screenshots`.

use std::{fs, path::Path};

use crate::{
    chromium::Tab,
    pages::{self, Page},
    server::TestServer,
};

const PICTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/screenshots");

#[tokio::test]
async fn everybody_can_read_every_question() {
    let server = TestServer::spawn().await;
    look_at(&server, &pages::questions(&server).await).await;
}

#[tokio::test]
async fn everybody_can_read_what_went_wrong_and_what_to_do_now() {
    let server = TestServer::spawn().await;
    look_at(&server, &pages::refusals(&server).await).await;
    let (server, page) = pages::too_old().await;
    look_at(&server, &[page]).await;
}

#[tokio::test]
async fn everybody_can_read_how_to_connect_an_assistant() {
    let server = TestServer::spawn().await;
    look_at(&server, &pages::landings(&server)).await;
}

#[tokio::test]
async fn everybody_can_read_the_pages_in_the_operators_colour() {
    for (accent, names) in [
        ("#ffcc00", ["question-yellow", "sorry-yellow", "landing-yellow"]),
        ("#3b0764", ["question-purple", "sorry-purple", "landing-purple"]),
    ] {
        let server = TestServer::spawn_with(&[
            ("MCP_AUTH_PRODUCT_NAME", "Example Corp Tools & Data"),
            ("MCP_AUTH_SUPPORT_CONTACT", "help@example.com"),
            ("MCP_AUTH_ACCENT", accent),
        ])
        .await;
        look_at(&server, &pages::branded(&server, names).await).await;
    }
}

async fn look_at(server: &TestServer, pages: &[Page]) {
    fs::create_dir_all(PICTURES).unwrap();
    let tab = Tab::with_scripts().await;
    for page in pages {
        page.reach(&tab, server).await;
        for (screen, scheme) in
            [("phone", "light"), ("phone", "dark"), ("desktop", "light"), ("desktop", "dark")]
        {
            let picture = Path::new(PICTURES).join(format!("{}-{screen}-{scheme}.png", page.name));
            let findings = tab.look(screen, scheme, &picture).await;
            assert!(findings.is_empty(), "{} on a {screen} in {scheme}:\n{}", page.name, findings.join("\n"));
        }
    }
    tab.close().await;
}
