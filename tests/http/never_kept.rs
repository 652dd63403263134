//! What nobody may keep: every answer that carries a credential, or concerns one.

use crate::gateway::start;
use crate::harness::{Ask, alice, form, with, without};

/// X-11, REG-05, TK-06, AZ-91, RV-06, T22, T31
#[tokio::test]
async fn no_answer_about_a_credential_is_kept() {
    let (_upstream, server, _) = start().await;
    let client = server.client().await;
    let request = client.request();
    let page = server.authorize(&alice(), &request).await;
    let question = page.question();
    let code = server.consent(&page).await.param("code").unwrap();
    let unknown = with(&client.exchange(&code), "client_id", "invented");
    for (case, answer) in [
        ("a registration", server.register(&server.metadata()).await),
        ("no registration", server.register(&serde_json::json!({})).await),
        ("a question", page),
        ("a refusal by redirect", server.authorize(&alice(), &without(&request, "scope")).await),
        ("a refusal by redirect", server.authorize(&alice(), &without(&request, "response_type")).await),
        ("a refusal by page", server.authorize(&alice(), &without(&request, "client_id")).await),
        ("nobody signed in", server.get("/oauth/authorize").answer().await),
        ("a code", server.reply(&alice(), &question, "allow").await),
        ("no code", server.reply(&alice(), &question, "deny").await),
        ("no question", server.reply(&alice(), "nonsense", "allow").await),
        ("another client's", server.token(&unknown).await),
        ("tokens", server.token(&client.exchange(&code)).await),
        ("no tokens", server.token(&client.exchange(&code)).await),
        ("no grant", server.token(&form([])).await),
        ("no method", server.get("/oauth/token").answer().await),
        ("a revocation", server.revoke(&client.revocation("x")).await),
        ("no revocation", server.revoke(&form([])).await),
        ("no entry", server.post("/mcp").answer().await),
    ] {
        let kept = answer.header("cache-control");
        assert_eq!(kept, Some("no-store"), "{case}: {answer:?}");
        assert_eq!(answer.header("pragma"), Some("no-cache"), "{case}: {answer:?}");
        assert_eq!(answer.header("etag"), None, "{case}");
    }
}

/// AZ-91, T22: nor does a page or a redirect tell where it came from
#[tokio::test]
async fn no_address_with_a_code_or_state_is_told_to_the_next_page() {
    let (_upstream, server, _) = start().await;
    let client = server.client().await;
    let page = server.authorize(&alice(), &client.request()).await;
    let allowed = server.consent(&page).await;
    let refused = server.authorize(&alice(), &without(&client.request(), "response_type")).await;
    for answer in [allowed, refused] {
        assert!(answer.location().is_some() && answer.body.is_empty(), "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{answer:?}");
    }
}
