//! The OIDC provider behind the proxy: its keys, its ID tokens.

use josekit::jwk::Jwk;
use josekit::jws::{self, ES256, ES384, EdDSA, JwsVerifier, PS256, RS256, RS384, RS512};
use josekit::jwt;
use josekit::{JoseError, jws::JwsHeader};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::artifact::Person;
use crate::clock::{Seconds, Timestamp};
use crate::config::IdTokenSettings;
use crate::fetch::{Fetch, FetchError};
use crate::oauth::{EmailDomains, names::NameError};

/// Documents of a provider are a few kilobytes.
const LARGEST_DOCUMENT: usize = 256 * 1024;
/// A provider withdraws a key by no longer publishing it.
const KEYS_AGE: Seconds = Seconds(3600);
/// An unknown key, or a provider that does not answer, is asked about again, but not for every token.
const ASK_AGAIN: Seconds = Seconds(10);
/// An `iat` or `nbf` may lie so far ahead of our clock.
const SKEW: Seconds = Seconds(60);

/// Verifies what the proxy forwards in `X-Forwarded-Id-Token`.
#[derive(Debug)]
pub struct Provider {
    settings: IdTokenSettings,
    fetch: Fetch,
    keys: Mutex<Published>,
}

/// The provider's keys as they were read, and when they were last asked for.
#[derive(Debug, Default)]
struct Published {
    keys: Vec<Jwk>,
    read: Option<Timestamp>,
    asked: Option<Timestamp>,
}

impl Provider {
    pub fn new(settings: IdTokenSettings) -> Result<Self, FetchError> {
        Ok(Self { settings, fetch: Fetch::new()?, keys: Mutex::default() })
    }

    /// Gives the person of an ID token (OpenID Connect Core §3.1.3.7): signed by a key that the provider
    /// publishes, for our audience, of a verified address in our domains, not older than the setting says. Its
    /// `exp` does not matter: the proxy goes on sending it for as long as its session lasts.
    pub async fn identify(
        &self,
        token: &str,
        domains: &EmailDomains,
        now: Timestamp,
    ) -> Result<Person, IdTokenError> {
        let header = jwt::decode_header(token).map_err(|_| IdTokenError::Malformed)?;
        let text = |name| header.claim(name).and_then(serde_json::Value::as_str);
        let verifier = self.verifier(text("alg").unwrap_or_default(), text("kid"), now).await?;
        let (claims, _): (_, JwsHeader) =
            jws::deserialize_compact(token, &*verifier).map_err(|_| IdTokenError::Signature)?;
        let claims: Claims = serde_json::from_slice(&claims).map_err(|_| IdTokenError::Malformed)?;
        claims.person(&self.settings, domains, now)
    }

    async fn verifier(
        &self,
        alg: &str,
        kid: Option<&str>,
        now: Timestamp,
    ) -> Result<Box<dyn JwsVerifier>, IdTokenError> {
        let mut published = self.keys.lock().await;
        let within = |since: Option<Timestamp>, span| since.is_some_and(|since| now.since(since) < span);
        let fresh = within(published.read, KEYS_AGE);
        if let Some(jwk) = select(&published.keys, kid).filter(|_| fresh) {
            return verifier(alg, jwk);
        }
        if within(published.asked, ASK_AGAIN) {
            return Err(if fresh { IdTokenError::Signature } else { IdTokenError::Unreachable });
        }
        published.asked = Some(now);
        published.keys = self.published_keys().await?;
        published.read = Some(now);
        select(&published.keys, kid).ok_or(IdTokenError::Signature).and_then(|jwk| verifier(alg, jwk))
    }

