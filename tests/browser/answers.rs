//! What Chromium does with an answer, scripts switched off: it follows to the client, wherever that is.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use axum::http::{HeaderMap, HeaderValue};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::{
    chromium::{Tab, until},
    client::{Client, STATE},
    front::Posted,
    listener::{Listener, param},
    pages::CURSOR,
    server::{TestServer, bob},
};

/// AZ-68
#[tokio::test]
async fn allow_leads_to_a_program_on_this_computer_with_a_code_it_can_redeem() {
    let Asked { server, client, program, tab } = Asked::by_a_program().await;
    tab.press("Allow").await;
    tab.arrive(&client.redirect_uri).await;
    assert_eq!(tab.shown().await.text, "You are signed in.");
    let answered = program.hear("/callback").await;
    assert_eq!(param(&answered, "state").as_deref(), Some(STATE));
    assert_eq!(param(&answered, "iss"), Some(server.internal.clone()));
    assert!(client.redeems(&server.internal, &param(&answered, "code").unwrap()).await);
}

#[tokio::test]
async fn deny_leads_there_without_a_code() {
    let Asked { server: _running, client, program, tab } = Asked::by_a_program().await;
    tab.press("Deny").await;
    tab.arrive(&client.redirect_uri).await;
    let answered = program.hear("/callback").await;
    assert_eq!(param(&answered, "error").as_deref(), Some("access_denied"));
    assert_eq!((param(&answered, "code"), param(&answered, "state").as_deref()), (None, Some(STATE)));
}

/// AZ-68, clients G20: the page stays, so that it may be pressed once more
#[tokio::test]
async fn allow_opens_the_application_that_has_claimed_the_scheme() {
    let (server, client) = asked_by_an_application().await;
    let profile = profile(&server.internal);
    let tab = Tab::of_profile(profile.path()).await;
    tab.go(&client.asks(&server.internal)).await;
    for press in ["the first", "the second"] {
        tab.press("Allow").await;
        let opened = until(press, async || opened(profile.path())).await;
        assert!(opened.as_str().starts_with(&format!("{CURSOR}?code=")), "{opened}");
        assert_eq!(param(&opened, "state").as_deref(), Some(STATE));
        assert!(client.redeems(&server.internal, &param(&opened, "code").unwrap()).await, "{press}");
        assert!(tab.shown().await.text.contains("you can close it"), "{press}");
    }
    tab.close().await;
}

/// AZ-68: why there is none
#[tokio::test]
async fn a_form_action_in_the_policy_would_stop_both_ways() {
    let Asked { server, program, tab, .. } = Asked::by_a_program_with(form_action).await;
    tab.press("Allow").await;
    tab.hear("violates the following Content Security Policy directive: \"form-action 'self'\"").await;
    assert_eq!(server.front.posted().len(), 1, "the answer itself arrives");
    assert!(program.asked("/callback").is_empty());

    let (server, client) = asked_by_an_application().await;
    server.front.change(form_action);
    let profile = profile(&server.internal);
    let tab = Tab::of_profile(profile.path()).await;
    tab.go(&client.asks(&server.internal)).await;
    tab.press("Allow").await;
    tab.hear("violates the following Content Security Policy directive: \"form-action 'self'\"").await;
    assert_eq!(server.front.posted().len(), 1, "the answer itself arrives");
    assert_eq!(opened(profile.path()), None);
    tab.close().await;
}

/// design 5.4
#[tokio::test]
async fn the_answer_comes_with_the_sites_origin() {
    let Asked { server, client, tab, .. } = Asked::by_a_program().await;
    tab.press("Allow").await;
    tab.arrive(&client.redirect_uri).await;
    assert_eq!(server.front.posted(), [posted(&server.internal, "same-origin")]);
}

/// design 5.4: why the question alone has another referrer policy than the rest
#[tokio::test]
async fn without_a_referrer_the_origin_would_be_null_and_fetch_metadata_decides() {
    let Asked { server, client, program, tab } = Asked::by_a_program_with(no_referrer).await;
    tab.press("Allow").await;
    tab.arrive(&client.redirect_uri).await;
    assert_eq!(server.front.posted(), [posted("null", "same-origin")]);
    assert!(param(&program.hear("/callback").await, "code").is_some());
}

