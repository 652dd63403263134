//! People, as the identity provider names them.

use serde::{Deserialize, Serialize};
use url::Host;

use super::names::NameError;

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
        // oauth2-proxy has words for everybody and for all subdomains; as domains they would be nobody's.
        let is_word = |text: &str| text.contains('*') || text.starts_with('.');
        let is_domain = |text: &String| !is_word(text) && matches!(Host::parse(text), Ok(Host::Domain(_)));
        if domains.is_empty() {
            Err(NameError::Empty)
        } else if domains.iter().all(is_domain) {
            Ok(Self(domains))
        } else {
            Err(NameError::Malformed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(ours.iter().collect::<Vec<_>>(), ["example.com"]);
    }
}
