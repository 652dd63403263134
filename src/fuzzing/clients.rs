//! What clients say of themselves: redirect URIs, registrations, documents.

use std::str;

use serde_json::{Value, json};
use url::Url;

use super::fixed::{AUTHORITY, NOW, OURS};
use crate::artifact::{Client, displayable};
use crate::document::{Document, DocumentUrl};
use crate::http::register::metadata;
use crate::oauth::RedirectUri;
use crate::seal::Sealed;

/// A registered and a requested redirect URI, one a line; alone it is both.
pub fn redirect_uri(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (registered, requested) = text.split_once('\n').unwrap_or((text, text));
    let parsed = [registered, requested].map(|text| RedirectUri::try_from(text.to_owned()).ok());
    parsed.iter().flatten().for_each(stands_alone);
    if let [Some(registered), Some(requested)] = parsed {
        let admitted = registered.admits(&requested);
        assert_eq!(admitted, requested.admits(&registered));
        assert!(!admitted || registered == requested || differ_in_port(&registered, &requested));
    }
}

fn stands_alone(uri: &RedirectUri) {
    let url = Url::parse(uri.as_str()).unwrap();
    assert_eq!(url.as_str(), uri.as_str(), "parsing changes it");
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    assert!(!uri.host().is_empty() && uri.destination().contains(&uri.host()));
    assert_eq!(uri.is_loopback(), url.scheme() == "http");
    assert!(!uri.is_loopback() || ["127.0.0.1", "[::1]", "localhost"].contains(&uri.host().as_str()));
    assert!(uri.admits(uri));
    let read = serde_json::from_value::<RedirectUri>(serde_json::to_value(uri).unwrap()).unwrap();
    assert_eq!(&read, uri);
    if let Some(other) = changed(&url, |url| url.set_host(Some("evil.example")).is_ok()) {
        assert!(other == *uri || !uri.admits(&other), "{other:?}");
    }
    if let Some(other) = changed(&url, |url| url.set_port(Some(53124)).is_ok()) {
        assert_eq!(uri.admits(&other), uri.is_loopback() || other == *uri, "{other:?}");
    }
}

fn changed(url: &Url, change: impl Fn(&mut Url) -> bool) -> Option<RedirectUri> {
    let mut url = url.clone();
    change(&mut url).then(|| RedirectUri::try_from(String::from(url)).ok()).flatten()
}

fn differ_in_port(one: &RedirectUri, other: &RedirectUri) -> bool {
    let [one, other] = [one, other].map(|uri| Url::parse(uri.as_str()).unwrap());
    let rest = |url: &Url| {
        [url.scheme(), url.host_str().unwrap(), url.path(), url.query().unwrap_or("\n")].join("\t")
    };
    one.scheme() == "http" && rest(&one) == rest(&other)
}

/// A registration: the answer says what was asked for and allowed, and its `client_id` says what the answer says.
pub fn registration(data: &[u8]) {
    assert!(metadata(Some("text/plain".into()), data).is_err());
    let Ok(asked) = metadata(Some("application/json".into()), data) else { return };
    let Ok(registered) = AUTHORITY.register(asked, NOW) else { return };
    let told: Value = serde_json::from_slice(data).unwrap();
    let answer = serde_json::to_value(&registered).unwrap();
    assert!(answer.as_object().unwrap().values().all(|member| !member.is_null()));
    assert!(answer.get("client_secret").is_none() && answer["token_endpoint_auth_method"] == "none");
    let text = answer["client_id"].as_str().unwrap();
    assert!(text.len() < 4096, "a client_id of {} characters", text.len());
    let client: Client = OURS.open(&Sealed::new(text), NOW).unwrap();
    assert_eq!(&client.jti, registered.jti());
    assert!(client.minted.is_none() && client.exp.is_none() && client.document.is_none());
    assert_eq!(json!(client.redirect_uris), answer["redirect_uris"]);
    assert_eq!(client.name.as_deref(), answer.get("client_name").and_then(Value::as_str));
    is_told(&client, &told);
    assert!(client.redirect_uris.iter().all(|uri| AUTHORITY.site.redirects.admits(uri)));
}

/// A client metadata document: its client is public, and says no more than the document.
pub fn client_document(data: &[u8]) {
    let Ok(document) = serde_json::from_slice::<Document>(data) else { return };
    let Ok(client) = document.client(false) else { return };
    // Strings that are ignored may hold half a surrogate pair.
    let Ok(told) = serde_json::from_slice::<Value>(data) else { return };
    is_told(&client, &told);
    assert!(client.name.is_some() && client.minted.is_none() && client.must_prove_key());
    assert!(told["client_secret"].is_null() && told["client_secret_expires_at"].is_null());
    let described = client.document.unwrap();
    let url = DocumentUrl::try_from(described.url.as_str()).unwrap();
    assert!(!described.by_operator && told["client_id"] == url.as_str());
    assert_eq!(client.jti, url.jti());
    let parsed = Url::parse(url.as_str()).unwrap();
    assert!(parsed.scheme() == "https" && parsed.username().is_empty() && parsed.fragment().is_none());
    assert_eq!(described.host(), &parsed[url::Position::BeforeHost..url::Position::AfterPort]);
}

/// Its redirect URIs are among those it named, and its name, if it has one, is shown as it is.
fn is_told(client: &Client, told: &Value) {
    let named = told["redirect_uris"].as_array().unwrap();
    assert!(!client.redirect_uris.is_empty());
    assert!(client.redirect_uris.iter().all(|uri| named.contains(&json!(uri))));
    if let Some(name) = &client.name {
        assert_eq!(displayable(name), Ok(Some(name.clone())));
        assert!(!name.contains(char::is_control));
    }
}
