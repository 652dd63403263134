//! GitHub Copilot CLI by the line of the page; it signs in when it starts the next time.

use crate::{ground::Ground, seen::Seen};

#[tokio::test]
async fn copilot_signs_in_at_its_start_after_the_line_of_the_page_and_says_that_it_is_connected() {
    let ground = Ground::of("GitHub Copilot CLI").await;
    let [add] = ground.lines();
    ground.desk.run(add);

    let mut session = ground.desk.terminal("copilot");
    session.until("Do you trust the files in this folder?");
    session.enter("");
    let url = ground.desk.allow(&ground.alice).await;
    session.until("MCP Servers reloaded: 1 server connected");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}
