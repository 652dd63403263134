//! Who and what: issuers, resources, people.

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
        self.0.split_once("://").map_or("", |(_, authority)| authority)
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
        self.0.split_once("://").map_or("", |(scheme, _)| scheme)
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

/// The canonical URI of an MCP server (RFC 8707 §2): no fragment, no query, no trailing slash.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Resource(String);

impl Resource {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Empty for a resource that is a bare origin.
    pub fn path(&self) -> &str {
        path_as_sent(&self.0)
    }

    pub fn origin(&self) -> &str {
        &self.0[..self.0.len() - self.path().len()]
    }

    /// Does the path of a request lie at this resource or below it?
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(self.path()).is_some_and(|below| below.is_empty() || below.starts_with('/'))
    }
}

impl TryFrom<String> for Resource {
    type Error = NameError;

    /// Scheme and host in any case; a trailing slash does not matter; nothing else is normalised.
    fn try_from(text: String) -> Result<Self, NameError> {
        let url = web_url(&text)?;
        let path = path_as_sent(&text);
        if url.query().is_some() || !(path.is_empty() || path == url.path()) {
            return Err(NameError::Malformed);
        }
        Ok(Self(url.origin().ascii_serialization() + path.strip_suffix('/').unwrap_or(path)))
    }
}

impl From<Resource> for String {
    fn from(resource: Resource) -> Self {
        resource.0
    }
}

/// The MCP servers behind a site: at least one; the first is the default.
#[derive(Clone, Debug)]
pub struct Resources(Vec<Resource>);

impl Resources {
    /// What a request means by its `resource` parameters (RFC 8707 §2): one of ours, or the default when it
    /// names none. Two different ones would make a token for both; that is refused.
    pub fn select(&self, asked: &[String]) -> Result<&Resource, UnknownResource> {
        let Some((first, others)) = asked.split_first() else { return Ok(self.first()) };
        let chosen = self.find(first)?;
        if others.iter().all(|other| self.find(other) == Ok(chosen)) {
            Ok(chosen)
        } else {
            Err(UnknownResource)
        }
    }

    pub fn first(&self) -> &Resource {
        &self.0[0]
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Resource> {
        self.0.iter()
    }

    /// The only one, where there is only one.
    pub fn single(&self) -> Option<&Resource> {
        if let [only] = self.0.as_slice() { Some(only) } else { None }
    }

    fn find(&self, asked: &str) -> Result<&Resource, UnknownResource> {
        let asked = Resource::try_from(asked.to_owned()).map_err(|_| UnknownResource)?;
        self.0.iter().find(|ours| **ours == asked).ok_or(UnknownResource)
    }
}

impl TryFrom<Vec<Resource>> for Resources {
    type Error = NameError;

    fn try_from(resources: Vec<Resource>) -> Result<Self, NameError> {
        if resources.is_empty() { Err(NameError::Empty) } else { Ok(Self(resources)) }
    }
}

/// The resource is not one of this site's.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the resource is not an MCP server of this issuer")]
pub struct UnknownResource;

/// A person, by the provider's stable identifier.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subject(String);

impl Subject {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Subject {
    type Error = NameError;

