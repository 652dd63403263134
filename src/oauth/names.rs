//! Issuers, the names of issued values, and what every URL of the web has in common.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// The identifier of an authorization server that is an origin: https, or http on loopback; no path, query,
/// fragment or trailing slash (RFC 8414 §2).
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Issuer(String);

impl Issuer {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port as a client writes them into `Host`.
    pub fn authority(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The absolute URL of a path of ours.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    pub fn is_loopback(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| is_loopback(&url))
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &str {
        self.0.split(':').next().unwrap_or_default()
    }

    /// Does a `Host` header mean this origin? The default port may be named.
    pub fn is_host(&self, host: &str) -> bool {
        let default_port = if self.scheme() == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default_port).unwrap_or(host);
        host.eq_ignore_ascii_case(self.authority())
    }
}

impl TryFrom<String> for Issuer {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let url = web_url(&text)?;
        if url.path() != "/" || url.query().is_some() {
            return Err(NameError::NotAnOrigin);
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return Err(NameError::PlainHttp);
        }
        Ok(Self(url.origin().ascii_serialization()))
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        issuer.0
    }
}

/// Names one issued value (RFC 7519 §4.1.7): 128 random bits in base64url. A client that has a document is named by
/// the URL of that.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Jti(pub(crate) String);

impl Jti {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Jti {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    #[error("at least one is needed")]
    Empty,
    #[error("it is malformed")]
    Malformed,
    #[error("it must be an origin such as https://mcp.example.com, without path and query")]
    NotAnOrigin,
    #[error("http is for loopback only; use https")]
    PlainHttp,
}

pub(super) fn web_url(text: &str) -> Result<Url, NameError> {
    let url = Url::parse(text).map_err(|_| NameError::Malformed)?;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // The parser would read `https:host`, too.
    let absolute = matches!(url.scheme(), "http" | "https") && text.contains("://");
    let web = absolute && bare && !text.contains(['#', '@', '\\']);
    web.then_some(url).ok_or(NameError::Malformed)
}

/// Does a URL point to this machine?
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Result<Issuer, NameError> {
        Issuer::try_from(text.to_owned())
    }

    #[test]
    fn an_issuer_is_an_origin_in_one_spelling() {
        for (text, kept) in [
            ("https://MCP.example:443/", "https://mcp.example"),
            (" https://mcp.example", "https://mcp.example"),
            ("http://localhost:4180", "http://localhost:4180"),
            ("http://127.0.0.1:4180/", "http://127.0.0.1:4180"),
        ] {
            assert_eq!(issuer(text).unwrap().as_str(), kept);
        }
        for wrong in [
            "",
            "mcp.example",
            "http://mcp.example",
            "https://h/t",
            "https://h?x",
            "https://h#",
            "ftp://h",
            "https://u@h",
            "https:h",
            "https:/h",
        ] {
            assert!(issuer(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_header_may_name_the_default_port_and_use_any_case() {
        let ours = issuer("https://mcp.example").unwrap();
        for (host, is_ours) in [
            ("mcp.example", true),
            ("MCP.example:443", true),
            ("mcp.example:80", false),
            ("mcp.example:8443", false),
            ("", false),
        ] {
            assert_eq!(ours.is_host(host), is_ours, "{host}");
        }
    }
}
