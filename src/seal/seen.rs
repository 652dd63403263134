//! Signatures that were verified before: clients send the same text with every request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::jose::verify;
use super::{Key, OpenError, Ring};
use crate::clock::Timestamp;

/// Texts in a generation: with two of them some 1 MB at most, for a few thousand clients at work.
const CAPACITY: usize = 4_096;

/// Remembers by its digest which text was verified, as which kind and by which key. Only good ones get in, so a flood
/// of bad ones drives none out; the older generation goes when the younger is full.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<[u8; 32], Verified>,
    old: HashMap<[u8; 32], Verified>,
}

#[derive(Clone, Debug)]
struct Verified {
    typ: &'static str,
    kid: String,
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
        let digest = Sha256::digest(text).into();
        if self.knows(&digest, |verified| verified.typ == typ && ring.find(&verified.kid, now).is_some()) {
            return payload(text);
        }
        let (claims, kid) = verify(ring, typ, text, now)?;
        self.generations().remember(digest, Verified { typ, kid });
        Ok(claims)
    }

    /// What was signed here needs no verification here.
    pub(super) fn signed(&self, key: &Key, typ: &'static str, text: &str) {
        let kid = key.record().kid().to_owned();
        self.generations().remember(Sha256::digest(text).into(), Verified { typ, kid });
    }

    fn knows(&self, digest: &[u8; 32], holds: impl Fn(&Verified) -> bool) -> bool {
        let mut generations = self.generations();
        if let Some(verified) = generations.young.get(digest) {
            return holds(verified);
        }
        let Some(verified) = generations.old.remove(digest) else { return false };
        let known = holds(&verified);
        if known {
            generations.remember(*digest, verified);
        }
        known
    }

    fn generations(&self) -> std::sync::MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn remember(&mut self, digest: [u8; 32], verified: Verified) {
        if self.young.len() >= CAPACITY {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(digest, verified);
    }
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
    fn the_memory_is_bounded_and_keeps_what_is_in_use() {
        let (seen, verified) = (Seen::default(), Verified { typ: "a+jwt", kid: "k".to_owned() });
        let digest = |number: usize| Sha256::digest(number.to_be_bytes()).into();
        for number in 0..5 * CAPACITY {
            assert!(number == 0 || seen.knows(&digest(0), |_| true), "{number}");
            seen.generations().remember(digest(number), verified.clone());
        }
        let generations = seen.generations();
        assert!(generations.young.len() + generations.old.len() <= 2 * CAPACITY);
    }
}
