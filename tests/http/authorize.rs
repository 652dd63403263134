//! The authorization endpoint: what is shown to the person, and what goes back to the client.

use crate::harness::verbs::STATE;
use crate::harness::{CLAUDE, Form, LOOPBACK, TestServer, alice, also, encoded, with, without};
use serde_json::json;

/// AZ-11, AZ-12, AZ-14, T3, X-06, design 5.9
#[tokio::test]
async fn nobody_is_redirected_before_the_client_and_its_redirect_uri_are_known() {
    let server = TestServer::spawn();
    let client = server.client().await;
    let request = client.request();
    let tokens = server.tokens(&client).await;
    let code = server.code(&client).await;
    let foreign = server.internal().client().await;
    let other = server.client_at("https://claude.com/api/mcp/auth_callback").await;
    for (name, query) in [
        ("no client_id", without(&request, "client_id")),
        ("an empty client_id", with(&request, "client_id", "")),
        ("an invented client_id", with(&request, "client_id", "invented")),
        ("a forged client_id", with(&request, "client_id", &tampered(&client.id))),
        ("a shortened client_id", with(&request, "client_id", &client.id[..client.id.len() - 2])),
        ("another site's client_id", with(&foreign.request(), "redirect_uri", &foreign.redirect_uri)),
        ("an access token", with(&request, "client_id", &tokens.access)),
        ("a refresh token", with(&request, "client_id", &tokens.refresh)),
        ("a code", with(&request, "client_id", &code)),
        ("a document", with(&request, "client_id", "https://claude.ai/oauth/mcp-oauth-client-metadata")),
        ("client_id twice", also(&request, "client_id", &client.id)),
        ("another redirect_uri", with(&request, "redirect_uri", "https://evil.example/cb")),
        ("a redirect_uri of another client", with(&request, "redirect_uri", &other.redirect_uri)),
        ("redirect_uri twice", also(&request, "redirect_uri", CLAUDE)),
    ] {
        let answer = server.authorize(&alice(), &query).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{name}: {answer:?}");
    }
}

/// AZ-12, AZ-13, X-06
#[tokio::test]
async fn a_redirect_uri_may_be_left_out_where_there_is_only_one() {
    let server = TestServer::spawn();
    let one = without(&server.client().await.request(), "redirect_uri");
    let mut metadata = server.metadata();
    metadata["redirect_uris"] = json!([CLAUDE, "https://claude.com/api/mcp/auth_callback"]);
    let two = server.client_of(&metadata).await.request();
    assert!(server.authorize(&alice(), &one).await.is_question());
    assert_eq!(server.consent(&server.authorize(&alice(), &one).await).await.target(), Some(CLAUDE));
    for query in [without(&two, "redirect_uri"), with(&two, "redirect_uri", "")] {
        assert!(server.authorize(&alice(), &query).await.is_refusal_page());
    }
    let local = server.internal();
    for (uri, sent_there) in
        [(LOOPBACK, true), ("http://localhost/callback", false), ("http://[::1]/callback?x=1", false)]
    {
        let request = local.client_at(uri).await.request();
        let page = local.authorize(&alice(), &without(&request, "redirect_uri")).await;
        assert_eq!((page.is_question(), page.is_refusal_page()), (sent_there, !sent_there), "{uri}");
        if sent_there {
            assert_eq!(local.consent(&page).await.target(), Some(uri), "the one that was registered");
        }
    }
}

