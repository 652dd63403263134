//! Turns claims into signed and encrypted text and back.
//!
//! Three walls keep one kind from passing as another (RFC 8725 §3.11, §3.12): every kind names its key ring,
//! its `typ`, and carries the issuer that made it.

#[cfg(any(doc, fuzzing, test))]
pub(crate) mod forged;
mod jose;
mod key;
pub mod keys_dir;
pub mod keys_secret;
pub mod ring;
pub mod ring_store;
pub mod rotation;
mod seen;
pub mod unproven;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::JoseError;
use p256::elliptic_curve::Generate as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::oauth::{Issuer, Jti};
use jose::{decrypt, encrypt, sign};
pub use key::{Key, State};
pub use ring::{Purpose, Ring, Rings};

/// A kind of value that this server issues and later reads again.
pub trait Artifact: Serialize + DeserializeOwned {
    /// The `typ` of every header around it; no other kind has it.
    const TYP: &'static str;
    const FORM: Form;

    /// When it ends (RFC 7519 §4.1.4); none for what must outlive every key rotation.
    fn exp(&self) -> Option<Timestamp>;
}

/// How a kind is protected, and by which ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// ES256 JWS: anybody may read it.
    Signed(Purpose),
    /// ES256 JWS inside a JWE (`dir`, A256GCM), both by the session ring.
    SignedInside,
    /// JWE alone, by the session ring: only we make and read it.
    Encrypted,
}

/// Text that claims to be a `T`. Nothing is known of it until it is opened.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
pub struct Sealed<T> {
    text: String,
    #[serde(skip)]
    kind: PhantomData<fn() -> T>,
}

impl<T> Sealed<T> {
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), kind: PhantomData }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// Tokens are bearer secrets: never in a log.
impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}

/// Seals and opens for one issuer, with whatever keys are in force.
#[derive(Clone, Debug)]
pub struct Sealer {
    issuer: Issuer,
    keys: keys_dir::Keys,
    seen: Arc<seen::Seen>,
}

impl Sealer {
    pub fn new(issuer: Issuer, keys: keys_dir::Keys) -> Self {
        Self { issuer, keys, seen: Arc::default() }
    }

    pub fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Gives text that `open` of this issuer, and of no other, takes back until the artifact's `exp`.
    pub fn seal<T: Artifact>(&self, artifact: &T) -> Result<Sealed<T>, SealError> {
        let envelope = Envelope { iss: &self.issuer, artifact };
        let claims = serde_json::to_vec(&envelope).map_err(|e| SealError(Arc::new(e)))?;
        let rings = self.keys.current();
        let text = match T::FORM {
            Form::Signed(purpose) => self.signed(rings.of(purpose).active(), T::TYP, &claims),
            Form::SignedInside => self
                .signed(rings.session.active(), T::TYP, &claims)
                .and_then(|jws| encrypt(rings.session.active(), T::TYP, jws.as_bytes())),
            Form::Encrypted => encrypt(rings.session.active(), T::TYP, &claims),
        };
        text.map(Sealed::new).map_err(|e| SealError(Arc::new(e)))
    }

    /// What is signed here needs no verification here.
    fn signed(&self, key: &Key, typ: &'static str, claims: &[u8]) -> Result<String, JoseError> {
        sign(key, typ, claims).inspect(|jws| self.seen.signed(key, typ, jws))
    }

    /// Takes back what `seal` gave: our key, our issuer, the right kind, not expired (RFC 7519 §4.1.4: not on
    /// or after `exp`). Refuses everything else and says nothing more to the outside.
    pub fn open<T: Artifact>(&self, sealed: &Sealed<T>, now: Timestamp) -> Result<T, OpenError> {
        let claims = self.intact(sealed, now)?;
        if issued_by(&claims)? != self.issuer.as_str() {
            return Err(OpenError::Issuer);
        }
        let artifact: T = serde_json::from_slice(&claims).map_err(|_| OpenError::Claims)?;
        if artifact.exp().is_some_and(|exp| now >= exp) {
            return Err(OpenError::Expired);
        }
        Ok(artifact)
    }

