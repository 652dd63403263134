//! What somebody can send who holds the rings, or another version of this server: whatever header and content, under a
//! key of ours.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::fixed::{KEYS, NOW, OURS};
use crate::artifact::{AccessToken, AuthorizationCode, Client, Question, RefreshToken};
use crate::seal::forged::{encrypted, signed};
use crate::seal::{Artifact, Form, Purpose, Sealed};

/// Three lines: how it is sealed, the header, the content. Whatever opens is of the kind that it says, and the same when
/// it comes again.
pub fn keyholder(data: &[u8]) {
    opening(data);
}

/// As which kinds it opens.
pub(super) fn opening(data: &[u8]) -> Vec<&'static str> {
    let mut lines = data.splitn(3, |&byte| byte == b'\n');
    let (Some(how), Some(header), Some(content)) = (lines.next(), lines.next(), lines.next()) else {
        return Vec::new();
    };
    let text = sealed(how, header, content).and_then(|text| String::from_utf8(text).ok());
    let Some(text) = text else { return Vec::new() };
    let said: Map<String, Value> = serde_json::from_slice(header).unwrap_or_default();
    let as_a = [
        kind::<AccessToken>,
        kind::<AuthorizationCode>,
        kind::<Client>,
        kind::<Question>,
        kind::<RefreshToken>,
    ];
    as_a.into_iter().filter_map(|kind| kind(&text, how, &said)).collect()
}

fn kind<T: Artifact>(text: &str, how: &[u8], said: &Map<String, Value>) -> Option<&'static str> {
    let sealed = Sealed::<T>::new(text);
    let _ = OURS.look_at(&sealed, NOW);
    let [first, second] = [(); 2].map(|()| OURS.open(&sealed, NOW).ok());
    assert_eq!(json!(first), json!(second), "it came again");
    let opened = first?;
    assert!(opened.exp().is_none_or(|end| NOW < end));
    assert_eq!(said.get("typ"), Some(&json!(T::TYP)));
    assert!(!said.contains_key("crit"), "something has to be understood that is not");
    let ours: &[u8] = match T::FORM {
        Form::Signed(Purpose::Access) => b"access",
        Form::Signed(Purpose::Registration) => b"registration",
        Form::Signed(Purpose::Session) => b"session",
        Form::SignedInside => b"inside",
        Form::Encrypted => b"encrypted",
    };
    assert_eq!(how, ours, "{}", T::TYP);
    Some(T::TYP)
}

fn sealed(how: &[u8], header: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let rings = KEYS.current();
    let sign = |purpose, payload: &[u8]| signed(rings.of(purpose).active(), header, payload);
    let encoded = URL_SAFE_NO_PAD.encode(content).into_bytes();
    let session = rings.session.active();
    match how {
        b"access" => sign(Purpose::Access, &encoded),
        // RFC 7797.
        b"access, as it is" => sign(Purpose::Access, content),
        b"registration" => sign(Purpose::Registration, &encoded),
        b"session" => sign(Purpose::Session, &encoded),
        b"inside" => {
            let (typ, kid) = (AuthorizationCode::TYP, session.record().kid());
            let outer = format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{kid}","typ":"{typ}"}}"#);
            encrypted(session, outer.as_bytes(), &sign(Purpose::Session, &encoded)?)
        }
        b"encrypted" => encrypted(session, header, content),
        _ => None,
    }
}