/// AZ-31 to AZ-36, AZ-08, AZ-41 to AZ-44, AZ-48, AZ-83, T6, T8, X-07, design 5.3, 5.5, 5.9, 5.10
#[tokio::test]
async fn every_other_mistake_goes_back_to_the_client_in_the_protocols_words() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for (query, error) in [
        (without(&request, "response_type"), "invalid_request"),
        (with(&request, "response_type", ""), "invalid_request"),
        (with(&request, "response_type", "token"), "unsupported_response_type"),
        (with(&request, "response_type", "code token"), "unsupported_response_type"),
        (with(&request, "response_type", "id_token"), "unsupported_response_type"),
        (with(&request, "response_type", "none"), "unsupported_response_type"),
        (with(&request, "response_type", "CODE"), "unsupported_response_type"),
        (without(&request, "code_challenge"), "invalid_request"),
        (with(&request, "code_challenge", ""), "invalid_request"),
        (with(&request, "code_challenge", &"a".repeat(42)), "invalid_request"),
        (with(&request, "code_challenge", &"a".repeat(44)), "invalid_request"),
        (with(&request, "code_challenge", &format!("{}+", "a".repeat(42))), "invalid_request"),
        (with(&request, "code_challenge", &format!("{}/", "a".repeat(42))), "invalid_request"),
        (with(&request, "code_challenge", &format!("{}=", "a".repeat(42))), "invalid_request"),
        (without(&request, "code_challenge_method"), "invalid_request"),
        (with(&request, "code_challenge_method", "plain"), "invalid_request"),
        (with(&request, "code_challenge_method", "s256"), "invalid_request"),
        (with(&request, "code_challenge_method", "S512"), "invalid_request"),
        (with(&request, "response_mode", "fragment"), "invalid_request"),
        (with(&request, "response_mode", "form_post"), "invalid_request"),
        (with(&request, "resource", "https://elsewhere.example/mcp"), "invalid_target"),
        (with(&request, "resource", "https://mcp.internal.example/mcp"), "invalid_target"),
        (with(&request, "resource", "https://mcp.example.com/mcp/deeper"), "invalid_target"),
        (with(&request, "resource", "https://mcp.example.com/mcp?x=1"), "invalid_target"),
        (with(&request, "resource", "https://mcp.example.com/mcp#x"), "invalid_target"),
        (with(&request, "resource", "https://mcp.example.com/MCP"), "invalid_target"),
        (with(&request, "resource", "http://mcp.example.com/mcp"), "invalid_target"),
        (with(&request, "resource", "mcp"), "invalid_target"),
        (resources(&request, &["https://mcp.example.com/mcp", "https://evil.example"]), "invalid_target"),
        (also(&request, "response_type", "code"), "invalid_request"),
        (also(&request, "state", "another"), "invalid_request"),
        (also(&request, "scope", "mcp"), "invalid_request"),
        (also(&request, "code_challenge_method", "S256"), "invalid_request"),
        (also(&request, "code_challenge", "again"), "invalid_request"),
    ] {
        let answer = server.authorize(&alice(), &query).await;
        assert!([302, 303].contains(&answer.status), "{}: {answer:?}", encoded(&query));
        assert_eq!(answer.target(), Some(CLAUDE), "{}", encoded(&query));
        assert_eq!(answer.param("error").as_deref(), Some(error), "{}", encoded(&query));
        assert_eq!(answer.param("iss"), Some(server.issuer()), "{}", encoded(&query));
        assert_eq!(answer.param("code"), None, "{}", encoded(&query));
        let twice = query.iter().filter(|(name, _)| name == "state").count() == 2;
        assert!(twice || answer.param("state").as_deref() == Some(STATE), "{}", encoded(&query));
    }
}

/// AZ-09: a signed request is neither fetched nor passed over in silence
#[tokio::test]
async fn request_objects_are_refused() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for (name, value, word) in [
        ("request_uri", "https://evil.example/request.jwt", "request_uri_not_supported"),
        ("request", "e30.e30.", "request_not_supported"),
    ] {
        let answer = server.authorize(&alice(), &with(&request, name, value)).await;
        let error = answer.param("error").unwrap_or_default();
        assert!([word, "invalid_request"].contains(&error.as_str()), "{name}: {answer:?}");
    }
}

/// X-05, AZ-06, AZ-07, AZ-38, AZ-40, AZ-45, AZ-52, design 5.5, 5.6, clients E19
#[tokio::test]
async fn what_does_not_matter_is_passed_over_and_the_person_is_asked() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for (name, value) in [
        ("prompt", "none"),
        ("prompt", "consent"),
        ("nonce", "x"),
        ("access_type", "offline"),
        ("audience", "x"),
        ("login_hint", "bob@example.com"),
        ("max_age", "0"),
        ("claims", "{}"),
        ("response_mode", "query"),
        ("foo", "bar"),
        ("code_challenge", &"a".repeat(43)),
        ("state", ""),
        ("scope", ""),
        ("scope", " mcp  tools:write "),
        ("scope", "claudeai"),
        ("scope", "mcp openid offline_access"),
        ("scope", "\"quoted\" \\ mcp"),
        ("resource", ""),
        ("resource", "https://mcp.example.com/mcp"),
        ("resource", "https://mcp.example.com/mcp/"),
        ("resource", "HTTPS://MCP.Example.com/mcp"),
        ("resource", "https://mcp.example.com:443/other/mcp"),
    ] {
        let answer = server.authorize(&alice(), &with(&request, name, value)).await;
        assert!(answer.is_question(), "{name}={value}: {answer:?}");
    }
    let twice = also(&also(&request, "foo", "1"), "foo", "2");
    assert!(server.authorize(&alice(), &twice).await.is_question());
    let same = resources(&request, &["https://mcp.example.com/mcp", "https://mcp.example.com/mcp/"]);
    assert!(server.authorize(&alice(), &same).await.is_question());
}

