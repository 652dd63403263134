//! Opens access tokens with the keys that the sidecar publishes.

use std::time::{Duration, Instant};

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

pub(crate) type Claims = Map<String, Value>;

pub(crate) struct Verifier {
    jwks_uri: String,
    known: Mutex<(JwkSet, Option<Instant>)>,
}

impl Verifier {
    pub(crate) fn new(jwks_uri: &str) -> Self {
        Self { jwks_uri: jwks_uri.to_owned(), known: Mutex::default() }
    }

    /// What a token says that this issuer made for its own resource, and that has not expired.
    pub(crate) async fn claims(&self, token: &str, issuer: &str) -> Option<Claims> {
        let header = decode_header(token).ok()?;
        let key = self.key(header.kid.as_deref()?).await?;
        let mut expected = Validation::new(Algorithm::ES256);
        expected.set_issuer(&[issuer]);
        expected.set_audience(&[format!("{issuer}/mcp")]);
        expected.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        let claims = decode::<Claims>(token, &key, &expected).ok()?.claims;
        (header.typ.as_deref() == Some("at+jwt")).then_some(claims)
    }

    /// The set is read again every five minutes, and for a key that is not in it: sooner, but not at every stranger's word.
    async fn key(&self, kid: &str) -> Option<DecodingKey> {
        let mut known = self.known.lock().await;
        let patience = Duration::from_secs(if known.0.find(kid).is_some() { 300 } else { 10 });
        if known.1.is_none_or(|asked| asked.elapsed() > patience) {
            known.1 = Some(Instant::now());
            if let Ok(answer) = reqwest::get(&self.jwks_uri).await {
                known.0 = answer.json().await.unwrap_or_else(|_| known.0.clone());
            }
        }
        DecodingKey::from_jwk(known.0.find(kid)?).ok()
    }
}
