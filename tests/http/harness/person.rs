//! Who signed in, as the proxy tells it.

use crate::harness::PROXY_SECRET;
use reqwest::RequestBuilder;

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) user: &'static str,
    pub(crate) email: &'static str,
    /// What proves that the proxy says so, and what it adds.
    pub(crate) proofs: Vec<(&'static str, String)>,
}

pub(crate) fn alice() -> Person {
    person("108000000000000000001", "alice@example.com")
}

pub(crate) fn bob() -> Person {
    person("108000000000000000002", "bob@example.com")
}

pub(crate) fn person(user: &'static str, email: &'static str) -> Person {
    Person { user, email, proofs: vec![("X-Sidecar-Auth", PROXY_SECRET.to_owned())] }
}

/// One of many.
pub(crate) fn visitor(number: usize) -> Person {
    person(format!("2{number:020}").leak(), format!("visitor{number}@example.com").leak())
}

impl Person {
    pub(crate) fn also(&self, name: &'static str, value: &str) -> Self {
        let mut person = self.clone();
        person.proofs.push((name, value.to_owned()));
        person
    }

    /// The request as the proxy passes it on.
    pub(crate) fn sends(&self, request: RequestBuilder) -> RequestBuilder {
        let known = request
            .header("X-Forwarded-User", self.user.as_bytes())
            .header("X-Forwarded-Email", self.email.as_bytes());
        self.proofs.iter().fold(known, |request, (name, value)| request.header(*name, value.as_bytes()))
    }
}
