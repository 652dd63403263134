//! Refresh tokens: what they keep of the grant, and who may use them until when.

use crate::harness::{Client, TestServer, Tokens, alice, encoded, with, without};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

/// TR-09, TR-10, TK-27, T27, design 5.2: the end never moves
#[tokio::test]
async fn a_family_ends_a_week_after_it_was_allowed() {
    let server = TestServer::spawn();
    let (client, mut tokens) = signed_in(&server).await;
    for _ in 0..6 {
        server.wait(86_400);
        tokens = server.refreshed(&client, &tokens.refresh).await;
    }
    server.wait(86_400 - 2);
    tokens = server.refreshed(&client, &tokens.refresh).await;
    server.wait(3);
    assert_eq!(server.token(&client.refresh(&tokens.refresh)).await.refusal(), invalid_grant());
}

/// TR-05, TR-06, design 5.6
#[tokio::test]
async fn scopes_may_be_narrowed_for_one_token_and_come_back() {
    let server = TestServer::spawn();
    let (client, mut tokens) = signed_in(&server).await;
    for (asked, granted) in [
        ("mcp", "mcp"),
        ("", "mcp tools:write"),
        ("tools:write", "tools:write"),
        ("tools:write mcp", "mcp tools:write"),
        ("mcp unheard:of", "mcp"),
        (" mcp  offline_access ", "mcp"),
    ] {
        let fields = with(&client.refresh(&tokens.refresh), "scope", asked);
        tokens = server.token(&fields).await.tokens();
        assert_eq!(sorted(&tokens.scope), granted, "{asked}");
    }
}

/// TR-05, TK-26, design 5.6
#[tokio::test]
async fn a_scope_beyond_what_was_allowed_is_refused() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let tokens = server.tokens_of(&client, &with(&client.request(), "scope", "mcp")).await;
    assert_eq!(tokens.scope, "mcp");
    for asked in ["tools:write", "mcp tools:write"] {
        let fields = with(&client.refresh(&tokens.refresh), "scope", asked);
        assert_eq!(server.token(&fields).await.refusal(), (400, "invalid_scope".to_owned()), "{asked}");
    }
    server.refreshed(&client, &tokens.refresh).await;
}

/// TR-12, TK-20, TK-26, design 5.5
#[tokio::test]
async fn the_resource_stays_what_it_was() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let other = "https://mcp.example.com/other/mcp";
    let mut tokens = server.tokens_of(&client, &with(&client.request(), "resource", other)).await;
    for same in ["", other, "https://mcp.example.com/other/mcp/", "HTTPS://MCP.example.com/other/mcp"] {
        let fields = with(&client.refresh(&tokens.refresh), "resource", same);
        tokens = server.token(&fields).await.tokens();
        assert_eq!(server.claims(&tokens.access).await["aud"], json!(other), "{same}");
    }
    for resource in ["https://mcp.example.com/mcp", "https://evil.example", "mcp"] {
        let fields = with(&client.refresh(&tokens.refresh), "resource", resource);
        let refusal = server.token(&fields).await.refusal();
        assert_eq!(refusal, (400, "invalid_target".to_owned()), "{resource}");
    }
}

/// TR-03, TR-04, TR-13, T12
#[tokio::test]
async fn only_what_was_issued_as_a_refresh_token_to_this_client_refreshes() {
    let server = TestServer::spawn();
    let (client, tokens) = signed_in(&server).await;
    let other = server.client().await;
    let code = server.code(&client).await;
    let token = &tokens.refresh;
    for fields in [
        with(&client.refresh(token), "client_id", &other.id),
        client.refresh("invented"),
        client.refresh(&tokens.access),
        client.refresh(&code),
        client.refresh(&client.id),
        client.refresh(&token[..token.len() - 4]),
        client.refresh(&format!("{}AAAA", &token[..token.len() - 4])),
        client.refresh(&format!("{token}.")),
    ] {
        assert_eq!(server.token(&fields).await.refusal(), invalid_grant(), "{}", encoded(&fields));
    }
    let nothing = server.token(&without(&client.refresh(""), "refresh_token")).await.refusal();
    assert_eq!(nothing, (400, "invalid_request".to_owned()));
    server.refreshed(&client, token).await;
}

/// AZ-88, T12, RFC 7518 5.3: a shortened tag would leave a forger that many fewer bits to guess
#[tokio::test]
async fn what_is_sealed_is_good_with_its_whole_tag_only() {
    let server = TestServer::spawn();
    let (client, tokens) = signed_in(&server).await;
    let code = server.code(&client).await;
    let question = server.authorize(&alice(), &client.request()).await.question();
    for length in 0..16 {
        let short = |sealed: &str| shortened(sealed, length);
        let refreshed = server.token(&client.refresh(&short(&tokens.refresh))).await;
        assert_eq!(refreshed.status, 400, "a refresh token with a tag of {length} bytes");
        let exchanged = server.token(&client.exchange(&short(&code))).await;
        assert_eq!(exchanged.status, 400, "a code with a tag of {length} bytes");
        let allowed = server.reply(&alice(), &short(&question), "allow").await;
        assert!(allowed.is_refusal_page(), "a question with a tag of {length} bytes");
    }
    server.refreshed(&client, &tokens.refresh).await;
}