/// AZ-44: two resources are one audience too many
#[tokio::test]
async fn two_resources_give_no_token_for_both() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    let both = resources(&request, &["https://mcp.example.com/mcp", "https://mcp.example.com/other/mcp"]);
    let answer = server.authorize(&alice(), &both).await;
    assert_eq!(answer.param("error").as_deref(), Some("invalid_target"), "{answer:?}");
}

/// X-08, AZ-48, design 5.9: what cannot be decoded is a mistake of the client's
#[tokio::test]
async fn bytes_that_are_no_text_go_back_to_the_client_where_it_is_known() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    for (name, broken, state) in [
        ("scope", "scope=%ff", Some(STATE)),
        ("scope", "scope=%zz", Some(STATE)),
        ("scope", "scope=%", Some(STATE)),
        ("resource", "resource=%c3%28", Some(STATE)),
        ("foo", "foo=%ff", Some(STATE)),
        ("foo", "%ff=foo", Some(STATE)),
        ("state", "state=%fe", None),
    ] {
        let query = encoded(&without(&request, name));
        let answer = server.authorize_by(&alice(), &format!("{query}&{broken}")).await;
        assert_eq!(answer.target(), Some(CLAUDE), "{broken}: {answer:?}");
        assert_eq!(answer.param("error").as_deref(), Some("invalid_request"), "{broken}: {answer:?}");
        assert_eq!(answer.param("iss"), Some(server.issuer()), "{broken}: {answer:?}");
        assert_eq!(answer.param("state").as_deref(), state, "{broken}: {answer:?}");
    }
    for (name, broken) in [
        ("client_id", "client_id=%ff"),
        ("redirect_uri", "redirect_uri=%zz"),
        ("foo", "client_id=%ff"),
        ("foo", "redirect_uri=%zz"),
    ] {
        let query = encoded(&without(&request, name));
        let answer = server.authorize_by(&alice(), &format!("{query}&{broken}")).await;
        assert!(answer.status == 400 && answer.is_refusal_page(), "{name} {broken}: {answer:?}");
    }
}

/// AZ-47, design 5.12: state comes back byte for byte
#[tokio::test]
async fn state_comes_back_as_it_was_sent() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    let long = "s".repeat(2_000);
    for state in [
        "vscode://vscode.github-authentication/did-authenticate?nonce=1&windowId=2",
        "%20+&=?#\"<>%25",
        "a b",
        "a+b",
        "\u{e9}\u{4e2d}",
        "\r\nLocation: https://evil.example",
        "{\"a\":[1,2]}",
        &long,
    ] {
        let query = with(&request, "state", state);
        let granted = server.consent(&server.authorize(&alice(), &query).await).await;
        let refused = server.authorize(&alice(), &with(&query, "response_type", "token")).await;
        for answer in [granted, refused] {
            assert_eq!(answer.param("state").as_deref(), Some(state), "{answer:?}");
            assert!(!answer.location().unwrap().contains(['+', ' ']), "{answer:?}");
        }
    }
    for query in [without(&request, "state"), with(&request, "state", "")] {
        let answer = server.authorize(&alice(), &with(&query, "response_type", "token")).await;
        assert_eq!(answer.param("state"), None, "{answer:?}");
    }
}

/// design 5.4, clients A3: a look changes nothing
#[tokio::test]
async fn asking_twice_is_asking_the_same_thing_twice() {
    let server = TestServer::spawn();
    let request = server.client().await.request();
    let (first, second) =
        (server.authorize(&alice(), &request).await, server.authorize(&alice(), &request).await);
    for page in [first, second] {
        assert!(server.consent(&page).await.param("code").is_some());
    }
}

/// AZ-23, T3, design 5.7: the policy holds at authorize, whatever it was at registration
#[tokio::test]
async fn what_the_site_no_longer_allows_is_refused_here() {
    let before = TestServer::spawn();
    let client = before.client().await;
    let after = before.again_with([("MCP_AUTH_PUBLIC_REDIRECTS", "cursor")]);
    assert!(after.authorize(&alice(), &client.request()).await.is_refusal_page());
}

fn resources(request: &Form, resources: &[&str]) -> Form {
    resources.iter().fold(request.clone(), |query, resource| also(&query, "resource", resource))
}

fn tampered(id: &str) -> String {
    let middle = id.len() / 2;
    let other = if &id[middle..=middle] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &id[..middle], &id[middle + 1..])
}