    /// Discovery (OpenID Connect Discovery §4), then the keys it names.
    async fn published_keys(&self) -> Result<Vec<Jwk>, IdTokenError> {
        let issuer = self.settings.issuer.as_str();
        let discovery = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = |text: &str| Url::parse(text).map_err(|_| IdTokenError::Discovery);
        let document: Discovery = self.fetch.json(&url(&discovery)?, LARGEST_DOCUMENT).await?;
        if document.issuer != issuer {
            return Err(IdTokenError::Discovery);
        }
        let set: JwkSet = self.fetch.json(&url(&document.jwks_uri)?, LARGEST_DOCUMENT).await?;
        Ok(set.keys.into_iter().filter_map(|key| Jwk::from_map(key).ok()).collect())
    }
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    iat: Timestamp,
    nbf: Option<Timestamp>,
    email: Option<String>,
    email_verified: Option<serde_json::Value>,
    hd: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Claims {
    fn person(
        self,
        settings: &IdTokenSettings,
        domains: &EmailDomains,
        now: Timestamp,
    ) -> Result<Person, IdTokenError> {
        let same_issuer = self.iss == settings.issuer.as_str()
            || (settings.issuer.is_google() && self.iss == "accounts.google.com");
        if !same_issuer {
            return Err(IdTokenError::Issuer);
        }
        if !self.is_for(&settings.audience) {
            return Err(IdTokenError::Audience);
        }
        let begins = self.nbf.unwrap_or(self.iat).max(self.iat);
        if begins > now + SKEW {
            return Err(IdTokenError::Early);
        }
        if now.since(self.iat) > settings.max_age {
            return Err(IdTokenError::Age);
        }
        if self.email_verified != Some(serde_json::Value::Bool(true)) {
            return Err(IdTokenError::Unverified);
        }
        if settings.issuer.is_google() && !self.hd.as_deref().is_some_and(|hd| domains.contains(hd)) {
            return Err(IdTokenError::Organization);
        }
        Ok(Person {
            sub: self.sub.try_into()?,
            email: self.email.ok_or(IdTokenError::NoAddress)?.try_into()?,
        })
    }

    /// Of several audiences one asked for the token, and that must be said to be ours.
    fn is_for(&self, ours: &str) -> bool {
        match (&self.aud, self.azp.as_deref()) {
            (_, Some(azp)) if azp != ours => false,
            (Audience::One(aud), _) => aud == ours,
            (Audience::Many(auds), azp) => {
                auds.iter().any(|aud| aud == ours) && (auds.len() == 1 || azp.is_some())
            }
        }
    }
}

/// Without a `kid` only a single key is beyond doubt.
fn select<'a>(keys: &'a [Jwk], kid: Option<&str>) -> Option<&'a Jwk> {
    match (kid, keys) {
        (Some(kid), _) => keys.iter().find(|key| key.key_id() == Some(kid)),
        (None, [only]) => Some(only),
        (None, _) => None,
    }
}

/// Only signatures by a key pair: `none` and HS256 have none, and the key's own `alg` must agree (RFC 8725 §3.1).
fn verifier(alg: &str, jwk: &Jwk) -> Result<Box<dyn JwsVerifier>, IdTokenError> {
    fn boxed<V: JwsVerifier + 'static>(
        made: Result<V, JoseError>,
    ) -> Result<Box<dyn JwsVerifier>, IdTokenError> {
        made.map(|v| Box::new(v) as Box<dyn JwsVerifier>).map_err(|_| IdTokenError::Algorithm)
    }
    let mut jwk = jwk.clone();
    // The key is chosen already; a token without `kid` must not fail for it.
    jwk.set_parameter("kid", None).map_err(|_| IdTokenError::Algorithm)?;
    match alg {
        "ES256" => boxed(ES256.verifier_from_jwk(&jwk)),
        "ES384" => boxed(ES384.verifier_from_jwk(&jwk)),
        "EdDSA" => boxed(EdDSA.verifier_from_jwk(&jwk)),
        "PS256" => boxed(PS256.verifier_from_jwk(&jwk)),
        "RS256" => boxed(RS256.verifier_from_jwk(&jwk)),
        "RS384" => boxed(RS384.verifier_from_jwk(&jwk)),
        "RS512" => boxed(RS512.verifier_from_jwk(&jwk)),
        _ => Err(IdTokenError::Algorithm),
    }
}

/// Why an ID token does not prove a person.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    #[error("the ID token is too old")]
    Age,
    #[error("the ID token is signed by an algorithm that the provider's keys do not have")]
    Algorithm,
    #[error("the ID token is for another audience")]
    Audience,
    #[error("the provider's discovery document is not the one of the configured issuer")]
    Discovery,
    #[error("the ID token is from the future: its clock and ours differ")]
    Early,
    #[error("the ID token is of another issuer")]
    Issuer,
    #[error("the ID token is malformed")]
    Malformed,
    #[error("the ID token names its person wrongly")]
    Name(#[from] NameError),
    #[error("the ID token holds no email; the provider keeps it out, or the scope email is missing")]
    NoAddress,
    #[error("the ID token's hd is missing or names another organization")]
    Organization,
    #[error("the provider's keys cannot be read: {0}")]
    Provider(#[from] FetchError),
    #[error("the ID token is not signed by a key of the provider")]
    Signature,
    #[error("the provider's keys could not be read a moment ago")]
    Unreachable,
    #[error("the ID token does not say that the address is verified (email_verified)")]
    Unverified,
}
