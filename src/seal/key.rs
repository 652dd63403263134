//! One generation of a ring: its private JWK, and what is made from it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::JoseError;
use josekit::jwe::alg::direct::DirectJweDecrypter;
use josekit::jwe::{Dir, JweDecrypter};
use josekit::jwk::Jwk;
use josekit::jws::alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier};
use josekit::jws::{ES256, JwsSigner, JwsVerifier};
use p256::SecretKey;
use p256::elliptic_curve::Generate as _;
use p256::elliptic_curve::sec1::ToSec1Point as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;

/// Where a key stands in its life: accepted first, used later, kept until what it sealed is over.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Published and accepted, not used yet.
    Next,
    /// Seals.
    Active,
    /// Accepted until a date.
    Retired,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        })
    }
}

/// A key as it lies on disk: a private JWK (RFC 7517) with its state.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    kty: String,
    crv: String,
    x: String,
    y: String,
    d: String,
    kid: String,
    /// The session ring's second half: 256 bits for A256GCM.
    #[serde(skip_serializing_if = "Option::is_none")]
    k: Option<String>,
    pub state: State,
    pub since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl KeyRecord {
    /// A fresh key; `encrypts` gives it the second half.
    pub fn generate(encrypts: bool, state: State, now: Timestamp) -> Self {
        let secret = SecretKey::generate();
        let (x, y) = coordinates(&secret);
        Self {
            kty: "EC".to_owned(),
            crv: "P-256".to_owned(),
            kid: thumbprint(&x, &y),
            x,
            y,
            d: URL_SAFE_NO_PAD.encode(secret.to_bytes()),
            k: encrypts.then(|| URL_SAFE_NO_PAD.encode(<[u8; 32]>::generate())),
            state,
            since: now,
            until: None,
        }
    }

    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// For the JWKS: nothing private (RFC 7517 §9.3).
    pub fn public_jwk(&self) -> Value {
        json!({"kty": self.kty, "crv": self.crv, "x": self.x, "y": self.y, "kid": self.kid, "use": "sig", "alg": "ES256"})
    }

    /// The point belongs to the private part, and the name to the point.
    fn checked(&self) -> Result<(), KeyError> {
        if self.kty != "EC" || self.crv != "P-256" {
            return Err(KeyError::Curve);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.d).map_err(|_| KeyError::Malformed)?;
        let secret = SecretKey::from_slice(&bytes).map_err(|_| KeyError::Malformed)?;
        if coordinates(&secret) != (self.x.clone(), self.y.clone()) {
            return Err(KeyError::Mismatch);
        }
        if thumbprint(&self.x, &self.y) != self.kid {
            return Err(KeyError::Kid);
        }
        let has_end = self.until.is_some();
        if has_end && self.state != State::Retired { Err(KeyError::Ended) } else { Ok(()) }
    }
}

impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyRecord({}, {})", self.kid, self.state)
    }
}

/// A key ready for use.
#[derive(Clone)]
pub struct Key {
    record: KeyRecord,
    signer: EcdsaJwsSigner,
    verifier: EcdsaJwsVerifier,
    cipher: Option<([u8; 32], DirectJweDecrypter)>,
    /// How often it encrypted since the server started: far below 2^32, or random nonces could meet (RFC 8452 §6).
    uses: Arc<AtomicU64>,
}

impl Key {
    pub fn record(&self) -> &KeyRecord {
        &self.record
    }

    pub(super) fn signer(&self) -> &dyn JwsSigner {
        &self.signer
    }

    pub(super) fn verifier(&self) -> &dyn JwsVerifier {
        &self.verifier
    }

    /// The key of A256GCM, for one encryption.
    pub(super) fn cipher(&self) -> Result<&[u8], JoseError> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        self.cipher.as_ref().map(|(key, _)| key.as_slice()).ok_or_else(no_cipher)
    }

    pub(super) fn decrypter(&self) -> Result<&dyn JweDecrypter, JoseError> {
        self.cipher.as_ref().map(|(_, decrypter)| decrypter as &dyn JweDecrypter).ok_or_else(no_cipher)
    }

    pub fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    pub fn encrypts(&self) -> bool {
        self.cipher.is_some()
    }

    /// Goes on counting where the same key stopped before a reload.
    pub(super) fn count_on_from(&mut self, before: &Self) {
        self.uses = Arc::clone(&before.uses);
    }

    /// Still good at `now`? A retired key is until its date.
    pub fn is_accepted(&self, now: Timestamp) -> bool {
        self.record.until.is_none_or(|until| now < until)
    }
}