    /// What `make` makes of what `open` gives, made once: clients send the same text with every request. It is as
    /// good as opened anew, for its key is accepted and it has not expired.
    pub fn open_once<T: Artifact, R: Send + Sync + 'static>(
        &self,
        sealed: &Sealed<T>,
        now: Timestamp,
        make: impl FnOnce(T) -> R,
    ) -> Result<Arc<R>, OpenError> {
        let Form::Signed(purpose) = T::FORM else { return self.open(sealed, now).map(make).map(Arc::new) };
        let digest = seen::digest(sealed.as_str());
        if let Some(made) = self.seen.made(self.keys.current().of(purpose), T::TYP, &digest, now) {
            return Ok(made);
        }
        let artifact = self.open(sealed, now)?;
        let exp = artifact.exp();
        let fresh = Arc::new(make(artifact));
        self.seen.keep((&digest, sealed.as_str()), exp, fresh.clone());
        Ok(fresh)
    }

    /// What a key of ours sealed, whichever issuer made it and however old it is: to be looked at, and never to be
    /// acted upon.
    pub fn look_at<T: Artifact>(&self, sealed: &Sealed<T>, now: Timestamp) -> Result<(Issuer, T), OpenError> {
        let claims = self.intact(sealed, now)?;
        let issuer = issued_by(&claims)?.into_owned().try_into().map_err(|_| OpenError::Claims)?;
        Ok((issuer, serde_json::from_slice(&claims).map_err(|_| OpenError::Claims)?))
    }

    /// The claims of what a key of ours sealed; keys that are new on disk are found.
    fn intact<T: Artifact>(&self, sealed: &Sealed<T>, now: Timestamp) -> Result<Vec<u8>, OpenError> {
        let mut opened = self.claims(&self.keys.current(), sealed, now);
        if matches!(opened, Err(OpenError::Key))
            && let Some(rings) = self.keys.missed(now)
        {
            opened = self.claims(&rings, sealed, now);
        }
        opened
    }

    fn claims<T: Artifact>(
        &self,
        rings: &Rings,
        sealed: &Sealed<T>,
        now: Timestamp,
    ) -> Result<Vec<u8>, OpenError> {
        let text = sealed.as_str();
        match T::FORM {
            Form::Signed(purpose) => self.seen.verify(rings.of(purpose), T::TYP, text, now),
            Form::SignedInside => {
                let jws = decrypt(&rings.session, T::TYP, text, now)?;
                let jws = String::from_utf8(jws).map_err(|_| OpenError::Form)?;
                self.seen.verify(&rings.session, T::TYP, &jws, now)
            }
            Form::Encrypted => decrypt(&rings.session, T::TYP, text, now),
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    iss: &'a Issuer,
    #[serde(flatten)]
    artifact: &'a T,
}

/// The `iss` of claims. It is read by itself: what serde flattens, it copies first.
fn issued_by(claims: &[u8]) -> Result<Cow<'_, str>, OpenError> {
    #[derive(Deserialize)]
    struct Issued<'a> {
        #[serde(borrow)]
        iss: Cow<'a, str>,
    }
    let issued: Issued = serde_json::from_slice(claims).map_err(|_| OpenError::Claims)?;
    Ok(issued.iss)
}

/// Why sealed text was not opened. For the operator; outside all of them are one dull sentence.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    #[error("its claims are not those of its kind")]
    Claims,
    #[error("it has expired")]
    Expired,
    #[error("it has not the form of its kind")]
    Form,
    #[error("another issuer made it")]
    Issuer,
    #[error("no key of ours fits it")]
    Key,
    #[error("it is of another kind")]
    Kind,
    #[error("it is not intact: {0}")]
    Seal(Arc<JoseError>),
}

impl From<JoseError> for OpenError {
    fn from(error: JoseError) -> Self {
        Self::Seal(Arc::new(error))
    }
}

/// Sealing failed: a fault of ours.
#[derive(Clone, Debug, thiserror::Error)]
#[error("sealing failed: {0}")]
pub struct SealError(Arc<dyn std::error::Error + Send + Sync>);

/// 128 fresh random bits that name a value.
pub fn new_jti() -> Jti {
    Jti(URL_SAFE_NO_PAD.encode(<[u8; 16]>::generate()))
}

/// 256 fresh random bits: 43 characters that no transport has to escape.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(<[u8; 32]>::generate())
}

/// 64 fresh random bits: tells two refresh tokens of one generation apart.
pub fn new_nonce() -> u64 {
    u64::generate()
}

#[cfg(test)]
mod tests;
