//! Clients that are known by a document of their own: their `client_id` is its URL, and nothing is fetched.

use crate::harness::rules::Rules;
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, CLAUDE, Client, TestServer, alice, with, without};
use serde_json::{Value, json};
use std::fs;
use std::net::TcpListener;
use tempfile::TempDir;

const CLAUDE_ID: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";
const CLAUDE_CODE_ID: &str = "https://claude.ai/oauth/claude-code-client-metadata";

/// CIMD-01, ASM-16
#[tokio::test]
async fn documents_are_advertised_where_they_are_known_and_nowhere_else() {
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned")]);
    for (site, expected) in [(server.public(), json!(true)), (server.internal(), Value::Null)] {
        let document = site.get("/.well-known/oauth-authorization-server").answer().await.json();
        assert_eq!(document["client_id_metadata_document_supported"], expected, "{}", site.issuer());
        assert!(
            document["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none"))
        );
    }
}

/// CIMD-01, CIMD-05, CIMD-12, CIMD-25, CIMD-30: each of the shipped ones, at the callbacks it names
#[tokio::test]
async fn the_assistants_that_are_known_need_not_register() {
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,chatgpt,vscode,loopback"),
    ]);
    for (id, name, redirect_uri) in [
        (CLAUDE_ID, "Claude", CLAUDE),
        (CLAUDE_CODE_ID, "Claude Code", "http://localhost:53124/callback"),
        (CLAUDE_CODE_ID, "Claude Code", "http://127.0.0.1:53124/callback"),
        (
            "https://chatgpt.com/oauth/client.json",
            "ChatGPT",
            "https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        ("https://chatgpt.com/oauth/codex/client.json", "Codex", "http://127.0.0.1:1455/callback"),
        ("https://vscode.dev/oauth/client-metadata.json", "Visual Studio Code", "http://127.0.0.1:33418/"),
        (
            "https://vscode.dev/oauth/client-metadata.json",
            "Visual Studio Code",
            "https://vscode.dev/redirect",
        ),
    ] {
        let page = server.authorize(&alice(), &client(id, redirect_uri).request()).await;
        assert!(page.is_question(), "{id} at {redirect_uri}: {page:?}");
        assert!(page.text().contains(name), "{name} in {}", page.text());
        assert!(server.consent(&page).await.location().unwrap().starts_with(redirect_uri), "{id}");
    }
}

/// AZ-49: a document may leave out codes; nobody else can
#[tokio::test]
async fn a_client_whose_document_does_not_name_codes_gets_none() {
    let dir = TempDir::new().unwrap();
    for (grants, error) in [
        (json!(["client_credentials"]), Some("unauthorized_client")),
        (json!(["refresh_token"]), Some("unauthorized_client")),
        (json!([]), Some("unauthorized_client")),
        (json!(["authorization_code", "urn:example:other"]), None),
        (Value::Null, None),
    ] {
        let id = "https://app.example/client.json";
        let mut document = json!({"client_id": id, "client_name": "App", "redirect_uris": [CLAUDE]});
        document["grant_types"] = grants.clone();
        fs::write(dir.path().join("app.json"), document.to_string()).unwrap();
        let server = TestServer::spawn_with([
            ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
            ("MCP_AUTH_CLIENT_DOCUMENTS_DIR", dir.path().to_str().unwrap()),
        ]);
        let answer = server.authorize(&alice(), &client(id, CLAUDE).request()).await;
        assert_eq!(answer.param("error").as_deref(), error, "{grants}: {answer:?}");
        assert_eq!(answer.is_question(), error.is_none(), "{grants}");
    }
}

