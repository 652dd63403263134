//! Queries and forms.

use actix_web::http::header::HeaderMap;
use percent_encoding::percent_decode;
use url::form_urlencoded;

use crate::flow::authorize::AuthorizeParams;
use crate::flow::exchange::{GrantRequest, TokenRequest};
use crate::http::params::Params;
use crate::http::token::{FIELDS, parsed};

/// The query of an authorization request: each field is there exactly where it came once, with its value.
pub fn authorize_query(data: &[u8]) {
    let Some(params) = params(data) else { return };
    let read = AuthorizeParams::from(&params);
    for (name, field) in [
        ("client_id", &read.client_id),
        ("redirect_uri", &read.redirect_uri),
        ("response_type", &read.response_type),
        ("response_mode", &read.response_mode),
        ("state", &read.state),
        ("scope", &read.scope),
        ("code_challenge", &read.code_challenge),
        ("code_challenge_method", &read.code_challenge_method),
        ("request", &read.request),
        ("request_uri", &read.request_uri),
    ] {
        assert_eq!(field.as_deref(), once(&params, name), "{name}");
        assert_eq!(read.repeated.contains(&name), values(&params, name).len() > 1, "{name}");
    }
    assert_eq!(read.resource, values(&params, "resource"));
}

/// The form of a token request: what is asked for is what the form says, and nothing came twice.
pub fn token_form(data: &[u8]) {
    let Some(form) = params(data) else { return };
    let Ok(request) = parsed(&form, &HeaderMap::new()) else { return };
    let twice: Vec<&str> = FIELDS.into_iter().filter(|field| values(&form, field).len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?} came twice and were taken");
    let TokenRequest { credentials, grant, resource } = request;
    assert_eq!(Some(credentials.id.as_str()), once(&form, "client_id"));
    assert_eq!(credentials.secrets, values(&form, "client_secret"));
    assert_eq!(resource, values(&form, "resource"));
    match grant {
        GrantRequest::Code { code, redirect_uri, verifier } => {
            assert_eq!(once(&form, "grant_type"), Some("authorization_code"));
            assert_eq!(once(&form, "code"), Some(code.as_str()));
            assert_eq!(once(&form, "redirect_uri"), redirect_uri.as_deref());
            assert_eq!(once(&form, "code_verifier").is_some(), verifier.is_some());
        }
        GrantRequest::Refresh { token, scope } => {
            assert_eq!(once(&form, "grant_type"), Some("refresh_token"));
            assert_eq!(once(&form, "refresh_token"), Some(token.as_str()));
            assert_eq!(once(&form, "scope"), scope.as_deref());
        }
    }
}

/// Reads the same as a decoder by other hands, and refuses what that one would only have guessed.
fn params(text: &[u8]) -> Option<Params> {
    let read = Params::parse(text).ok();
    assert_eq!(read.is_some(), is_decodable(text));
    let theirs: Vec<(String, String)> =
        form_urlencoded::parse(text).into_owned().filter(|(_, value)| !value.is_empty()).collect();
    read.inspect(|read| assert_eq!(read.0, theirs))
}

/// Is every pair that has a value percent-encoded UTF-8?
fn is_decodable(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'&').all(|pair| {
        let mut halves = pair.splitn(2, |&byte| byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        value.is_empty() || [name, value].into_iter().all(is_encoded_utf_8)
    })
}

fn is_encoded_utf_8(text: &[u8]) -> bool {
    let mut after_percent_signs = text.split(|&byte| byte == b'%').skip(1);
    after_percent_signs.all(|rest| rest.len() >= 2 && rest[..2].iter().all(u8::is_ascii_hexdigit))
        && percent_decode(text).decode_utf8().is_ok()
}

fn values<'a>(params: &'a Params, name: &str) -> Vec<&'a str> {
    params.0.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
}

fn once<'a>(params: &'a Params, name: &str) -> Option<&'a str> {
    match values(params, name).as_slice() {
        [only] => Some(only),
        _ => None,
    }
}
