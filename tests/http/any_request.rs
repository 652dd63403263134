//! Whatever request comes: an answer in the protocol's words that blames the sender, and never a 5xx.

use crate::harness::any::{for_any_over_http, text_like};
use crate::harness::verbs::{CHALLENGE, STATE, VERIFIER};
use crate::harness::{Answer, Ask, CLAUDE, Form, PROXY_SECRET, TestServer, alice, encoded};
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: &[&str] = &[
    "response_type",
    "client_id",
    "redirect_uri",
    "code_challenge",
    "code_challenge_method",
    "state",
    "scope",
    "resource",
    "response_mode",
    "request",
    "request_uri",
    "prompt",
    "grant_type",
    "code",
    "code_verifier",
    "refresh_token",
    "client_secret",
    "client_assertion",
    "token",
    "token_type_hint",
    "question",
    "answer",
];
const VALUES: &[&str] = &[
    "code",
    CLAUDE,
    CHALLENGE,
    VERIFIER,
    STATE,
    "S256",
    "plain",
    "query",
    "mcp tools:write",
    "https://mcp.example.com/mcp",
    "authorization_code",
    "refresh_token",
    "allow",
    "https://evil.example/cb",
    "a%20b+c&d=e;f\"\\<>\u{e9}",
];
/// Words of RFC 6749, RFC 7591, RFC 8707 and OpenID Connect, as far as this server says them.
const WORDS: &[&str] = &[
    "access_denied",
    "invalid_client",
    "invalid_client_metadata",
    "invalid_grant",
    "invalid_redirect_uri",
    "invalid_request",
    "invalid_scope",
    "invalid_target",
    "request_not_supported",
    "request_uri_not_supported",
    "unsupported_grant_type",
    "unsupported_response_type",
];

/// Fields of the good request that are changed, left out or doubled, and others beside them.
fn changes() -> impl Strategy<Value = Vec<(String, Option<String>, bool)>> {
    let value = prop::option::weighted(0.8, text_like(VALUES));
    prop::collection::vec((text_like(NAMES), value, prop::bool::weighted(0.2)), 0..4)
}

fn changed(good: &Form, changes: &[(String, Option<String>, bool)]) -> Form {
    let mut form = good.clone();
    for (name, value, doubled) in changes {
        if !doubled {
            form.retain(|(other, _)| other != name);
        }
        form.extend(value.iter().map(|value| (name.clone(), value.clone())));
    }
    form
}

/// AZ-11, AZ-12, AZ-14, AZ-47, AZ-48, AZ-83, X-06, X-07, T3: sent back to the client, or nowhere
#[test]
fn any_authorization_request_is_asked_about_sent_back_or_shown_a_page() {
    let server = unlimited();
    for_any_over_http(150, changes(), async |changes| {
        let client = server.client().await;
        let query = changed(&client.request(), &changes);
        let answer = server.authorize(&alice(), &query).await;
        let sent = |name: &str| -> Vec<&str> {
            query
                .iter()
                .filter(|(other, value)| other == name && !value.is_empty())
                .map(|(_, v)| v.as_str())
                .collect()
        };
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
        match answer.status {
            200 => assert!(answer.is_question(), "{answer:?}"),
            302 => {
                assert_eq!(answer.target(), Some(CLAUDE), "{answer:?}");
                assert!(WORDS.contains(&answer.param("error").unwrap().as_str()), "{answer:?}");
                assert_eq!((answer.param("code"), answer.param("iss")), (None, Some(server.issuer())));
                let state = answer.param("state");
                assert!(
                    sent("state").len() > 1 || state.as_deref() == sent("state").first().copied(),
                    "{answer:?}"
                );
            }
            _ => assert!(answer.status == 400 && answer.is_refusal_page(), "{answer:?}"),
        }
        let is_known = sent("client_id") == [client.id.as_str()]
            && (sent("redirect_uri") == [CLAUDE] || sent("redirect_uri").is_empty());
        assert_eq!(answer.status == 400, !is_known, "{answer:?}");
    });
}

/// AZ-10: bytes as no library would send them
#[test]
fn any_bytes_in_a_query_are_answered() {
    let server = unlimited();
    let identity = format!(
        "X-Forwarded-User: {}\r\nX-Forwarded-Email: {}\r\nX-Sidecar-Auth: {PROXY_SECRET}\r\n",
        alice().user,
        alice().email
    );
    let bytes = prop_oneof!["[!-~]{0,60}", "(%[0-9a-fA-F]{0,2}|[&=+]|[a-z_]{1,8}){0,20}"];
    for_any_over_http(100, bytes, async |bytes| {
        let query = encoded(&server.client().await.request());
        for target in [format!("/oauth/authorize?{query}&{bytes}"), format!("/oauth/authorize?{bytes}")] {
            let answer = server.raw("GET", &target, &identity).await;
            assert!([200, 302, 400].contains(&answer.status), "{target}: {answer:?}");
            assert!(answer.location().is_none_or(|to| to.starts_with(CLAUDE)), "{target}: {answer:?}");
        }
    });
}

