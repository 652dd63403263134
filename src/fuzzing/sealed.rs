//! `open` for each kind that this server seals: whatever opens is the one value that the fixed keys ever sealed.

use std::str;

use serde_json::{Value, json};

use super::fixed::{NOW, OURS, THEIRS};
use crate::artifact::{AccessToken, AuthorizationCode, Client, Question, RefreshToken};
use crate::clock::Timestamp;
use crate::oauth::Jti;
use crate::seal::unproven::Unproven;
use crate::seal::{Artifact, OpenError, Sealed};

pub fn access_token(data: &[u8]) {
    opens::<AccessToken>(data);
}

pub fn client_id(data: &[u8]) {
    opens::<Client>(data);
    let _ = str::from_utf8(data).map(Client::peek);
}

pub fn code(data: &[u8]) {
    opens::<AuthorizationCode>(data);
}

pub fn question(data: &[u8]) {
    opens::<Question>(data);
}

pub fn refresh_token(data: &[u8]) {
    opens::<RefreshToken>(data);
}

/// Does it open as a `T`? If so it is ours whole, for our site, until it ends, and as no other kind.
fn opens<T: Artifact>(data: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(data) else { return false };
    let said = Unproven::of(text);
    assert!(said.iss.is_none_or(|iss| iss.is_ascii()) && said.kid.is_none_or(|kid| kid.len() == 43));
    let sealed = Sealed::<T>::new(text);
    let Ok(artifact) = OURS.open(&sealed, NOW) else { return false };
    assert_eq!(json!(artifact), json!(ours::<T>()), "somebody else sealed it");
    assert!(matches!(THEIRS.open(&sealed, NOW), Err(OpenError::Issuer)));
    if let Some(end) = artifact.exp() {
        assert!(matches!(OURS.open(&sealed, end), Err(OpenError::Expired)));
    }
    assert_eq!(kinds(text), [T::TYP]);
    true
}

/// As which kinds a text opens.
fn kinds(text: &str) -> Vec<&'static str> {
    let as_a = [
        kind::<AccessToken>,
        kind::<AuthorizationCode>,
        kind::<Client>,
        kind::<Question>,
        kind::<RefreshToken>,
    ];
    as_a.into_iter().filter_map(|kind| kind(text)).collect()
}

fn kind<T: Artifact>(text: &str) -> Option<&'static str> {
    OURS.open(&Sealed::<T>::new(text), NOW).ok().map(|_| T::TYP)
}

/// The value of a kind: its members are among these.
fn ours<T: Artifact>() -> T {
    let end = Timestamp::from_secs(NOW.as_secs() + 600);
    let resource = "https://mcp.example/mcp";
    let mut claims = json!({
        "aud": resource, "auth_time": NOW, "client": "0".repeat(43), "client_id": "a client", "client_jti": "jti",
        "email": "alice@example.com", "gen": 1, "iat": NOW, "jti": Jti("jti".to_owned()), "nonce": 7,
        "redirect_uri": "http://localhost:1/cb", "resource": resource, "scope": "mcp", "sid": "family",
        "state": "state", "sub": "1001", "uris": ["http://localhost:1/cb"],
    });
    if T::TYP != Client::TYP {
        claims["exp"] = json!(end);
    }
    serde_json::from_value::<T>(Value::clone(&claims)).unwrap()
}

/// A kind's name, a text of it, and whether a text is one.
#[cfg(test)]
type Seed = (&'static str, String, fn(&[u8]) -> bool);

#[cfg(test)]
pub(super) fn seeds() -> [Seed; 5] {
    fn seed<T: Artifact>() -> String {
        OURS.seal(&ours::<T>()).unwrap().into_text()
    }
    [
        ("access_token", seed::<AccessToken>(), opens::<AccessToken>),
        ("client_id", seed::<Client>(), opens::<Client>),
        ("code", seed::<AuthorizationCode>(), opens::<AuthorizationCode>),
        ("question", seed::<Question>(), opens::<Question>),
        ("refresh_token", seed::<RefreshToken>(), opens::<RefreshToken>),
    ]
}