    /// A comma is how a proxy joins several values into one header: never one person.
    fn try_from(text: String) -> Result<Self, NameError> {
        let one_name = !text.is_empty() && text.len() <= 255 && !text.contains(',') && text.trim() == text;
        (one_name && !text.contains(char::is_control)).then_some(Self(text)).ok_or(NameError::Malformed)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

/// An address with exactly one `@`, in the provider's spelling.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let parts: Vec<&str> = text.split('@').collect();
        let two_parts =
            matches!(parts.as_slice(), [local, domain] if !local.is_empty() && !domain.is_empty());
        let plain =
            !text.contains(|c: char| c.is_control() || c.is_whitespace() || c == ',') && text.len() <= 320;
        (two_parts && plain).then_some(Self(text)).ok_or(NameError::Malformed)
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

/// The organization: whose addresses may sign in.
#[derive(Clone, Debug)]
pub struct EmailDomains(Vec<String>);

impl EmailDomains {
    /// Domains are compared whole and without case; a subdomain is another domain.
    pub fn contains(&self, domain: &str) -> bool {
        self.0.iter().any(|ours| ours.eq_ignore_ascii_case(domain))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl TryFrom<Vec<String>> for EmailDomains {
    type Error = NameError;

    fn try_from(domains: Vec<String>) -> Result<Self, NameError> {
        let is_domain = |text: &String| !text.is_empty() && matches!(Host::parse(text), Ok(Host::Domain(_)));
        if domains.is_empty() {
            Err(NameError::Empty)
        } else if domains.iter().all(is_domain) {
            Ok(Self(domains))
        } else {
            Err(NameError::Malformed)
        }
    }
}

/// 128 random bits in base64url: names one issued value (RFC 7519 §4.1.7).
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

fn web_url(text: &str) -> Result<Url, NameError> {
    let url = Url::parse(text).map_err(|_| NameError::Malformed)?;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let web = matches!(url.scheme(), "http" | "https") && bare && !text.contains(['#', '@', '\\']);
    web.then_some(url).ok_or(NameError::Malformed)
}

fn path_as_sent(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.find('/').map_or("", |slash| &after_scheme[slash..])
}

fn is_loopback(url: &Url) -> bool {
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

    fn resources() -> Resources {
        let all = ["https://h.example/mcp", "https://h.example/other/mcp", "https://bare.example"];
        Resources::try_from(all.map(|uri| Resource::try_from(uri.to_owned()).unwrap()).to_vec()).unwrap()
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

    // AZ-41, AZ-42, AZ-44, AZ-45
    #[test]
    fn a_resource_is_found_in_any_spelling_of_its_origin_and_in_no_other_of_its_path() {
        let ours = resources();
        for (asked, found) in [
            (vec![], Some("https://h.example/mcp")),
            (vec!["HTTPS://H.example:443/mcp/"], Some("https://h.example/mcp")),
            (vec!["https://h.example/mcp", "https://h.example/mcp/"], Some("https://h.example/mcp")),
            (vec!["https://bare.example/"], Some("https://bare.example")),
            (vec!["https://h.example/mcp", "https://h.example/other/mcp"], None),
            (vec!["https://h.example/mcp", "https://elsewhere.example"], None),
            (vec!["https://h.example/MCP"], None),
            (vec!["https://h.example/x/../mcp"], None),
            (vec!["https://h.example/mcp#x"], None),
            (vec!["https://h.example/mcp?x=1"], None),
            (vec!["https://h.example"], None),
            (vec!["mcp"], None),
        ] {
            let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
            assert_eq!(ours.select(&asked).ok().map(Resource::as_str), found, "{asked:?}");
        }
    }

    #[test]
    fn a_resource_covers_its_path_and_what_lies_below() {
        let ours = Resource::try_from("https://h.example/mcp".to_owned()).unwrap();
        for (path, covered) in
            [("/mcp", true), ("/mcp/", true), ("/mcp/x", true), ("/mcpx", false), ("/", false)]
        {
            assert_eq!(ours.covers(path), covered, "{path}");
        }
        assert_eq!((ours.origin(), ours.path()), ("https://h.example", "/mcp"));
        assert_eq!(Resource::try_from("https://h.example/".to_owned()).unwrap().path(), "");
    }

    #[test]
    fn an_address_has_one_at_sign_and_a_subject_is_one_name() {
        for wrong in ["", "a", "@b", "a@", "a@evil@b.example", "a@b.example,c@b.example", "a b@c.example"] {
            assert!(EmailAddress::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
        assert_eq!(EmailAddress::try_from("josé@Example.com".to_owned()).unwrap().domain(), "Example.com");
        for wrong in ["", "1,2", " 1", "a\nb"] {
            assert!(Subject::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_domain_is_compared_whole_and_without_case() {
        let ours = EmailDomains::try_from(vec!["example.com".to_owned()]).unwrap();
        for (domain, inside) in
            [("EXAMPLE.com", true), ("sub.example.com", false), ("notexample.com", false), ("", false)]
        {
            assert_eq!(ours.contains(domain), inside, "{domain}");
        }
    }
}