/// TK-03, TK-06, TK-07, RV-05, RV-06: at the token endpoint and at revocation
#[test]
fn any_form_gets_tokens_or_the_protocols_word_for_why_not() {
    let server = unlimited();
    for_any_over_http(100, changes(), async |changes| {
        let client = server.client().await;
        let tokens = server.tokens(&client).await;
        for good in [client.exchange(&server.code(&client).await), client.refresh(&tokens.refresh)] {
            let answer = server.token(&changed(&good, &changes)).await;
            assert_told(&answer, "access_token");
        }
        let answer = server.revoke(&changed(&client.revocation(&tokens.refresh), &changes)).await;
        assert!(answer.status != 200 || answer.body.is_empty(), "{answer:?}");
        if answer.status != 200 {
            assert_told(&answer, "");
        }
    });
}

/// AZ-64, AZ-65: the same with bytes that are no form, also for the person's answer
#[test]
fn any_body_is_answered() {
    let server = unlimited();
    let form = "application/x-www-form-urlencoded";
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..60),
        "(grant_type|code|client_id|token|question|answer|=|&|%[0-9a-f]{0,2}|[a-z]{1,5}){0,12}"
            .prop_map(String::into_bytes),
    ];
    for_any_over_http(100, body, async |body| {
        for path in ["/oauth/token", "/oauth/revoke"] {
            let answer = server.post(path).header("Content-Type", form).body(body.clone()).answer().await;
            assert_told(&answer, "");
        }
        let request = alice().sends(server.post("/oauth/consent")).header("Content-Type", form);
        let answer = request.body(body.clone()).answer().await;
        assert!((400..500).contains(&answer.status) && answer.is_refusal_page(), "{answer:?}");
    });
}

/// REG-02, REG-10, REG-11, REG-14 to REG-16, REG-22, X-18: what is registered was asked for and is allowed
#[test]
fn any_metadata_is_registered_as_far_as_it_is_allowed_or_refused() {
    let server = unlimited();
    let uris: &[&str] =
        &[CLAUDE, "https://claude.com/api/mcp/auth_callback", "http://evil.example/", "cursor://x/y"];
    let members = text_like(&["redirect_uris", "client_name", "grant_types", "jwks", "scope", "x"]);
    let asked = prop::collection::vec(text_like(uris), 0..12);
    for_any_over_http(
        150,
        (asked, prop::collection::vec((members, value()), 0..3)),
        async |(asked, others)| {
            let mut metadata = json!({"redirect_uris": asked});
            for (name, value) in others {
                metadata[name] = value;
            }
            let answer = server.register(&metadata).await;
            if answer.status != 201 {
                return assert_told(&answer, "");
            }
            let document = answer.json();
            assert!(document.as_object().unwrap().values().all(|value| !value.is_null()), "{document}");
            let kept = document["redirect_uris"].as_array().unwrap();
            let allowed = |uri: &Value| uris[..2].contains(&uri.as_str().unwrap());
            let was_asked = |uri: &Value| metadata["redirect_uris"].as_array().unwrap().contains(uri);
            assert!(!kept.is_empty() && kept.iter().all(|uri| allowed(uri) && was_asked(uri)), "{document}");
            assert!(document["client_name"].as_str().is_none_or(|name| name.chars().count() <= 100));
        },
    );
}

fn unlimited() -> TestServer {
    TestServer::spawn_with([
        ("MCP_AUTH_REGISTER_PER_MINUTE", "0"),
        ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0"),
    ])
}

/// Any JSON of little depth.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text_like(&["authorization_code", "refresh_token", "Claude \u{202e}"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,4}", inner, 0..3).prop_map(|members| json!(members)),
        ]
    })
}

/// 200 with what was wanted, or a refusal: in JSON, in the protocol's words and letters, and not to be kept.
fn assert_told(answer: &Answer, wanted: &str) {
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer:?}");
    if answer.status == 200 {
        assert!(!wanted.is_empty() && answer.json()[wanted].is_string(), "{answer:?}");
        return;
    }
    let (status, error) = answer.refusal();
    assert!([400, 401, 413].contains(&status) && WORDS.contains(&error.as_str()), "{answer:?}");
    let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(answer.field("error_description").bytes().all(allowed), "{answer:?}");
}
