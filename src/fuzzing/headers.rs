//! Headers that say who is there: HTTP Basic, and the proxy's.

use std::str;

use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::ProxySecret;
use crate::http::credentials;
use crate::http::identity::{by_headers, is_from_proxy};
use crate::http::params::Params;
use crate::oauth::{EmailAddress, Subject};

const SECRETS: [&str; 2] = ["the-first-secret-that-is-no-secret", "the-second-secret-that-is-no-secret"];

/// `Authorization` at the token endpoint: what was read can be said again by the book, and agrees with no other
/// name and no second secret in the form.
pub fn basic(data: &[u8]) {
    let Some(read) = credentials::basic(data) else { return };
    let id = read.id.as_str();
    assert!(!id.is_empty() && read.secrets.len() <= 2 && !read.secrets.contains(&String::new()));
    for secret in &read.secrets {
        let again = credentials::basic(by_the_book(id, secret).as_bytes()).unwrap();
        assert_eq!(again.id.as_str(), id);
        assert!(again.secrets.contains(secret));
    }
    let Ok(header) = HeaderValue::from_bytes(data) else { return };
    let headers: HeaderMap = [(AUTHORIZATION, header)].into_iter().collect();
    let another = format!("{id}x");
    for (name, value, taken) in [
        ("client_id", id, true),
        ("client_id", &another, false),
        ("client_secret", "x", false),
        ("client_assertion", "x", false),
    ] {
        let form = Params(vec![(name.to_owned(), value.to_owned())]);
        assert_eq!(credentials::credentials(&form, &headers).is_ok(), taken, "{name}={value}");
    }
}

/// RFC 6749 §2.3.1.
fn by_the_book(id: &str, secret: &str) -> String {
    let [id, secret] = [id, secret].map(|part| utf8_percent_encode(part, NON_ALPHANUMERIC));
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// The proxy's headers, one a line: a person, or a proof, is what stands there exactly once.
pub fn identity_headers(data: &[u8]) {
    let headers: HeaderMap = data.split(|&byte| byte == b'\n').filter_map(header).collect();
    let only = |name: &str| {
        let mut values = headers.get_all(name);
        let value = values.next().filter(|_| values.next().is_none())?;
        str::from_utf8(value.as_bytes()).ok()
    };
    let sub = only("x-forwarded-user").and_then(|text| Subject::try_from(text.to_owned()).ok());
    let email = only("x-forwarded-email").and_then(|text| EmailAddress::try_from(text.to_owned()).ok());
    let person = by_headers(&headers).ok();
    assert_eq!(person.map(|person| (person.sub, person.email)), sub.zip(email));
    let secrets = ProxySecret::parse(&SECRETS.join("\n")).unwrap();
    let proven = only("x-sidecar-auth").is_some_and(|secret| SECRETS.contains(&secret));
    assert_eq!(is_from_proxy(&secrets, &headers).is_ok(), proven);
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let at = line.windows(2).position(|two| two == b": ")?;
    Some((HeaderName::from_bytes(&line[..at]).ok()?, HeaderValue::from_bytes(&line[at + 2..]).ok()?))
}
