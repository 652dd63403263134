//! A key ring: the generations of one purpose.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::key::{Key, KeyError, KeyRecord, State};
use crate::clock::Timestamp;

/// What a ring is for. Each has its own, because their retention differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// Access tokens: the only ring in the JWKS.
    Access,
    /// Codes, refresh tokens and consent questions; unpublished.
    Session,
    /// Client identifiers; unpublished, kept for years.
    Registration,
}

impl Purpose {
    pub const ALL: [Self; 3] = [Self::Access, Self::Session, Self::Registration];

    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Session => "session",
            Self::Registration => "registration",
        }
    }

    pub fn encrypts(self) -> bool {
        self == Self::Session
    }

    /// What its file is called, on disk and in a Secret.
    pub(super) fn file(self) -> String {
        format!("{}.json", self.name())
    }
}

/// All keys of one purpose; exactly one of them seals.
#[derive(Clone, Debug)]
pub struct Ring {
    active: Key,
    others: Vec<Key>,
}

impl Ring {
    pub fn active(&self) -> &Key {
        &self.active
    }

    /// The key that is called so and accepted at `now`.
    pub fn find(&self, kid: &str, now: Timestamp) -> Option<&Key> {
        self.iter().find(|key| key.record().kid() == kid && key.is_accepted(now))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.active).chain(&self.others)
    }

    /// Keeps the counts of the keys that were there before.
    fn count_on_from(&mut self, before: &Self) {
        for key in std::iter::once(&mut self.active).chain(&mut self.others) {
            let same = before.iter().find(|old| old.record().kid() == key.record().kid());
            if let Some(old) = same {
                key.count_on_from(old);
            }
        }
    }

    /// As they lie on disk, the one that seals first.
    pub fn records(&self) -> Vec<KeyRecord> {
        self.iter().map(|key| key.record().clone()).collect()
    }

    /// The public keys that a verifier may meet (RFC 7517 §5).
    pub fn jwks(&self, now: Timestamp) -> Value {
        let keys: Vec<Value> =
            self.iter().filter(|key| key.is_accepted(now)).map(|key| key.record().public_jwk()).collect();
        json!({ "keys": keys })
    }

    /// Reads a ring file whole, or refuses it whole.
    pub fn from_json(purpose: Purpose, text: &[u8]) -> Result<Self, RingError> {
        let file: RingFile = serde_json::from_slice(text).map_err(RingError::Json)?;
        Self::from_records(purpose, file.keys)
    }

    /// The same of records that are at hand.
    pub(super) fn from_records(purpose: Purpose, records: Vec<KeyRecord>) -> Result<Self, RingError> {
        let mut keys = records.into_iter().map(Key::try_from).collect::<Result<Vec<_>, _>>()?;
        if keys.iter().any(|key| key.encrypts() != purpose.encrypts()) {
            return Err(RingError::Purpose);
        }
        let endless = |key: &Key| key.record().state == State::Retired && key.record().until.is_none();
        if purpose != Purpose::Registration && keys.iter().any(endless) {
            return Err(RingError::Endless);
        }
        for (at, key) in keys.iter().enumerate() {
            if keys[..at].iter().any(|other| other.record().kid() == key.record().kid()) {
                return Err(RingError::Duplicate);
            }
        }
        let is_active = |key: &Key| key.record().state == State::Active;
        let at = keys.iter().position(is_active).ok_or(RingError::Active)?;
        let active = keys.remove(at);
        if keys.iter().any(is_active) { Err(RingError::Active) } else { Ok(Self { active, others: keys }) }
    }
}

/// The three rings of a server, from one reading of the directory.
#[derive(Clone, Debug)]
pub struct Rings {
    pub access: Ring,
    pub session: Ring,
    pub registration: Ring,
}

impl Rings {
    pub fn of(&self, purpose: Purpose) -> &Ring {
        match purpose {
            Purpose::Access => &self.access,
            Purpose::Session => &self.session,
            Purpose::Registration => &self.registration,
        }
    }

    /// Refuses a ring that has a key of one before it: whoever verifies by a published key must meet access tokens
    /// only.
    pub(super) fn apart(self) -> Result<Self, (Purpose, RingError)> {
        let mut kids = HashSet::new();
        for purpose in Purpose::ALL {
            if !self.of(purpose).iter().all(|key| kids.insert(key.record().kid())) {
                return Err((purpose, RingError::Shared));
            }
        }
        Ok(self)
    }

    /// Keeps the counts of the keys that were there before.
    pub(super) fn count_on_from(mut self, before: &Self) -> Self {
        self.session.count_on_from(&before.session);
        self
    }

    /// All three, or none.
    pub fn each<E>(ring: impl Fn(Purpose) -> Result<Ring, E>) -> Result<Self, E> {
        Ok(Self {
            access: ring(Purpose::Access)?,
            session: ring(Purpose::Session)?,
            registration: ring(Purpose::Registration)?,
        })
    }
}

