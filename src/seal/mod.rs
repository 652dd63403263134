//! Turns claims into signed and encrypted text and back.
//!
//! Three walls keep one kind from passing as another (RFC 8725 §3.11, §3.12): every kind names its key ring,
//! its `typ`, and carries the issuer that made it.

mod jose;
mod key;
pub mod keys_dir;
pub mod keys_secret;
pub mod ring;
pub mod ring_store;
pub mod rotation;
mod seen;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::JoseError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::oauth::{Issuer, Jti};
use jose::{decrypt, encrypt, sign, verify};
pub use key::{Key, State};
pub use ring::{Purpose, Ring, Rings};

/// A kind of value that this server issues and later reads again.
pub trait Artifact: Serialize + DeserializeOwned {
    /// The `typ` of the outermost header: the first thing `open` compares.
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
        let envelope = Envelope { iss: self.issuer.clone(), artifact };
        let claims = serde_json::to_vec(&envelope).map_err(|e| SealError(Arc::new(e)))?;
        let rings = self.keys.current();
        let text = match T::FORM {
            Form::Signed(purpose) => sign(rings.of(purpose).active(), T::TYP, &claims),
            Form::SignedInside => sign(rings.session.active(), T::TYP, &claims)
                .and_then(|jws| encrypt(rings.session.active(), T::TYP, jws.as_bytes())),
            Form::Encrypted => encrypt(rings.session.active(), T::TYP, &claims),
        };
        text.map(Sealed::new).map_err(|e| SealError(Arc::new(e)))
    }

    /// Takes back what `seal` gave: our key, our issuer, the right kind, not expired (RFC 7519 §4.1.4: not on
    /// or after `exp`). Refuses everything else and says nothing more to the outside.
    pub fn open<T: Artifact>(&self, sealed: &Sealed<T>, now: Timestamp) -> Result<T, OpenError> {
        let mut opened = self.claims(&self.keys.current(), sealed, now);
        if matches!(opened, Err(OpenError::Key))
            && let Some(rings) = self.keys.missed(now)
        {
            opened = self.claims(&rings, sealed, now);
        }
        let claims = opened?;
        let envelope: Envelope<T> = serde_json::from_slice(&claims).map_err(|_| OpenError::Claims)?;
        if envelope.iss != self.issuer {
            return Err(OpenError::Issuer);
        }
        if envelope.artifact.exp().is_some_and(|exp| now >= exp) {
            return Err(OpenError::Expired);
        }
        Ok(envelope.artifact)
    }

    /// Of a code the signature is verified each time: it comes once.
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
                verify(&rings.session, T::TYP, &jws, now).map(|(claims, _)| claims)
            }
            Form::Encrypted => decrypt(&rings.session, T::TYP, text, now),
        }
    }
}

#[derive(Deserialize, Serialize)]
struct Envelope<T> {
    iss: Issuer,
    #[serde(flatten)]
    artifact: T,
}

/// Why sealed text was not opened. For the operator; outside all of them are one dull sentence.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    #[error("its claims are not those of its kind")]
    Claims,
    #[error("it has not the form of its kind")]
    Form,
    #[error("it has expired")]
    Expired,
    #[error("another issuer made it")]
    Issuer,
    #[error("it is of another kind")]
    Kind,
    #[error("no key of ours fits it")]
    Key,
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
    Jti(URL_SAFE_NO_PAD.encode(josekit::util::random_bytes(16)))
}

/// 256 fresh random bits: 43 characters that no transport has to escape.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(josekit::util::random_bytes(32))
}

