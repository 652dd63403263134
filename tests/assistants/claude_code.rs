//! Claude Code by the two lines of the page.

use crate::{ground::Ground, seen::Seen};

#[tokio::test]
async fn claude_code_signs_in_by_the_two_lines_of_the_page_and_says_that_it_is_connected() {
    let ground = Ground::of("Claude Code").await;
    let url = signed_in(&ground).await;
    Seen::of(&url, &ground.stack).went_the_whole_way();
}

/// By its two lines; gives the address that its browser was asked to open.
pub(crate) async fn signed_in(ground: &Ground) -> String {
    let [add, login] = ground.lines();
    ground.desk.run(add);
    let list = || ground.desk.run("claude mcp list");
    assert!(list().contains("Needs authentication"));

    let mut terminal = ground.desk.terminal(login);
    let url = ground.desk.allow(&ground.alice).await;
    terminal.until("Authenticated with \"tools\".");
    terminal.end();
    let listed = list();
    assert!(listed.contains("/mcp (HTTP) - ✔ Connected"), "{listed}");
    url
}

#[tokio::test]
async fn claude_code_without_a_browser_signs_in_by_the_address_that_one_elsewhere_ends_at() {
    let ground = Ground::at("Claude Code", "claude-code-elsewhere").await;
    let [add, login] = ground.lines();
    ground.desk.run(add);
    let mut terminal = ground.desk.terminal(&format!("{login} --no-browser"));
    let url = terminal.word("/oauth/authorize?");
    terminal.until("paste the redirect URL here:");
    terminal.paste(ground.alice.allow(&url).await.url.as_str());
    terminal.until("Authenticated with \"tools\".");
    terminal.end();
    assert!(ground.desk.run("claude mcp list").contains("✔ Connected"));
    Seen::of(&url, &ground.stack).went_the_whole_way();
}