/// The text of a new ring file with one key that seals.
pub fn fresh(purpose: Purpose, now: Timestamp) -> String {
    to_json(vec![KeyRecord::generate(purpose.encrypts(), State::Active, now)])
}

/// The text of a ring file.
pub fn to_json(keys: Vec<KeyRecord>) -> String {
    serde_json::to_string_pretty(&RingFile { keys }).unwrap_or_default() + "\n"
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RingFile {
    keys: Vec<KeyRecord>,
}

#[derive(Debug, thiserror::Error)]
pub enum RingError {
    #[error("exactly one key must be active")]
    Active,
    #[error("two keys have the same `kid`")]
    Duplicate,
    #[error("a retired key has no `until`")]
    Endless,
    /// Its own sentence could quote a private key.
    #[error("it is not a ring of keys (line {}, column {})", .0.line(), .0.column())]
    Json(serde_json::Error),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("its keys are those of another ring")]
    Purpose,
    #[error("a key of it is in another ring, too")]
    Shared,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn ring(purpose: Purpose, states: &[(State, Option<i64>)]) -> Result<Ring, RingError> {
        let record = |(state, until): &(State, Option<i64>)| {
            let mut record = KeyRecord::generate(purpose.encrypts(), *state, NOW);
            record.until = until.map(Timestamp::from_secs);
            record
        };
        let file = RingFile { keys: states.iter().map(record).collect() };
        Ring::from_json(purpose, &serde_json::to_vec(&file).unwrap())
    }

    #[test]
    fn a_ring_has_exactly_one_active_key() {
        use State::{Active, Next, Retired};
        let soon = Some(NOW.as_secs() + 60);
        assert!(ring(Purpose::Access, &[(Next, None), (Active, None), (Retired, soon)]).is_ok());
        for wrong in [vec![], vec![(Next, None)], vec![(Active, None), (Active, None)]] {
            assert!(matches!(ring(Purpose::Access, &wrong), Err(RingError::Active)), "{wrong:?}");
        }
    }

    #[test]
    fn a_retired_key_is_accepted_and_published_until_its_date() {
        let soon = Timestamp::from_secs(NOW.as_secs() + 60);
        let ring =
            ring(Purpose::Access, &[(State::Active, None), (State::Retired, Some(soon.as_secs()))]).unwrap();
        let retired = ring.iter().nth(1).unwrap().record().kid().to_owned();
        for (now, accepted) in [(NOW, true), (soon, false)] {
            assert_eq!(ring.find(&retired, now).is_some(), accepted);
            assert_eq!(ring.jwks(now)["keys"].as_array().unwrap().len(), if accepted { 2 } else { 1 });
        }
    }

    /// Random nonces could meet after too many uses, whenever the file was read.
    #[test]
    fn a_key_goes_on_counting_when_the_rings_are_read_again() {
        let text = |purpose| fresh(purpose, NOW);
        let files = Purpose::ALL.map(text);
        let read = || Rings::each(|of| Ring::from_json(of, files[of as usize].as_bytes())).unwrap();
        let before = read();
        assert_eq!(before.session.active().uses(), 0);
        for _ in 0..3 {
            before.session.active().cipher().unwrap();
        }
        let again = read().count_on_from(&before);
        assert_eq!(again.session.active().uses(), 3);
        let others = Rings::each(|of| Ring::from_json(of, text(of).as_bytes())).unwrap();
        assert_eq!(others.count_on_from(&before).session.active().uses(), 0);
    }

    #[test]
    fn what_is_no_ring_is_refused_without_quoting_it() {
        for text in [
            r#""key material""#,
            r#"{"keys": "key material"}"#,
            r#"{"key material": 1}"#,
            r#"{"keys": [{"state": "key material"}]}"#,
        ] {
            let error = Ring::from_json(Purpose::Access, text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("line 1") && !error.contains("material"), "{text}: {error}");
        }
    }

    #[test]
    fn a_ring_of_another_purpose_and_a_doubled_key_are_refused() {
        let session = fresh(Purpose::Session, NOW);
        assert!(matches!(Ring::from_json(Purpose::Access, session.as_bytes()), Err(RingError::Purpose)));
        let access = fresh(Purpose::Access, NOW);
        assert!(matches!(Ring::from_json(Purpose::Session, access.as_bytes()), Err(RingError::Purpose)));
        let mut doubled: Value = serde_json::from_str(&access).unwrap();
        let key = doubled["keys"][0].clone();
        doubled["keys"].as_array_mut().unwrap().push(key);
        assert!(matches!(
            Ring::from_json(Purpose::Access, doubled.to_string().as_bytes()),
            Err(RingError::Duplicate)
        ));
    }
}