#[tokio::test]
async fn who_goes_back_is_asked_once_more_and_may_answer_once_more() {
    let Asked { server: _running, client, program, tab } = Asked::by_a_program().await;
    for answer in ["Deny", "Allow"] {
        tab.press(answer).await;
        tab.arrive(&client.redirect_uri).await;
        tab.back().await;
        let shown = tab.shown().await;
        assert!(shown.text.contains("Allow an application"), "{}", shown.text);
    }
    let given: Vec<_> =
        program.asked("/callback").iter().map(|answered| param(answered, "code").is_some()).collect();
    assert_eq!(given, [false, true]);
}

#[tokio::test]
async fn who_presses_twice_arrives_with_a_code_that_can_be_redeemed() {
    let Asked { server, client, program, tab } = Asked::by_a_program().await;
    tab.press_twice("Allow").await;
    tab.arrive(&client.redirect_uri).await;
    assert_eq!(tab.shown().await.text, "You are signed in.");
    let last = program.hear("/callback").await;
    assert!(client.redeems(&server.internal, &param(&last, "code").unwrap()).await, "{last}");
}

#[tokio::test]
async fn an_answer_that_comes_too_late_or_from_somebody_else_gives_no_code() {
    let too_late: fn(&TestServer) = |server| server.wait(601);
    let somebody_else: fn(&TestServer) = |server| server.front.sign_in(bob());
    for (meanwhile, says) in [(too_late, "That took too long"), (somebody_else, "somebody else")] {
        let Asked { server, program, tab, .. } = Asked::by_a_program().await;
        meanwhile(&server);
        tab.press("Allow").await;
        tab.arrive(&format!("{}/oauth/consent", server.internal)).await;
        let shown = tab.shown().await;
        assert!(shown.text.contains(says), "{}", shown.text);
        assert!(program.asked("/callback").is_empty());
    }
}

/// A question before a person, asked by a program on this computer.
struct Asked {
    server: TestServer,
    client: Client,
    program: Listener,
    tab: Tab,
}

impl Asked {
    async fn by_a_program() -> Self {
        Self::by_a_program_with(|_| {}).await
    }

    /// With other headers than the page really has.
    async fn by_a_program_with(change: fn(&mut HeaderMap)) -> Self {
        let server = TestServer::spawn().await;
        server.front.change(change);
        let program = Listener::start("You are signed in.").await;
        let callback = format!("http://127.0.0.1:{}/callback", program.port);
        let client = Client::register(&server.internal, "Claude Code", &callback).await;
        let tab = Tab::without_scripts().await;
        assert_eq!(tab.go(&client.asks(&server.internal)).await, 200);
        Self { server, client, program, tab }
    }
}

async fn asked_by_an_application() -> (TestServer, Client) {
    let server = TestServer::spawn().await;
    let client = Client::register(&server.internal, "Cursor", CURSOR).await;
    (server, client)
}

fn form_action(headers: &mut HeaderMap) {
    let Some(policy) = headers.get("content-security-policy") else { return };
    let policy = format!("{}; form-action 'self'", policy.to_str().unwrap());
    headers.insert("content-security-policy", HeaderValue::from_str(&policy).unwrap());
}

fn no_referrer(headers: &mut HeaderMap) {
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
}

fn posted(origin: &str, fetch_site: &str) -> Posted {
    Posted { origin: Some(origin.to_owned()), fetch_site: Some(fetch_site.to_owned()) }
}

/// A browser that may open `cursor:` for this origin without a question of its own, and what it opens it with.
fn profile(origin: &str) -> TempDir {
    let profile = TempDir::new().unwrap();
    let within = |path: &str| profile.path().join(path);
    fs::create_dir_all(within("Default")).unwrap();
    fs::create_dir_all(within("bin")).unwrap();
    let allowed = json!({"protocol_handler": {"allowed_origin_protocol_pairs": {origin: {"cursor": true}}}});
    fs::write(within("Default/Preferences"), allowed.to_string()).unwrap();
    let opener =
        "#!/bin/sh\nprintf '%s\\n' \"$1\" >\"$HOME/opening\" && mv \"$HOME/opening\" \"$HOME/opened\"\n";
    fs::write(within("bin/xdg-open"), opener).unwrap();
    fs::set_permissions(within("bin/xdg-open"), fs::Permissions::from_mode(0o755)).unwrap();
    profile
}

/// The address that an application was opened with, once.
fn opened(profile: &Path) -> Option<Url> {
    let address = fs::read_to_string(profile.join("opened")).ok()?;
    fs::remove_file(profile.join("opened")).unwrap();
    Some(Url::parse(address.trim()).unwrap())
}
