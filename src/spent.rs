//! What was spent: which codes, and how far each family of refresh tokens has come.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;

use crate::artifact::RefreshToken;
use crate::clock::{Seconds, Timestamp};
use crate::oauth::{Jti, Subject};

/// The memory of single use. An enum, because an `async fn` in a trait cannot be a trait object.
#[derive(Debug)]
pub enum Spent {
    /// This replica's own, until it restarts. A family it never met is taken as fresh.
    Memory(Mutex<Families>),
}

impl Spent {
    pub fn memory() -> Self {
        Self::Memory(Mutex::default())
    }

    /// Opens the family of a code at its first valid redemption. A second one revokes the family
    /// (OAuth 2.1 §4.1.3) and is refused. The record is kept until `end`.
    #[expect(clippy::unused_async, reason = "a shared store answers later")]
    pub async fn open_family(
        &self,
        sid: &Jti,
        sub: &Subject,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), Reused> {
        self.families(|families| families.open(sid, sub, end, now))
    }

    /// Presents a refresh token. Refuses one that a successor has superseded, and after the grace time takes
    /// that for theft and revokes the family.
    #[expect(clippy::unused_async, reason = "a shared store answers later")]
    pub async fn present(&self, token: &RefreshToken, grace: Seconds, now: Timestamp) -> Result<(), Reused> {
        self.families(|families| families.present(token, grace, now))
    }

    /// Ends a family, also one that was not met before; kept until `end`.
    #[expect(clippy::unused_async, reason = "a shared store answers later")]
    pub async fn revoke(&self, sid: &Jti, sub: &Subject, end: Timestamp, now: Timestamp) {
        self.families(|families| families.revoke(sid, sub, end, now));
    }

    /// How many families are remembered.
    pub fn count(&self) -> usize {
        self.families(|families| families.records.len())
    }

    #[expect(clippy::unused_async, reason = "a shared store answers later")]
    pub async fn is_revoked(&self, sid: &Jti) -> bool {
        self.families(|families| families.records.get(sid).is_some_and(|family| family.revoked))
    }

    fn families<T>(&self, act: impl FnOnce(&mut Families) -> T) -> T {
        let Self::Memory(families) = self;
        act(&mut families.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

/// Why a code or refresh token was refused although it was whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reused {
    #[error("the code was used before; everything issued for it is revoked")]
    Code,
    #[error("the family is revoked")]
    Revoked,
    #[error("a newer refresh token was used already")]
    Superseded,
    #[error("an old refresh token came back after the grace time; the family is revoked")]
    Stolen,
}

impl Reused {
    /// Did somebody use again what was used up, past every excuse?
    pub fn is_replay(self) -> bool {
        matches!(self, Self::Code | Self::Stolen)
    }

    /// What it was, for the metrics.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Revoked | Self::Superseded | Self::Stolen => "refresh_token",
        }
    }
}

/// So many families of one person are remembered; the oldest is forgotten first.
const FAMILIES_A_PERSON: usize = 256;
/// Families past their end are swept out when the memory has grown by this many.
const SWEEP_EVERY: usize = 1024;

/// The `memory` store.
#[derive(Debug, Default)]
pub struct Families {
    records: HashMap<Jti, Family>,
    by_person: HashMap<Subject, VecDeque<Jti>>,
    opened_since_sweep: usize,
}

/// How far one family has come.
#[derive(Debug)]
struct Family {
    end: Timestamp,
    /// The highest generation presented; 0 before the first refresh.
    generation: u32,
    /// Which token of that generation came first, and when.
    first: u64,
    since: Timestamp,
    revoked: bool,
}

impl Families {
    fn open(&mut self, sid: &Jti, sub: &Subject, end: Timestamp, now: Timestamp) -> Result<(), Reused> {
        if let Some(family) = self.records.get_mut(sid) {
            family.revoked = true;
            return Err(Reused::Code);
        }
        self.remember(sid, sub, Family { end, generation: 0, first: 0, since: now, revoked: false }, now);
        Ok(())
    }

    fn present(&mut self, token: &RefreshToken, grace: Seconds, now: Timestamp) -> Result<(), Reused> {
        let (sid, sub) = (&token.grant.sid, &token.grant.person.sub);
        if let Some(family) = self.records.get_mut(sid) {
            return family.present(token, grace, now);
        }
        let family = Family {
            end: token.exp,
            generation: token.generation,
            first: token.nonce,
            since: now,
            revoked: false,
        };
        self.remember(sid, sub, family, now);
        Ok(())
    }

    fn revoke(&mut self, sid: &Jti, sub: &Subject, end: Timestamp, now: Timestamp) {
        match self.records.get_mut(sid) {
            Some(family) => family.revoked = true,
            None => {
                self.remember(
                    sid,
                    sub,
                    Family { end, generation: 0, first: 0, since: now, revoked: true },
                    now,
                );
            }
        }
    }

    fn remember(&mut self, sid: &Jti, sub: &Subject, family: Family, now: Timestamp) {
        self.opened_since_sweep += 1;
        if self.opened_since_sweep >= SWEEP_EVERY {
            self.sweep(now);
        }
        let theirs = self.by_person.entry(sub.clone()).or_default();
        theirs.push_back(sid.clone());
        let forgotten = if theirs.len() > FAMILIES_A_PERSON { theirs.pop_front() } else { None };
        forgotten.and_then(|oldest| self.records.remove(&oldest));
        self.records.insert(sid.clone(), family);
    }

    fn sweep(&mut self, now: Timestamp) {
        self.opened_since_sweep = 0;
        self.records.retain(|_, family| now < family.end);
        let records = &self.records;
        self.by_person.retain(|_, theirs| {
            theirs.retain(|sid| records.contains_key(sid));
            !theirs.is_empty()
        });
    }
}

impl Family {
    fn present(&mut self, token: &RefreshToken, grace: Seconds, now: Timestamp) -> Result<(), Reused> {
        if self.revoked {
            return Err(Reused::Revoked);
        }
        if token.generation > self.generation {
            (self.generation, self.first, self.since) = (token.generation, token.nonce, now);
            return Ok(());
        }
        let same_generation = token.generation == self.generation;
        if same_generation && token.nonce == self.first {
            return Ok(());
        }
        if now.since(self.since) > grace {
            self.revoked = true;
            return Err(Reused::Stolen);
        }
        if same_generation { Ok(()) } else { Err(Reused::Superseded) }
    }
}

#[cfg(test)]
mod tests;
