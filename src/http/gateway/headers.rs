//! What the MCP server sees: who it is by the token, and nothing that a client could forge.

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::http::header::{HeaderMap as SentHeaders, HeaderValue as SentValue};
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::artifact::AccessToken;
use crate::config::UpstreamAuthorization;
use crate::oauth::Issuer;

const USER: HeaderName = HeaderName::from_static("x-forwarded-user");
const EMAIL: HeaderName = HeaderName::from_static("x-forwarded-email");
const SCOPE: HeaderName = HeaderName::from_static("x-forwarded-scope");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// For one hop only (RFC 9110 §7.6.1), answered here already, or set by the client library.
const NOT_PASSED_ON: [&str; 13] = [
    "connection",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Everything that speaks of identity or of the way, as this proxy and others name it, with what some servers take
/// for the path; the token says who it is.
const OF_THE_PROXY: [&str; 22] = [
    "cf-access-",
    "cf-connecting-ip",
    "forwarded",
    "gap-",
    "remote-",
    "tailscale-",
    "true-client-ip",
    "x-amzn-oidc-",
    "x-auth-request-",
    "x-authenticated-",
    "x-client-ip",
    "x-forwarded",
    "x-goog-authenticated-user-",
    "x-goog-iap-",
    "x-ms-client-principal",
    "x-original-",
    "x-pomerium-",
    "x-real-ip",
    "x-remote-",
    "x-rewrite-",
    "x-sidecar-",
    "x-webauth-",
];

/// The headers for the MCP server: the client's without what is not for it, then the identity from the token.
pub(super) fn to_upstream(
    sent: &SentHeaders,
    token: &AccessToken,
    issuer: &Issuer,
    caller: Option<IpAddr>,
    authorization: UpstreamAuthorization,
) -> HeaderMap {
    let hop_by_hop = connection_options(sent.get_all("connection").map(SentValue::as_bytes));
    // Those that are set here, `Host`, and what is on the way.
    let mut headers = HeaderMap::with_capacity(sent.len() + 8);
    for (name, value) in sent {
        if is_passed_on(name.as_str(), &hop_by_hop) {
            append(&mut headers, name.as_str(), value.as_bytes());
        }
    }
    if authorization == UpstreamAuthorization::Strip {
        headers.remove(AUTHORIZATION);
    }
    let caller = caller.map(|address| address.to_string()).unwrap_or_default();
    for (name, value) in [
        (USER, token.person.sub.as_str()),
        (EMAIL, token.person.email.as_str()),
        (SCOPE, token.scope.as_str()),
        (HOST, issuer.authority()),
        (PROTO, issuer.scheme()),
        (FOR, &caller),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.append(name, value);
        }
    }
    headers
}

/// Of the origin where people are signed in and asked, which is not the MCP server's to change.
const OF_THE_ORIGIN: [&str; 2] = ["clear-site-data", "set-cookie"];

/// The headers of the answer that are for the client.
pub(super) fn from_upstream(answer: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let hop_by_hop = connection_options(answer.get_all("connection").iter().map(HeaderValue::as_bytes));
    answer.iter().filter_map(move |(name, value)| {
        let name = name.as_str();
        let kept = NOT_PASSED_ON.contains(&name) || OF_THE_ORIGIN.contains(&name);
        let passed = !kept && !is_among(&hop_by_hop, &as_read(name));
        (passed && !name.starts_with("access-control-")).then_some((name, value.as_bytes()))
    })
}

/// Where an answer leads within the MCP server, as its clients call it: the server knows only its name here.
pub(super) fn led_back(location: &HeaderValue, host: &HeaderValue, issuer: &Issuer) -> Option<String> {
    let (scheme, rest) = location.to_str().ok()?.split_once("://")?;
    let (authority, at) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_ours = ["http", "https"].iter().any(|http| scheme.eq_ignore_ascii_case(http))
        && authority.as_bytes().eq_ignore_ascii_case(host.as_bytes());
    is_ours.then(|| issuer.at(at))
}

fn is_passed_on(name: &str, hop_by_hop: &[String]) -> bool {
    let read = as_read(name);
    // Another word on where the body ends would be a way to hide a request in it.
    let is_second_length = read == "content-length" && name != read;
    !NOT_PASSED_ON.contains(&&*read)
        && !is_second_length
        && !is_among(hop_by_hop, &read)
        && !OF_THE_PROXY.iter().any(|prefix| read.starts_with(prefix))
}

fn is_among(names: &[String], name: &str) -> bool {
    names.iter().any(|other| other == name)
}

/// A name as the most careless server takes it: whatever is neither letter nor digit is the same, as in the names
/// of variables (RFC 3875 §4.1.18).
fn as_read(name: &str) -> Cow<'_, str> {
    let is_read_so = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.bytes().all(is_read_so) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.replace(|c: char| !c.is_ascii_alphanumeric(), "-").to_ascii_lowercase())
}

/// The names that `Connection` makes hop-by-hop. It cannot take away what is set here: that is set afterwards.
fn connection_options<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let texts = values.filter_map(|value| std::str::from_utf8(value).ok());
    texts.flat_map(|text| text.split(',')).map(|option| as_read(option.trim()).into_owned()).collect()
}

fn append(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // PX-01, PX-02, T18
    #[test]
    fn nothing_that_speaks_of_identity_or_of_the_way_is_passed_on() {
        let hop_by_hop = connection_options([&b"keep-alive, X-Custom, x_other"[..]].into_iter());
        for gone in [
            "x-forwarded-user",
            "x_forwarded_email",
            "x.forwarded.email",
            "x~forwarded|scope",
            "x-forwarded-anything",
            "x-forwarded",
            "x-original-url",
            "x_rewrite_url",
            "x-auth-request-groups",
            "x_auth_request_email",
            "forwarded",
            "x-real-ip",
            "x_real_ip",
            "gap-auth",
            "gap_signature",
            "x-sidecar-auth",
            "remote-user",
            "x-webauth-user",
            "x-goog-iap-jwt-assertion",
            "cf-access-authenticated-user-email",
            "cf-connecting-ip",
            "tailscale-user-login",
            "true-client-ip",
            "x-amzn-oidc-identity",
            "x-authenticated-user",
            "x-client-ip",
            "x-ms-client-principal-name",
            "x-pomerium-claim-email",
            "cookie",
            "origin",
            "host",
            "connection",
            "upgrade",
            "te",
            "transfer-encoding",
            "transfer_encoding",
            "content_length",
            "content.length",
            "x-custom",
            "x_custom",
            "x_other",
            "x-other",
        ] {
            assert!(!is_passed_on(gone, &hop_by_hop), "{gone}");
        }
        for kept in [
            "authorization",
            "content-type",
            "content-length",
            "accept",
            "mcp-session-id",
            "mcp-protocol-version",
            "last-event-id",
            "x-forward",
        ] {
            assert!(is_passed_on(kept, &hop_by_hop), "{kept}");
        }
    }
}
