//! The documents of discovery (RFC 9728, RFC 8414, RFC 7591), as far as assistants read them.

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::cause::{Cause, Finding};
use super::target::Target;
use crate::oauth::Issuer;

/// RFC 9728 §2.
#[derive(Debug, Deserialize)]
pub(super) struct ResourceMetadata {
    pub(super) resource: String,
    pub(super) authorization_servers: Vec<String>,
}

impl ResourceMetadata {
    /// As those compare it that take no other text: scheme, host and path, a slash at the end among them.
    pub(super) fn is_exactly(&self, target: &Target) -> Result<(), Finding> {
        let is_same = Url::parse(&self.resource).is_ok_and(|url| url == *target.url());
        if is_same { Ok(()) } else { Err(self.differs(target)) }
    }

    /// As those compare it that take a resource above the address.
    pub(super) fn covers(&self, target: &Target) -> Result<(), Finding> {
        if target.as_str().starts_with(&self.resource) { Ok(()) } else { Err(self.differs(target)) }
    }

    fn differs(&self, target: &Target) -> Finding {
        let seen = format!("resource is {:?}, the address {:?}", self.resource, target.as_str());
        Finding::new(Cause::RESOURCE_DIFFERS, seen)
    }

    /// The first, which is the only one that all assistants look at: at another host, or at this very origin.
    pub(super) fn issuer(&self, target: &Target) -> Result<(&str, Issuer), Finding> {
        let first = self.authorization_servers.first().map(String::as_str).unwrap_or_default();
        let issuer = Issuer::try_from(first.to_owned()).ok();
        let at_home = |issuer: &Issuer| issuer.as_str() == target.origin();
        let abroad =
            |issuer: &Issuer| Url::parse(issuer.as_str()).is_ok_and(|url| url.host() != target.url().host());
        let issuer = issuer.filter(|issuer| at_home(issuer) || abroad(issuer));
        let seen =
            || format!("authorization_servers begins with {first:?}, the address is {:?}", target.as_str());
        Ok((first, issuer.ok_or_else(|| Finding::new(Cause::ISSUER_DIFFERS, seen()))?))
    }
}

/// RFC 8414 §2.
#[derive(Debug, Deserialize)]
pub(super) struct ServerMetadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    registration_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    jwks_uri: Option<String>,
    #[serde(default)]
    response_types_supported: Vec<String>,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    client_id_metadata_document_supported: bool,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl ServerMetadata {
    /// What the resource calls it must be what it calls itself, byte for byte.
    pub(super) fn is_of(&self, named: &str) -> Result<(), Finding> {
        if self.issuer == named {
            return Ok(());
        }
        let seen = format!("the resource names {named:?}, the server calls itself {:?}", self.issuer);
        Err(Finding::new(Cause::ISSUER_DIFFERS, seen))
    }

    /// All of them lie at the issuer.
    pub(super) fn endpoints_are_at_home(&self) -> Result<(), Finding> {
        let named = [
            ("authorization_endpoint", Some(&self.authorization_endpoint)),
            ("token_endpoint", Some(&self.token_endpoint)),
            ("registration_endpoint", self.registration_endpoint.as_ref()),
            ("revocation_endpoint", self.revocation_endpoint.as_ref()),
            ("jwks_uri", self.jwks_uri.as_ref()),
        ];
        let named = named.into_iter().filter_map(|(member, url)| Some((member, url?)));
        let home =
            |url: &str| Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == self.issuer);
        let lost = named.into_iter().find(|(_, url)| !home(url));
        lost.map_or(Ok(()), |(member, url)| {
            Err(Finding::new(
                Cause::ENDPOINT_ELSEWHERE,
                format!("{member} is {url:?}, the issuer {:?}", self.issuer),
            ))
        })
    }

    /// A public client can go the whole way.
    pub(super) fn is_for_public_clients(&self) -> Result<(), Finding> {
        for (member, supported, needed) in [
            ("response_types_supported", &self.response_types_supported, "code"),
            ("code_challenge_methods_supported", &self.code_challenge_methods_supported, "S256"),
            ("token_endpoint_auth_methods_supported", &self.token_endpoint_auth_methods_supported, "none"),
        ] {
            if !supported.iter().any(|one| one == needed) {
                return Err(lacks(format!("{member} is {supported:?}, without {needed:?}")));
            }
        }
        Ok(())
    }

    /// RFC 9207 §3; without it `ChatGPT` is answered elsewhere.
    pub(super) fn says_iss(&self) -> Result<(), Finding> {
        let told = || lacks("authorization_response_iss_parameter_supported is not true".to_owned());
        if self.authorization_response_iss_parameter_supported { Ok(()) } else { Err(told()) }
    }

    pub(super) fn knows_documents(&self) -> bool {
        self.client_id_metadata_document_supported
    }

    /// It was found to lie at the issuer, as the others below, so it parses.
    pub(super) fn authorization_endpoint(&self) -> Option<Url> {
        Url::parse(&self.authorization_endpoint).ok()
    }

    pub(super) fn token_endpoint(&self) -> Option<Url> {
        Url::parse(&self.token_endpoint).ok()
    }

    pub(super) fn registration_endpoint(&self) -> Option<Url> {
        Url::parse(self.registration_endpoint.as_deref()?).ok()
    }

    pub(super) fn revocation_endpoint(&self) -> Option<Url> {
        Url::parse(self.revocation_endpoint.as_deref()?).ok()
    }

    pub(super) fn jwks_uri(&self) -> Option<Url> {
        Url::parse(self.jwks_uri.as_deref()?).ok()
    }
}

fn lacks(seen: String) -> Finding {
    Finding::new(Cause::METADATA_LACKS, seen)
}

/// RFC 7591 §3.2.1, as strict clients take it: no member is null, and a public client has no secret.
#[derive(Debug, Deserialize)]
pub(super) struct Registered {
    pub(super) client_id: String,
    pub(super) redirect_uris: Vec<String>,
    token_endpoint_auth_method: String,
    #[serde(flatten)]
    others: serde_json::Map<String, Value>,
}

impl Registered {
    pub(super) fn is_well_formed(&self) -> Result<(), Finding> {
        let null = self.others.iter().find(|(_, value)| value.is_null());
        let wrong = match null {
            Some((member, _)) => format!("{member} is null"),
            None if self.others.contains_key("client_secret") => "there is a client_secret".to_owned(),
            None if self.token_endpoint_auth_method != "none" => {
                format!("token_endpoint_auth_method is {:?}", self.token_endpoint_auth_method)
            }
            None => return Ok(()),
        };
        Err(Finding::new(Cause::REGISTRATION_SHAPE, wrong))
    }
}
