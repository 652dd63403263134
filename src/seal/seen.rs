//! Signatures that were verified before: clients send the same text with every request.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::jose::verify;
use super::{Key, OpenError, Ring};
use crate::clock::Timestamp;

/// Bytes in a generation, so twice as much at most: for one or two thousand clients at work.
const CAPACITY: usize = 1 << 20;
/// What an entry takes by itself; what was made of its claims takes about as much as its text.
const ENTRY: usize = 256;

/// Remembers by its digest which text was verified, as which kind and by which key, and what was made of it. Only
/// good ones get in, so a flood of bad ones drives none out; the older generation goes when the younger is full.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Digest, Verified>,
    old: HashMap<Digest, Verified>,
    /// Of the young ones.
    bytes: usize,
}

pub(super) type Digest = [u8; 32];

#[derive(Clone, Debug)]
struct Verified {
    typ: &'static str,
    kid: String,
    made: Option<Made>,
}

/// What was made of the claims, and when they end.
#[derive(Clone, Debug)]
struct Made {
    of: Arc<dyn Any + Send + Sync>,
    exp: Option<Timestamp>,
    bytes: usize,
}

impl Seen {
    /// What `verify` gives for this text, without its signature if that was verified while the same key was accepted.
    /// The name of a key is its thumbprint, so a key of that name is that key.
    pub(super) fn verify(
        &self,
        ring: &Ring,
        typ: &'static str,
        text: &str,
        now: Timestamp,
    ) -> Result<Vec<u8>, OpenError> {
        let digest = digest(text);
        if self.generations().find(&digest, ring, typ, now).is_some() {
            return payload(text);
        }
        let (claims, kid) = verify(ring, typ, text, now)?;
        self.generations().remember(digest, Verified { typ, kid, made: None });
        Ok(claims)
    }

    /// What was signed here needs no verification here.
    pub(super) fn signed(&self, key: &Key, typ: &'static str, text: &str) {
        let kid = key.record().kid().to_owned();
        self.generations().remember(digest(text), Verified { typ, kid, made: None });
    }

    /// What was made of the claims of a text, if they hold still and it is an `R`.
    pub(super) fn made<R: Send + Sync + 'static>(
        &self,
        ring: &Ring,
        typ: &'static str,
        digest: &Digest,
        now: Timestamp,
    ) -> Option<Arc<R>> {
        let mut generations = self.generations();
        let made = generations.find(digest, ring, typ, now)?.made.as_ref()?;
        let holds = made.exp.is_none_or(|exp| now < exp);
        if holds { made.of.clone().downcast().ok() } else { None }
    }

    /// Keeps what was made of a text, as long as the text itself is remembered.
    pub(super) fn keep<R: Send + Sync + 'static>(
        &self,
        (digest, text): (&Digest, &str),
        exp: Option<Timestamp>,
        made: Arc<R>,
    ) {
        let mut generations = self.generations();
        if let Some(mut verified) = generations.young.get(digest).cloned() {
            verified.made = Some(Made { of: made, exp, bytes: text.len() });
            generations.remember(*digest, verified);
        }
    }

    fn generations(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    /// What was verified as this kind by a key that is accepted; it is among the young ones from then on.
    fn find(&mut self, digest: &Digest, ring: &Ring, typ: &str, now: Timestamp) -> Option<&Verified> {
        if !self.young.contains_key(digest) {
            let verified = self.old.remove(digest)?;
            self.remember(*digest, verified);
        }
        let verified = self.young.get(digest)?;
        (verified.typ == typ && ring.find(&verified.kid, now).is_some()).then_some(verified)
    }

    fn remember(&mut self, digest: Digest, verified: Verified) {
        if self.bytes >= CAPACITY {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += verified.bytes();
        let before = self.young.insert(digest, verified);
        self.bytes -= before.map_or(0, |before| before.bytes());
    }
}

impl Verified {
    fn bytes(&self) -> usize {
        ENTRY + self.made.as_ref().map_or(0, |made| made.bytes)
    }
}

pub(super) fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}

/// Of a compact JWS that was verified as it stands.
fn payload(text: &str) -> Result<Vec<u8>, OpenError> {
    let payload = text.split('.').nth(1).ok_or(OpenError::Form)?;
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| OpenError::Form)
}

#[cfg(test)]
mod tests {
    use super::super::jose::sign;
    use super::super::key::State;
    use super::super::ring::{self, Purpose};
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn ring() -> Ring {
        Ring::from_json(Purpose::Access, ring::fresh(Purpose::Access, NOW).as_bytes()).unwrap()
    }