impl TryFrom<KeyRecord> for Key {
    type Error = KeyError;

    fn try_from(record: KeyRecord) -> Result<Self, KeyError> {
        record.checked()?;
        let jwk = private_jwk(&record)?;
        let cipher = record.k.as_deref().map(|k| cipher(k, &record.kid)).transpose()?;
        Ok(Self {
            signer: ES256.signer_from_jwk(&jwk)?,
            verifier: ES256.verifier_from_jwk(&jwk)?,
            cipher,
            record,
            uses: Arc::default(),
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a key is not of the curve P-256")]
    Curve,
    #[error("a key that is not retired has an `until`")]
    Ended,
    #[error("a `kid` is not the RFC 7638 thumbprint of its key")]
    Kid,
    #[error("a key is malformed")]
    Malformed,
    #[error("a key's public part does not belong to its private part")]
    Mismatch,
}

impl From<JoseError> for KeyError {
    fn from(_: JoseError) -> Self {
        Self::Malformed
    }
}

fn private_jwk(record: &KeyRecord) -> Result<Jwk, JoseError> {
    let mut jwk = Jwk::new("EC");
    for (name, value) in [("crv", &record.crv), ("x", &record.x), ("y", &record.y), ("d", &record.d)] {
        jwk.set_parameter(name, Some(Value::String(value.clone())))?;
    }
    jwk.set_key_id(&record.kid);
    Ok(jwk)
}

fn cipher(k: &str, kid: &str) -> Result<([u8; 32], DirectJweDecrypter), KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(k).map_err(|_| KeyError::Malformed)?;
    let key: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Malformed)?;
    let mut decrypter = Dir.decrypter_from_bytes(key)?;
    decrypter.set_key_id(kid);
    Ok((key, decrypter))
}

fn no_cipher() -> JoseError {
    JoseError::InvalidKeyFormat(std::io::Error::other("this key does not encrypt").into())
}

/// 32 bytes each, leading zeros kept (RFC 7518 §6.2.1).
fn coordinates(secret: &SecretKey) -> (String, String) {
    let point = secret.public_key().to_sec1_point(false);
    let (x, y) = point.as_bytes()[1..].split_at(32);
    (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
}

/// RFC 7638 §3: the required members in their order, hashed.
fn thumbprint(x: &str, y: &str) -> String {
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn record() -> Value {
        serde_json::to_value(KeyRecord::generate(true, State::Active, NOW)).unwrap()
    }

    fn read(record: Value) -> Result<Key, KeyError> {
        serde_json::from_value::<KeyRecord>(record).map_err(|_| KeyError::Malformed).and_then(Key::try_from)
    }

    #[test]
    fn a_key_comes_back_from_its_record() {
        assert!(read(record()).unwrap().encrypts());
        let signs_only = KeyRecord::generate(false, State::Active, NOW);
        assert!(!Key::try_from(signs_only).unwrap().encrypts());
    }

    // JWK-02, JWK-03
    #[test]
    fn what_is_published_has_two_coordinates_of_32_bytes_and_nothing_private() {
        for _ in 0..300 {
            let published = KeyRecord::generate(true, State::Active, NOW).public_jwk();
            for name in ["x", "y"] {
                assert_eq!(published[name].as_str().unwrap().len(), 43);
            }
            assert!(published.get("d").is_none() && published.get("k").is_none());
        }
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let other = record();
        for (name, value) in [
            ("crv", json!("P-384")),
            ("kty", json!("oct")),
            ("d", json!("AAAA")),
            ("d", other["d"].clone()),
            ("x", other["x"].clone()),
            ("kid", json!("key-1")),
            ("k", json!("c2hvcnQ")),
            ("state", json!("current")),
            ("until", json!(1_900_000_000)),
            ("extra", json!(1)),
        ] {
            let mut changed = record();
            changed[name] = value.clone();
            assert!(read(changed).is_err(), "{name}={value}");
        }
    }
}
