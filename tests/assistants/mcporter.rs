//! mcporter, which the page does not know: the address alone has to do, as the page's last sentence says.

use crate::{ground::Ground, seen::Seen};

#[tokio::test]
async fn mcporter_needs_nothing_but_the_address_and_calls_a_tool() {
    let ground = Ground::of("Gemini Enterprise, and any other that asks for a client ID and a secret").await;
    let address = &ground.told[0];
    ground.desk.run(&format!("mcporter config add tools {address}"));
    let terminal = ground.desk.terminal("mcporter auth tools");
    let url = ground.desk.allow(&ground.alice).await;
    terminal.end();
    let listed = ground.desk.run("mcporter list tools");
    assert!(listed.contains("function whoami()") && listed.contains("1 tool"), "{listed}");
    let called = ground.desk.run("mcporter call tools.whoami");
    assert!(called.contains(&ground.alice.address), "{called}");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}