    #[test]
    fn a_text_gives_the_same_claims_again_and_no_other_text_does() {
        let (seen, ring) = (Seen::default(), ring());
        let text = sign(ring.active(), "a+jwt", b"{\"a\":1}").unwrap();
        for _ in 0..2 {
            assert_eq!(seen.verify(&ring, "a+jwt", &text, NOW).unwrap(), b"{\"a\":1}");
        }
        assert_eq!(seen.generations().young.len(), 1);
        let (signed, signature) = text.rsplit_once('.').unwrap();
        for bad in
            [format!("{signed}."), format!("{signed}.{}", signature.to_lowercase()), format!("{text}.")]
        {
            assert!(seen.verify(&ring, "a+jwt", &bad, NOW).is_err(), "{bad}");
        }
        assert_eq!(seen.generations().young.len(), 1);
    }

    #[test]
    fn what_was_signed_here_is_known_as_what_it_was_signed_as_and_while_its_key_is_accepted() {
        let (seen, other, ring) = (Seen::default(), ring(), ring());
        let text = sign(ring.active(), "a+jwt", b"{\"a\":1}").unwrap();
        seen.signed(ring.active(), "a+jwt", &text);
        assert_eq!(seen.verify(&ring, "a+jwt", &text, NOW).unwrap(), b"{\"a\":1}");
        assert!(matches!(seen.verify(&ring, "b+jwt", &text, NOW), Err(OpenError::Kind)));
        assert!(matches!(seen.verify(&other, "a+jwt", &text, NOW), Err(OpenError::Key)));
    }

    #[test]
    fn what_was_verified_as_one_kind_is_no_other() {
        let (seen, ring) = (Seen::default(), ring());
        let text = sign(ring.active(), "a+jwt", b"{}").unwrap();
        seen.verify(&ring, "a+jwt", &text, NOW).unwrap();
        assert!(matches!(seen.verify(&ring, "b+jwt", &text, NOW), Err(OpenError::Kind)));
    }

    #[test]
    fn what_was_verified_goes_with_its_key() {
        let seen = Seen::default();
        let records: Vec<_> = ring().iter().chain(ring().iter()).map(|key| key.record().clone()).collect();
        let [mut old, new] = records.try_into().ok().unwrap();
        let of = |records| Ring::from_json(Purpose::Access, ring::to_json(records).as_bytes()).unwrap();
        let before = of(vec![old.clone()]);
        let text = sign(before.active(), "a+jwt", b"{}").unwrap();
        seen.verify(&before, "a+jwt", &text, NOW).unwrap();
        let until = Timestamp::from_secs(NOW.as_secs() + 60);
        (old.state, old.until) = (State::Retired, Some(until));
        let after = of(vec![new.clone(), old]);
        assert!(seen.verify(&after, "a+jwt", &text, NOW).is_ok());
        assert!(matches!(seen.verify(&after, "a+jwt", &text, until), Err(OpenError::Key)));
        assert!(matches!(seen.verify(&of(vec![new]), "a+jwt", &text, NOW), Err(OpenError::Key)));
    }

    #[test]
    fn what_was_made_of_a_text_is_had_again_until_it_ends_or_its_key_goes() {
        let (seen, other, ring) = (Seen::default(), ring(), ring());
        let text = sign(ring.active(), "a+jwt", b"{}").unwrap();
        let (digest, end) = (digest(&text), Timestamp::from_secs(NOW.as_secs() + 60));
        seen.keep((&digest, &text), Some(end), Arc::new(7_u8));
        assert!(seen.made::<u8>(&ring, "a+jwt", &digest, NOW).is_none(), "nobody verified it");
        seen.verify(&ring, "a+jwt", &text, NOW).unwrap();
        seen.keep((&digest, &text), Some(end), Arc::new(7_u8));
        assert_eq!(seen.made::<u8>(&ring, "a+jwt", &digest, NOW).as_deref(), Some(&7));
        assert!(seen.made::<u8>(&ring, "a+jwt", &digest, end).is_none());
        assert!(seen.made::<u8>(&other, "a+jwt", &digest, NOW).is_none());
        assert!(seen.made::<u8>(&ring, "b+jwt", &digest, NOW).is_none());
        assert!(seen.made::<u16>(&ring, "a+jwt", &digest, NOW).is_none());
    }

    #[test]
    fn the_memory_is_bounded_and_keeps_what_is_in_use() {
        let (seen, ring) = (Seen::default(), ring());
        let kid = ring.active().record().kid().to_owned();
        let text = "x".repeat(1_000);
        for number in 0..5 * CAPACITY / (ENTRY + text.len()) {
            let digest = digest(&number.to_string());
            seen.generations().remember(digest, Verified { typ: "a+jwt", kid: kid.clone(), made: None });
            seen.keep((&digest, &text), None, Arc::new(number));
            let first = seen.made::<usize>(&ring, "a+jwt", &super::digest("0"), NOW);
            assert_eq!(first.as_deref(), Some(&0), "{number}");
        }
        let generations = seen.generations();
        let most = 2 * (CAPACITY / (ENTRY + text.len()) + 2);
        assert!(generations.young.len() + generations.old.len() <= most);
    }
}
