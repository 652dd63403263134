//! Where the browser may be sent back to.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Longer ones would make authorize URLs that proxies refuse.
const LONGEST: usize = 2048;
/// Schemes that a browser runs or reads itself instead of handing them to an application.
const NEVER: [&str; 9] = ["javascript", "data", "file", "vbscript", "blob", "about", "ftp", "ws", "wss"];
/// Parameters of the answer (RFC 6749 §4.1.2, RFC 9207 §2): a second copy would be ambiguous.
const ANSWERS: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// A redirect URI as text: kept as it was sent, and parsing it changes nothing.
///
/// It is https, http on the local machine, or an application's scheme, which without an authority must hold a dot;
/// without fragment and user information (RFC 6749 §3.1.2, RFC 8252 §7).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

impl RedirectUri {
    /// Exact match, but for the port of a loopback URI (RFC 8252 §7.3).
    pub fn admits(&self, requested: &Self) -> bool {
        self == requested || (self.is_loopback() && self.portless() == requested.portless())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Plain http, which is admitted on the local machine alone.
    pub fn is_loopback(&self) -> bool {
        self.0.starts_with("http://")
    }

    /// Can it stand for itself? A loopback client that named no port has yet to say which it listens on.
    pub fn is_whole(&self) -> bool {
        !self.is_loopback() || Url::parse(&self.0).is_ok_and(|url| url.port().is_some())
    }

    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }

    /// Host and port for people: where the answer goes. An application's scheme is part of it.
    pub fn destination(&self) -> &str {
        let scheme = self.scheme();
        let Some(rest) = self.0[scheme.len()..].strip_prefix("://") else { return scheme };
        let authority = rest.find(['/', '?']).unwrap_or(rest.len());
        let start = if ["http", "https"].contains(&scheme) { scheme.len() + 3 } else { 0 };
        &self.0[start..scheme.len() + 3 + authority]
    }

