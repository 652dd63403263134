//! Gemini CLI, the program itself: on a person's machine, by the line of the page at `/`.

use crate::{
    desk::{Desk, landing},
    person::Person,
    seen::Seen,
    stack::stack,
};

#[tokio::test]
async fn gemini_cli_connects_by_the_line_of_the_page_and_a_command_in_a_session() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    // It is set up for a model, which nobody calls; and without a screen it would open no browser.
    let desk = Desk::of("gemini-cli", &stack).with("GEMINI_API_KEY", "none").with("DISPLAY", ":99");
    desk.write(".gemini/settings.json", r#"{"security": {"auth": {"selectedType": "gemini-api-key"}}}"#);
    desk.run(&landing(&stack.internal).await.texts("Gemini CLI")[0]);

    let mut session = desk.terminal("gemini");
    session.until("Do you trust the files in this folder?");
    session.enter("");
    session.until("1 MCP server");
    session.enter("/mcp auth tools");
    session.until("Do you want to continue");
    session.enter("");
    let url = desk.allow(&alice).await;
    session.until("Successfully authenticated with MCP server 'tools'");
    session.until("Successfully authenticated and reloaded tools for 'tools'");
    session.enter("/quit");
    session.end();

    let listed = desk.run("gemini mcp list");
    assert!(listed.contains("✓ tools: ") && listed.contains("Connected"), "{listed}");
    Seen::of(&url, &stack).went_the_whole_way();
}