/// CIMD-25, CIMD-27, TR-03: the URL is the client at every door
#[tokio::test]
async fn a_document_client_gets_refreshes_and_revokes_tokens_under_its_url() {
    let upstream = Upstream::start().await;
    let server = TestServer::spawn_with([
        ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_PUBLIC_REGISTRATION", "off"),
    ]);
    let claude = client(CLAUDE_ID, CLAUDE);
    let tokens = server.tokens(&claude).await;
    assert_eq!(server.claims(&tokens.access).await["client_id"], json!(CLAUDE_ID));
    let next = server.refreshed(&claude, &tokens.refresh).await;
    assert_eq!(server.post("/mcp").bearer_auth(&next.access).answer().await.status, 200);
    let stranger = client(CLAUDE_CODE_ID, "http://localhost/callback");
    let refusal = server.token(&stranger.refresh(&next.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
    let secret = with(&claude.refresh(&next.refresh), "client_secret", "invented");
    assert_eq!(server.token(&secret).await.refusal(), (401, "invalid_client".to_owned()));
    assert_eq!(server.revoke(&claude.revocation(&next.refresh)).await.status, 200);
    let refusal = server.token(&claude.refresh(&next.refresh)).await.refusal();
    assert_eq!(refusal, (400, "invalid_grant".to_owned()));
}

/// CIMD-11, CIMD-12, AZ-16: what the document names, with the port of loopback
#[tokio::test]
async fn nobody_is_answered_where_the_document_does_not_say() {
    let server = TestServer::spawn_with([
        ("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
    ]);
    for (site, id, redirect_uri) in [
        (server.public(), CLAUDE_ID, "https://claude.com/api/mcp/auth_callback"),
        (server.public(), CLAUDE_ID, "https://evil.example/cb"),
        (server.internal(), CLAUDE_CODE_ID, "http://localhost:53124/callback2"),
        (server.internal(), CLAUDE_CODE_ID, "http://localhost:53124/callback?x=1"),
        (server.internal(), CLAUDE_CODE_ID, "http://[::1]:53124/callback"),
        (server.internal(), CLAUDE_CODE_ID, "https://localhost:53124/callback"),
        // What the document says, and the site does not allow.
        (server.internal(), CLAUDE_ID, CLAUDE),
        (server.public(), "https://vscode.dev/oauth/client-metadata.json", "https://vscode.dev/redirect"),
    ] {
        let answer = site.authorize(&alice(), &client(id, redirect_uri).request()).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{id} at {redirect_uri}: {answer:?}");
    }
    let unsaid = without(&client(CLAUDE_CODE_ID, "").request(), "redirect_uri");
    assert!(server.internal().authorize(&alice(), &unsaid).await.is_refusal_page());
}

/// CIMD-02 to CIMD-04, CIMD-10, CIMD-13, CIMD-14, CIMD-19, CIMD-22, CIMD-28, T17: unknown is unknown
#[tokio::test]
async fn an_unknown_url_is_nobody_and_is_not_fetched() {
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned")]);
    let canary = TcpListener::bind("127.0.0.1:0").unwrap();
    canary.set_nonblocking(true).unwrap();
    let local = format!("https://{}/client.json", canary.local_addr().unwrap());
    for id in [
        local.as_str(),
        "https://app.example/client.json",
        "https://claude.ai/oauth/mcp-oauth-client-metadata/",
        "https://claude.ai/oauth/mcp-oauth-client-metadata?",
        "https://claude.ai/oauth/mcp-oauth-client-metadata#",
        "https://claude.ai/oauth/x/../mcp-oauth-client-metadata",
        "https://claude.ai/oauth/%6dcp-oauth-client-metadata",
        "https://claude.ai:443/oauth/mcp-oauth-client-metadata",
        "https://CLAUDE.ai/oauth/mcp-oauth-client-metadata",
        "HTTPS://claude.ai/oauth/mcp-oauth-client-metadata",
        "https://user@claude.ai/oauth/mcp-oauth-client-metadata",
        "http://claude.ai/oauth/mcp-oauth-client-metadata",
        " https://claude.ai/oauth/mcp-oauth-client-metadata",
        "https://claude.ai",
        "https://",
    ] {
        let unknown = client(id, CLAUDE);
        let answer = server.authorize(&alice(), &unknown.request()).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{id}: {answer:?}");
        for fields in [unknown.exchange("invented"), unknown.refresh("invented")] {
            assert_eq!(server.token(&fields).await.refusal(), (401, "invalid_client".to_owned()), "{id}");
        }
    }
    assert!(canary.accept().is_err(), "somebody called");
}

/// CIMD-01: off is off, for those that worked before, too
#[tokio::test]
async fn where_documents_are_off_their_urls_are_nobody() {
    let before = TestServer::spawn_with([("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned")]);
    let claude = client(CLAUDE_ID, CLAUDE);
    let tokens = before.tokens(&claude).await;
    let after = before.again_with([]);
    assert!(after.authorize(&alice(), &claude.request()).await.is_refusal_page());
    let refusal = after.token(&claude.refresh(&tokens.refresh)).await.refusal();
    assert_eq!(refusal, (401, "invalid_client".to_owned()));
}

/// CIMD-22, CIMD-30: the operator's own, which win over the shipped ones
#[tokio::test]
async fn an_operator_adds_documents_and_overrules_the_shipped_ones() {
    let folder = TempDir::new().unwrap();
    let own = "https://app.example/oauth/client.json";
    for (file, document) in [
        (
            "app.json",
            json!({"client_id": own, "client_name": "Our app", "redirect_uris": ["https://app.example/cb"]}),
        ),
        (
            "claude.json",
            json!({"client_id": CLAUDE_ID, "client_name": "Claude here", "redirect_uris": ["https://claude.com/api/mcp/auth_callback"]}),
        ),
        ("notes.txt", json!("no document")),
    ] {
        fs::write(folder.path().join(file), document.to_string()).unwrap();
    }
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,https://app.example/cb"),
        ("MCP_AUTH_CLIENT_DOCUMENTS_DIR", folder.path().to_str().unwrap()),
    ]);
    for (id, redirect_uri, name) in [
        (own, "https://app.example/cb", Some("Our app")),
        (CLAUDE_ID, "https://claude.com/api/mcp/auth_callback", Some("Claude here")),
        (CLAUDE_ID, CLAUDE, None),
    ] {
        let answer = server.authorize(&alice(), &client(id, redirect_uri).request()).await;
        assert_eq!(answer.is_question(), name.is_some(), "{id} at {redirect_uri}: {answer:?}");
        assert!(name.is_none_or(|name| answer.text().contains(name)), "{answer:?}");
    }
}

/// CIMD-20, T5: a name that anybody can write stands beside the host that nobody else has
#[tokio::test]
async fn the_page_names_the_host_of_the_document() {
    let server = TestServer::spawn_with([("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", "pinned")]).internal();
    let claude_code = client(CLAUDE_CODE_ID, "http://localhost:53124/callback");
    let page = server.authorize(&alice(), &claude_code.request()).await.text();
    let (_, shown) = page.split_once("<main").unwrap_or_else(|| panic!("{page}"));
    let shown = shown.split("href=").map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let shown: String = shown.collect();
    assert!(shown.contains("claude.ai"), "{page}");
}

/// T33: a rule names such a client by its URL
#[tokio::test]
async fn a_document_client_can_be_denied() {
    let deny = Rules::new(&format!("client {CLAUDE_ID}\n"));
    let server = TestServer::spawn_with([
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
        ("MCP_AUTH_DENY_FILE", deny.path().as_str()),
    ]);
    assert!(server.authorize(&alice(), &client(CLAUDE_ID, CLAUDE).request()).await.is_refusal_page());
    assert!(server.authorize(&alice(), &server.client().await.request()).await.is_question());
}

fn client(id: &str, redirect_uri: &str) -> Client {
    Client { id: id.to_owned(), redirect_uri: redirect_uri.to_owned() }
}
