//! What Cursor does with its part of the page: it starts the command, and talks to it over its standard input and output.

use std::process::Command;

use serde_json::{Value, json};

use crate::{ground::Ground, seen::Seen, stack::tool, talk::Talk};

#[tokio::test]
async fn what_the_page_has_for_cursor_starts_mcp_remote_which_signs_in_and_calls_a_tool() {
    let mut ground = Ground::of("Cursor").await;
    // It would fetch the newest one.
    let fetched = format!(
        r#"[ "$1 $2" = "-y mcp-remote@latest" ] && shift 2 && exec node {} "$@""#,
        tool("node_modules/mcp-remote/dist/proxy.js")
    );
    ground.desk = ground.desk.program("npx", &fetched);
    let settings: Value = serde_json::from_str(&ground.told[0]).unwrap();
    let mut shim =
        Talk::at("cursor's mcp-remote", started(&settings["mcpServers"]["tools"], &ground), &ground.stack);

    let client = json!({"name": "test", "version": "0"});
    let hello = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    shim.say(&json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}).to_string());
    let url = ground.desk.allow(&ground.alice).await;
    assert_eq!(shim.hear()["result"]["serverInfo"]["name"], "e2e");
    shim.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    let params = json!({"name": "whoami", "arguments": {}});
    shim.say(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).to_string());
    let called = shim.hear();
    assert_eq!(called["result"]["structuredContent"]["claims"]["email"], ground.alice.address, "{called}");
    Seen::of(&url, &ground.stack).went_the_whole_way();
}

fn started(server: &Value, ground: &Ground) -> Command {
    let mut command = ground.desk.shell(r#"exec "$0" "$@""#);
    command.arg(server["command"].as_str().unwrap());
    command.args(server["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()));
    command
}