/// design 3: what one site issued, the other refuses
#[tokio::test]
async fn a_refresh_token_of_one_site_is_worth_nothing_at_the_other() {
    let server = TestServer::spawn();
    let (_, tokens) = signed_in(&server).await;
    let local = server.internal().client().await;
    let refusal = server.internal().token(&local.refresh(&tokens.refresh)).await.refusal();
    assert_eq!(refusal, invalid_grant());
}

/// TR-11, T27, design 3, 5.2: who has left the domains is out at the next refresh
#[tokio::test]
async fn the_domains_are_asked_again_at_every_refresh() {
    let before = TestServer::spawn();
    let (client, tokens) = signed_in(&before).await;
    let after = before.again_with([("MCP_AUTH_EMAIL_DOMAINS", "other.example")]);
    assert_eq!(after.token(&client.refresh(&tokens.refresh)).await.refusal(), invalid_grant());
}

/// design 5.2: memory forgets at a restart, and clients go on
#[tokio::test]
async fn a_restart_signs_nobody_out() {
    let before = TestServer::spawn();
    let (client, tokens) = signed_in(&before).await;
    let after = before.again_with([]);
    let next = after.refreshed(&client, &tokens.refresh).await;
    after.refreshed(&client, &next.refresh).await;
}

/// docs/why.md, "What if there is no Redis?": what each replica remembers for itself, the others do not know
#[tokio::test]
async fn another_replica_without_redis_takes_what_was_used_up_here() {
    let here = TestServer::spawn();
    let there = here.again_with([]);
    let client = here.client().await;
    let code = here.code(&client).await;
    let tokens = here.token(&client.exchange(&code)).await.tokens();
    assert_eq!(there.token(&client.exchange(&code)).await.status, 200, "the code");
    assert_eq!(there.token(&client.exchange(&code)).await.status, 400, "the code, once more");
    let next = here.refreshed(&client, &tokens.refresh).await;
    here.refreshed(&client, &next.refresh).await;
    assert_eq!(here.token(&client.refresh(&tokens.refresh)).await.status, 400, "superseded, here");
    let restarted = here.again_with([]);
    assert_eq!(
        restarted.token(&client.refresh(&tokens.refresh)).await.status,
        200,
        "superseded, after a restart"
    );
}

/// TR-01, design 3
#[tokio::test]
async fn where_no_refresh_tokens_are_wanted_none_come_and_none_are_taken() {
    let before = TestServer::spawn();
    let (client, tokens) = signed_in(&before).await;
    let server = before.again_with([("MCP_AUTH_REFRESH_TOKEN_SECS", "0")]);
    let code = server.code(&client).await;
    let answer = server.token(&client.exchange(&code)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json().get("refresh_token"), None);
    // An assistant that kept one signs its person in again when it hears that it is dead, and stops at another word.
    for (token, error) in [(tokens.refresh.as_str(), "invalid_grant"), ("x", "unsupported_grant_type")] {
        assert_eq!(server.token(&client.refresh(token)).await.refusal(), (400, error.to_owned()));
    }
}

/// TR-17, AT-08, design 4: what was decided at the consent stays
#[tokio::test]
async fn a_refreshed_token_tells_of_the_same_consent() {
    let server = TestServer::spawn();
    let (client, first) = signed_in(&server).await;
    server.wait(1_000);
    let second = server.refreshed(&client, &first.refresh).await;
    let (old, new) = (server.claims(&first.access).await, server.claims(&second.access).await);
    for same in ["iss", "aud", "sub", "email", "client_id", "scope", "auth_time", "sid"] {
        assert_eq!(old[same], new[same], "{same}");
    }
    assert_ne!(old["jti"], new["jti"]);
    assert_eq!(new["iat"], json!(server.now()));
    assert_eq!(new["exp"], json!(server.now() + 3_600));
}

pub(crate) async fn signed_in(server: &TestServer) -> (Client, Tokens) {
    let client = server.client().await;
    let tokens = server.tokens(&client).await;
    (client, tokens)
}

/// The same, with the first bytes of its authentication tag.
fn shortened(sealed: &str, length: usize) -> String {
    let (start, tag) = sealed.rsplit_once('.').unwrap();
    let tag = URL_SAFE_NO_PAD.decode(tag).unwrap();
    format!("{start}.{}", URL_SAFE_NO_PAD.encode(&tag[..length]))
}

fn sorted(scopes: &str) -> String {
    let mut scopes: Vec<&str> = scopes.split(' ').collect();
    scopes.sort_unstable();
    scopes.join(" ")
}

pub(crate) fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}
