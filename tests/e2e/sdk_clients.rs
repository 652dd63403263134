//! The official clients, each on both sites: the TypeScript SDK, the Python SDK, the MCP Inspector.

use std::{
    ffi::OsStr,
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use crate::{
    desk::{bring, opened},
    person::Person,
    secrets,
    stack::{Site, Stack, node, part_file, stack, tool},
    talk::Talk,
};

const INSPECTOR: &str = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";

#[tokio::test]
async fn the_typescript_sdk_calls_a_tool_on_both_sites() {
    let stack = stack();
    for (site, name) in both(&stack, "typescript-sdk") {
        let arguments = [site.url("/mcp"), "53021".to_owned(), "53022".to_owned()];
        let client = Talk::with(&name, &node("sdk_client.mjs", &arguments), &[], &stack);
        signs_in_and_calls(client, &stack, &name).await;
    }
}

#[tokio::test]
async fn the_python_sdk_calls_a_tool_on_both_sites() {
    let stack = stack();
    for (site, name) in both(&stack, "python-sdk") {
        let program = [
            tool(".venv/bin/python"),
            part_file("sdk_client.py"),
            site.url("/mcp"),
            "http://localhost:53023/callback".to_owned(),
        ];
        let client = Talk::with(&name, &program, &[], &stack);
        signs_in_and_calls(client, &stack, &name).await;
    }
}

#[tokio::test]
async fn the_inspector_calls_a_tool_on_both_sites() {
    let stack = stack();
    for (site, name) in both(&stack, "inspector") {
        let alice = Person::named("alice", &stack);
        let home = stack.folder.join(&name);
        fs::create_dir(&home).unwrap();
        let inspector = inspector(site, &home, &name, &stack);
        bring(&alice.allow(&opened(&home).await).await.url).await;
        let called = inspector.hear();
        assert_eq!(called["result"]["structuredContent"]["claims"]["email"], alice.address, "{called}");
    }
}

fn both<'a>(stack: &'a Stack, client: &str) -> [(&'a Site, String); 2] {
    [(&stack.internal, format!("{client}-internal")), (&stack.public, format!("{client}-public"))]
}

async fn signs_in_and_calls(mut client: Talk, stack: &Stack, name: &str) {
    let alice = Person::named("alice", stack);
    let authorize_url = client.hear()["authorize"].as_str().unwrap().to_owned();
    client.say(alice.allow(&authorize_url).await.url.as_str());
    let called = client.hear();
    for token in ["access_token", "refresh_token"] {
        secrets::note(called["tokens"][token].as_str().unwrap());
    }
    assert_eq!(called["whoami"]["claims"]["email"], alice.address, "{name}: {called}");
}

fn inspector(site: &Site, home: &Path, name: &str, stack: &Stack) -> Talk {
    let callback = format!("http://localhost:{}/callback", free_port());
    let arguments = ["--cli", &site.url("/mcp"), "--method", "tools/call", "--tool-name", "whoami"];
    let options = ["--callback-url", &callback, "--format", "json"];
    let start = [tool("node_modules/.bin/node"), tool(INSPECTOR)].into_iter();
    let rest = arguments.into_iter().chain(options).map(str::to_owned);
    let program: Vec<_> = start.chain(rest).collect();
    let browser = part_file("browser.sh");
    let environment: [(&str, &OsStr); 5] = [
        ("HOME", home.as_os_str()),
        ("BROWSER", browser.as_ref()),
        ("PATH", "/usr/bin:/bin".as_ref()),
        // Without a terminal it would not ask.
        ("MCP_AUTO_OPEN_ENABLED", "true".as_ref()),
        // On a desk it would ask for the keychain.
        ("MCP_INSPECTOR_SECRET_STORE", "memory".as_ref()),
    ];
    Talk::with(name, &program, &environment, stack)
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
