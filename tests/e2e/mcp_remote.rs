//! Cursor through the npm package `mcp-remote`, which runs the sign-in that Cursor's own bug keeps it from.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    desk::{Desk, bring, landing, opened},
    mcp::initialize,
    person::Person,
    secrets,
    seen::Seen,
    stack::{Stack, part_file, stack, tool},
    talk::Talk,
};

#[tokio::test]
async fn mcp_remote_signs_in_through_a_browser_calls_a_tool_and_refreshes_without_one() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let home = stack.folder.join("mcp-remote");
    fs::create_dir(&home).unwrap();

    let mut shim = start(&stack, &home);
    shim.say(&initialize().to_string());
    let url = opened(&home).await;
    let answer = alice.allow(&url).await;
    bring(&answer.url).await;
    assert_eq!(caller(&mut shim), alice.address);
    drop(shim);

    let stored = stored_tokens(&home);
    let before = read(&stored);
    spoil_access_token(&stored, before.clone());
    let mut shim = start(&stack, &home);
    shim.say(&initialize().to_string());
    assert_eq!(caller(&mut shim), alice.address);
    let after = read(&stored);
    assert_ne!(after["refresh_token"], before["refresh_token"], "it refreshed");
    assert!(!home.join("opened").exists(), "it opened a browser again");
}

#[tokio::test]
async fn what_the_page_has_for_cursor_starts_mcp_remote_which_signs_in_and_calls_a_tool() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let desk = Desk::of("Cursor", &stack);
    // It would fetch the newest one.
    let program = tool("node_modules/mcp-remote/dist/proxy.js");
    desk.program(
        "npx",
        &format!(r#"test "$1 $2" = "-y mcp-remote@latest" && shift 2 && exec node {program} "$@""#),
    );
    let settings: Value = serde_json::from_str(&landing(&stack.internal).await.texts("Cursor")[0]).unwrap();
    let mut shim = Talk::at("cursor", as_told(&settings["mcpServers"]["tools"], &desk), &stack);

    shim.say(&initialize().to_string());
    let url = desk.allow(&alice).await;
    assert_eq!(caller(&mut shim), alice.address);
    Seen::of(&url, &stack).went_the_whole_way();
}

/// The command of `mcp.json`, as Cursor starts it.
fn as_told(server: &Value, desk: &Desk) -> Command {
    let mut command = desk.shell(r#"exec "$0" "$@""#);
    command.arg(server["command"].as_str().unwrap());
    command.args(server["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()));
    let settings = server["env"].as_object().unwrap();
    command.envs(settings.iter().map(|(name, value)| (name, value.as_str().unwrap())));
    command
}

/// A port of its own both times: on another one it would register, and sign in, again.
fn start(stack: &Stack, home: &Path) -> Talk {
    let program = [
        tool("node_modules/.bin/node"),
        tool("node_modules/mcp-remote/dist/proxy.js"),
        stack.internal.url("/mcp"),
        stack.ports.callback.to_string(),
    ];
    let browser = part_file("browser.sh");
    let environment: [(&str, &OsStr); 3] =
        [("HOME", home.as_os_str()), ("BROWSER", browser.as_ref()), ("PATH", "/usr/bin:/bin".as_ref())];
    Talk::with("mcp-remote", &program, &environment, stack)
}

/// The person who calls, as the tool on the real server sees it.
fn caller(shim: &mut Talk) -> String {
    assert_eq!(shim.hear()["result"]["serverInfo"]["name"], "e2e");
    shim.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}).to_string());
    let params = json!({"name": "whoami", "arguments": {}});
    shim.say(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params}).to_string());
    let called = shim.hear();
    called["result"]["structuredContent"]["claims"]["email"]
        .as_str()
        .unwrap_or_else(|| panic!("{called}"))
        .to_owned()
}

fn stored_tokens(home: &Path) -> PathBuf {
    let folders = fs::read_dir(home.join(".mcp-auth")).unwrap().flatten();
    let mut files = folders.flat_map(|folder| fs::read_dir(folder.path()).unwrap().flatten());
    files.find(|file| file.file_name().to_string_lossy().ends_with("_tokens.json")).unwrap().path()
}

fn read(stored: &Path) -> Value {
    let tokens: Value = serde_json::from_str(&fs::read_to_string(stored).unwrap()).unwrap();
    for token in ["access_token", "refresh_token"] {
        secrets::note(tokens[token].as_str().unwrap());
    }
    tokens
}

fn spoil_access_token(stored: &Path, mut tokens: Value) {
    tokens["access_token"] = json!("spoiled");
    fs::write(stored, tokens.to_string()).unwrap();
}
