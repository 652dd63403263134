//! Assistants with a description of themselves, at a site that knows it and registers nobody.

use reqwest::Url;

use crate::{
    claude_code, codex,
    ground::Ground,
    seen::{Seen, WHOLE_WAY},
};

#[tokio::test]
async fn claude_code_comes_with_its_document_where_that_is_known() {
    let ground = Ground::that_knows_documents("Claude Code", "claude-code-document").await;
    let url = claude_code::signed_in(&ground).await;
    came_with("https://claude.ai/oauth/claude-code-client-metadata", &url, &ground);
}

#[tokio::test]
async fn codex_comes_with_its_document_where_that_is_known() {
    let ground = Ground::that_knows_documents("Codex", "codex-document").await;
    let url = codex::signed_in(&ground).await;
    came_with("https://chatgpt.com/oauth/codex/client.json", &url, &ground);
}

fn came_with(document: &str, authorize_url: &str, ground: &Ground) {
    let url = Url::parse(authorize_url).unwrap();
    assert!(url.query_pairs().any(|pair| pair == ("client_id".into(), document.into())), "{url}");
    let seen = Seen::of(authorize_url, &ground.stack);
    assert_eq!(seen.doors(), WHOLE_WAY[1..], "all of the way but the registration");
}