/// 64 fresh random bits: tells two refresh tokens of one generation apart.
pub fn new_nonce() -> u64 {
    josekit::util::random_bytes(8).iter().fold(0, |nonce, byte| (nonce << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const LATER: Timestamp = Timestamp::from_secs(1_800_000_060);

    macro_rules! kind {
        ($name:ident, $typ:literal, $form:expr) => {
            #[derive(Debug, Deserialize, PartialEq, Serialize)]
            struct $name {
                word: String,
                exp: Timestamp,
            }
            impl Artifact for $name {
                const TYP: &'static str = $typ;
                const FORM: Form = $form;
                fn exp(&self) -> Option<Timestamp> {
                    Some(self.exp)
                }
            }
        };
    }
    kind!(Signed, "a+jwt", Form::Signed(Purpose::Access));
    kind!(OtherRing, "a+jwt", Form::Signed(Purpose::Registration));
    kind!(OtherTyp, "b+jwt", Form::Signed(Purpose::Access));
    kind!(Nested, "c+jwt", Form::SignedInside);
    kind!(Hidden, "d+jwt", Form::Encrypted);
    kind!(OtherHidden, "e+jwt", Form::Encrypted);

    fn sealers() -> (Sealer, Sealer) {
        let keys = keys_dir::Keys::fixed(
            Rings::each(|of| Ring::from_json(of, ring::fresh(of, NOW).as_bytes())).unwrap(),
        );
        let sealer = |iss: &str| Sealer::new(Issuer::try_from(iss.to_owned()).unwrap(), keys.clone());
        (sealer("https://mcp.example"), sealer("https://other.example"))
    }

    fn comes_back<T: Artifact + PartialEq + fmt::Debug>(artifact: &T) -> Sealed<T> {
        let (ours, theirs) = sealers();
        let sealed = ours.seal(artifact).unwrap();
        assert_eq!(&ours.open(&sealed, NOW).unwrap(), artifact);
        assert!(matches!(ours.open(&sealed, LATER), Err(OpenError::Expired)));
        assert!(matches!(theirs.open(&sealed, NOW), Err(OpenError::Issuer)));
        assert!(matches!(sealers().0.open(&sealed, NOW), Err(OpenError::Key)));
        sealed
    }

    #[test]
    fn each_form_comes_back_to_its_issuer_until_it_expires() {
        let word = || "open sesame".to_owned();
        comes_back(&Signed { word: word(), exp: LATER });
        for text in [
            comes_back(&Nested { word: word(), exp: LATER }).into_text(),
            comes_back(&Hidden { word: word(), exp: LATER }).into_text(),
        ] {
            assert_eq!(text.split('.').count(), 5);
            let plain: Vec<u8> =
                text.split('.').flat_map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
            assert!(!String::from_utf8_lossy(&plain).contains("sesame"));
        }
    }

    // T12, T13
    #[test]
    fn no_kind_passes_as_another() {
        let (ours, _) = sealers();
        let signed = ours.seal(&Signed { word: String::new(), exp: LATER }).unwrap().into_text();
        let hidden = ours.seal(&Hidden { word: String::new(), exp: LATER }).unwrap().into_text();
        assert!(matches!(ours.open(&Sealed::<OtherTyp>::new(&signed), NOW), Err(OpenError::Kind)));
        assert!(matches!(ours.open(&Sealed::<OtherRing>::new(&signed), NOW), Err(OpenError::Key)));
        assert!(matches!(ours.open(&Sealed::<OtherHidden>::new(&hidden), NOW), Err(OpenError::Kind)));
        assert!(matches!(ours.open(&Sealed::<Nested>::new(&hidden), NOW), Err(OpenError::Kind)));
        assert!(ours.open(&Sealed::<Signed>::new(&hidden), NOW).is_err());
        assert!(ours.open(&Sealed::<Hidden>::new(&signed), NOW).is_err());
    }

    #[test]
    fn a_changed_byte_is_noticed_wherever_it_lies() {
        let (ours, _) = sealers();
        let text = ours.seal(&Signed { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
        for at in (0..text.len()).step_by(7) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = Sealed::<Signed>::new(String::from_utf8(bytes).unwrap());
            assert!(ours.open(&changed, NOW).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_shortened_tag_proves_nothing() {
        let (ours, _) = sealers();
        let text = ours.seal(&Hidden { word: "x".to_owned(), exp: LATER }).unwrap().into_text();
        let (start, tag) = text.rsplit_once('.').unwrap();
        let tag = URL_SAFE_NO_PAD.decode(tag).unwrap();
        for length in 0..tag.len() {
            let shortened = format!("{start}.{}", URL_SAFE_NO_PAD.encode(&tag[..length]));
            assert!(ours.open(&Sealed::<Hidden>::new(shortened), NOW).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn a_token_is_not_printed() {
        assert_eq!(format!("{:?}", Sealed::<Signed>::new("secret")), "Sealed(…)");
    }
}
