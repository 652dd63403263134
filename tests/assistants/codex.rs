//! Codex by the line of the page, which signs in at once.

use serde_json::{Value, json};

use crate::{ground::Ground, seen::Seen, talk::Talk};

#[tokio::test]
async fn codex_signs_in_by_the_line_of_the_page_and_lists_the_tools() {
    let ground = Ground::of("Codex").await;
    let url = signed_in(&ground).await;
    let listed = ground.desk.run("codex mcp list");
    assert!(listed.trim_end().ends_with("OAuth"), "{listed}");

    let tools = tools(&ground);
    assert_eq!(tools["authStatus"], "oAuth", "{tools}");
    assert_eq!(tools["tools"]["whoami"]["name"], "whoami", "{tools}");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}

/// By its line; gives the address that its browser was asked to open.
pub(crate) async fn signed_in(ground: &Ground) -> String {
    let [add] = ground.lines();
    let mut terminal = ground.desk.terminal(add);
    let url = ground.desk.allow(&ground.alice).await;
    terminal.until("Successfully logged in.");
    terminal.end();
    url
}

/// What a session of it knows about the server: it connects and asks for the tools, and no model is needed.
fn tools(ground: &Ground) -> Value {
    let mut session = Talk::at("codex app-server", ground.desk.shell("exec codex app-server"), &ground.stack);
    let client =
        json!({"clientInfo": {"name": "test", "version": "0"}, "capabilities": {"experimentalApi": true}});
    session.say(&json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": client}).to_string());
    answer(&session, 0);
    session.say(&json!({"jsonrpc": "2.0", "method": "initialized"}).to_string());
    session
        .say(&json!({"jsonrpc": "2.0", "id": 1, "method": "mcpServerStatus/list", "params": {}}).to_string());
    answer(&session, 1)["data"][0].take()
}

/// It notifies of other things in between.
fn answer(session: &Talk, id: u8) -> Value {
    loop {
        let mut heard = session.hear();
        if heard["id"] == id {
            return heard["result"].take();
        }
    }
}
