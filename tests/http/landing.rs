//! The page for somebody who got lost: how each assistant is connected to this very site.

#[path = "../e2e/landing.rs"]
mod read;

use serde_json::{Value, json};

use crate::harness::rules::Rules;
use crate::harness::{Ask, TestServer};
use read::{Landing, between};

const LOCAL: [&str; 7] =
    ["Claude Code", "Cursor", "VS Code", "Gemini CLI", "Codex", "GitHub Copilot CLI", "opencode"];
const HOSTED: [&str; 3] = ["Claude, on the desktop and on the web", "ChatGPT", "Cursor Cloud Agents"];
const FORM: &str = "Gemini Enterprise, and any other that asks for a client ID and a secret";

#[tokio::test]
async fn an_assistant_is_shown_where_it_can_be_answered_and_nowhere_else() {
    let with = |redirects, registration, documents| {
        [
            ("MCP_AUTH_PUBLIC_REDIRECTS", redirects),
            ("MCP_AUTH_PUBLIC_REGISTRATION", registration),
            ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", documents),
        ]
    };
    // The port of loopback does not matter: a callback of Cursor's is that of Claude Code, one of VS Code's that of Copilot.
    let with_cursor = [&LOCAL[..1], &HOSTED].concat();
    for (settings, shown) in [
        (with("loopback", "open", "off"), LOCAL.to_vec()),
        (with("claude,cursor,chatgpt", "open", "off"), with_cursor),
        (with("vscode", "open", "off"), vec!["VS Code", "GitHub Copilot CLI"]),
        (with("loopback,claude", "off", "pinned"), vec!["Claude Code", "VS Code", "Codex", HOSTED[0]]),
        (with("loopback,claude,cursor,chatgpt", "off", "off"), vec![]),
    ] {
        let page = page(&TestServer::spawn_with(settings).public()).await;
        assert_eq!(between(&page, "<h3>", "</h3>"), [shown, vec![FORM]].concat(), "{settings:?}");
    }
}

#[tokio::test]
async fn every_command_and_value_is_this_sites_own() {
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PRODUCT_NAME", "Example Corp Tools & Data"),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback,claude"),
    ]);
    let page = page(&server.public()).await;
    let texts = between(&page, "<pre>", "</pre>");
    let name = "example-corp-tools-data";
    for told in [
        format!("claude mcp add --transport http {name} https://mcp.example.com/mcp"),
        format!("claude mcp login {name}"),
        format!("claude mcp add --transport http {name}-other https://mcp.example.com/other/mcp"),
        format!("claude mcp login {name}-other"),
        format!("gemini mcp add --scope user --transport http {name} https://mcp.example.com/mcp"),
        format!("codex mcp add {name} --url https://mcp.example.com/mcp"),
        format!("copilot mcp add --transport http {name} https://mcp.example.com/mcp"),
        format!("opencode mcp add {name} --url https://mcp.example.com/mcp"),
        format!("opencode mcp auth {name}"),
        "https://mcp.example.com/mcp".to_owned(),
        "https://mcp.example.com/oauth/authorize".to_owned(),
        "https://mcp.example.com/oauth/token".to_owned(),
        "mcp tools:write".to_owned(),
    ] {
        assert!(texts.contains(&told), "{told} in {texts:#?}");
    }
    let is_settings = |text: &String| serde_json::from_str::<Value>(text).is_ok();
    assert!(
        texts.iter().all(|text| is_settings(text) || !text.contains('\n')),
        "one line at a time: {texts:#?}"
    );
    let landing = Landing::read(&page);
    let settings = |of| serde_json::from_str::<Value>(&landing.texts(of)[0]).unwrap();
    let (main, other) = ("https://mcp.example.com/mcp", "https://mcp.example.com/other/mcp");
    let env = json!({"NODE_USE_SYSTEM_CA": "1"});
    let through = |url| json!({"command": "npx", "args": ["-y", "mcp-remote@latest", url], "env": env});
    let direct = |url| json!({"type": "http", "url": url});
    let second = format!("{name}-other");
    assert_eq!(settings("Cursor"), json!({"mcpServers": {name: through(main), &second: through(other)}}));
    assert_eq!(settings("VS Code"), json!({"servers": {name: direct(main), &second: direct(other)}}));
    assert!(!texts.join("").contains("internal"), "{texts:#?}");
}

#[tokio::test]
async fn the_page_says_who_may_sign_in_and_whom_to_ask() {
    let people = Rules::new("alice@example.com\n");
    let server = TestServer::spawn_with([
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com,ops.example"),
        ("MCP_AUTH_INTERNAL_PEOPLE_FILE", people.path().as_str()),
        ("MCP_AUTH_SUPPORT_CONTACT", "help@example.com"),
    ]);
    for (site, who) in [
        (server.public(), "Accounts of example.com, ops.example."),
        (server.internal(), "Accounts of example.com, ops.example that are on this server’s list."),
    ] {
        let page = page(&site).await;
        assert!(page.contains(who), "{page}");
        assert!(page.contains("mailto:help@example.com"), "{page}");
        assert!(!page.contains("alice"), "{page}");
    }
}

async fn page(server: &TestServer) -> String {
    let answer = server.get("/").answer().await;
    assert!(answer.status == 200 && answer.is("text/html"), "{answer:?}");
    answer.text()
}
