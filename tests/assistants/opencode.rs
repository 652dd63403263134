//! opencode by the two lines of the page.

use crate::{ground::Ground, seen::Seen};

#[tokio::test]
async fn opencode_signs_in_by_the_two_lines_of_the_page_and_says_that_it_is_connected() {
    let mut ground = Ground::of("opencode").await;
    ground.desk =
        ground.desk.with("OPENCODE_DISABLE_AUTOUPDATE", "1").with("OPENCODE_DISABLE_MODELS_FETCH", "1");
    let [add, auth] = ground.lines();
    ground.desk.run(add);

    let mut terminal = ground.desk.terminal(auth);
    let url = ground.desk.allow(&ground.alice).await;
    terminal.until("Authentication successful!");
    terminal.end();
    let listed = ground.desk.run("opencode mcp list");
    assert!(listed.contains("✓ tools") && listed.contains("connected"), "{listed}");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}