    /// The host alone, as deny rules name it; the scheme where there is none.
    pub fn host(&self) -> String {
        let host = Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned));
        host.unwrap_or_else(|| self.scheme().to_owned())
    }

    fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    fn portless(&self) -> Option<Url> {
        let mut url = Url::parse(&self.0).ok()?;
        url.set_port(None).ok()?;
        Some(url)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = RedirectUriError;

    fn try_from(text: String) -> Result<Self, RedirectUriError> {
        let url = Url::parse(&text).map_err(|_| RedirectUriError::Malformed)?;
        if text.len() > LONGEST || url.as_str() != text || !is_of_a_uri(&text) {
            return Err(RedirectUriError::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err(RedirectUriError::Malformed);
        }
        if url.query_pairs().any(|(name, _)| ANSWERS.contains(&name.as_ref())) {
            return Err(RedirectUriError::AnswersItself);
        }
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => Ok(Self(text)),
            ("http", Some(host)) if is_this_machine(&host) => Ok(Self(text)),
            ("http", _) => Err(RedirectUriError::PlainHttp),
            (scheme, Some(_)) if !NEVER.contains(&scheme) => Ok(Self(text)),
            // RFC 8252 §7.1: a domain of its maker's, written backwards.
            (scheme, None) if scheme.contains('.') && url.path().starts_with('/') => Ok(Self(text)),
            _ => Err(RedirectUriError::Scheme),
        }
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

/// RFC 3986 §2, without `#`, which begins a fragment, and `*` and `'`, which no callback needs.
fn is_of_a_uri(text: &str) -> bool {
    let two_digits = |tail: &str| tail.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&()+,;=%".contains(&byte))
        && text.split('%').skip(1).all(two_digits)
}

/// Three spellings and no other; each matches itself alone (RFC 8252 §7.3, §8.3).
fn is_this_machine(host: &Host<&str>) -> bool {
    ["127.0.0.1", "[::1]", "localhost"].contains(&host.to_string().as_str())
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RedirectUriError {
    #[error("a redirect_uri must not carry a parameter of the answer in its query")]
    AnswersItself,
    #[error("a redirect_uri must be an absolute URI in its normal form, without fragment, user and wildcard")]
    Malformed,
    #[error("a redirect_uri with http must point to 127.0.0.1, [::1] or localhost")]
    PlainHttp,
    #[error("a redirect_uri must not use this scheme, or not without a host")]
    Scheme,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::try_from(text.to_owned()).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    // REG-15, REG-16, AZ-18, AZ-19, AZ-22
    #[test]
    fn what_parsing_would_change_or_a_browser_would_run_is_refused() {
        for wrong in [
            "/cb",
            "",
            "https://",
            "https://a.example",
            "https://a/cb#",
            "https://a/cb#f",
            "https://a:b@c/",
            "https://a.example/@b",
            "https://u@c/",
            "https://a\\@b/",
            "https://*.a/",
            "https://A.example/cb",
            "https://a.example:443/cb",
            "https://a.example/x/../cb",
            "https://a.example/%2e%2e/cb",
            "http://evil.example/cb",
            "http://2130706433/cb",
            "http://127.1/cb",
            "http://127.0.0.2/cb",
            "http://0.0.0.0/cb",
            "http://LOCALHOST/cb",
            "http://localhost.evil/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:99999/cb",
            "http://localhost@evil/cb",
            "http://localhost:80@evil/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:https://a/b",
            "about:blank",
            "myapp:/cb",
            "myapp:cb",
            "com.example.app:cb",
            "com.example.app:",
            "com.example.app:/x/../cb",
            "com.example.app:/cb#f",
            "Com.Example.App:/cb",
            " https://a.example/cb",
            "https://a.example/c b",
            "https://a.example/cb\n",
            "https://a.example/cb?code=x",
            "https://a.example/cb?a=1&state=x",
            "https://münchen.example/cb",
            "https://a.example/%",
            "https://a.example/%4",
            "https://a.example/%zz",
            "https://a.example/%+4",
            "https://a.example/cb?x=%",
            "http://localhost/%2",
            "cursor://a/%g0",
        ] {
            assert!(RedirectUri::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        for scheme in NEVER {
            assert!(RedirectUri::try_from(format!("{scheme}://a.example/cb")).is_err(), "{scheme}");
        }
    }

    #[test]
    fn the_longest_may_be_2048_characters() {
        for (length, fits) in [(LONGEST, true), (LONGEST + 1, false)] {
            let text = format!("{:x<length$}", "https://a.example/");
            assert_eq!(RedirectUri::try_from(text).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn it_leads_to_a_page_to_this_machine_or_to_an_application() {
        for (text, https, loopback) in [
            ("https://a.example/cb", true, false),
            ("http://localhost/cb", false, true),
            ("cursor://anysphere.cursor-mcp/oauth/callback", false, false),
            ("com.example.app:/oauth2redirect", false, false),
        ] {
            assert_eq!((uri(text).is_https(), uri(text).is_loopback()), (https, loopback), "{text}");
        }
    }

    // AZ-15, AZ-16, AZ-17, AZ-18
    #[test]
    fn only_the_port_of_a_loopback_uri_may_differ() {
        for (registered, requested, admitted) in [
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://localhost/callback", "http://localhost:53124/callback", true),
            ("http://[::1]:1/cb", "http://[::1]:2/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb2", false),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1:1/cb?x=1", false),
            ("http://127.0.0.1:1/cb", "https://127.0.0.1:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://localhost:1/cb", false),
            ("http://127.0.0.1:1/cb", "http://[::1]:1/cb", false),
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example:8443/cb", false),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example/CB", false),
            ("https://127.0.0.1:1/cb", "https://127.0.0.1:2/cb", false),
            (
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "cursor://anysphere.cursor-mcp/oauth/callback",
                true,
            ),
            (
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "cursor://anysphere.cursor-mcp:1/oauth/callback",
                false,
            ),
        ] {
            assert_eq!(uri(registered).admits(&uri(requested)), admitted, "{registered} {requested}");
        }
    }

    #[test]
    fn people_are_told_the_host_or_the_scheme_and_rules_name_it() {
        for (text, destination, host) in [
            ("https://claude.ai/api/mcp/auth_callback", "claude.ai", "claude.ai"),
            ("http://localhost:53124/callback", "localhost:53124", "localhost"),
            ("http://[::1]:1/?x=/", "[::1]:1", "[::1]"),
            (
                "cursor://anysphere.cursor-mcp/oauth/callback",
                "cursor://anysphere.cursor-mcp",
                "anysphere.cursor-mcp",
            ),
            ("com.example.app:/oauth2redirect", "com.example.app", "com.example.app"),
            ("com.example.app:/x://claude.ai/cb", "com.example.app", "com.example.app"),
            ("http.app://claude.ai/cb", "http.app://claude.ai", "claude.ai"),
        ] {
            assert_eq!((uri(text).destination(), uri(text).host().as_str()), (destination, host));
        }
    }
}
