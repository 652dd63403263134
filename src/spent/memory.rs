//! The `memory` store: this replica's own, until it restarts.

use std::collections::{HashMap, VecDeque};

use super::Reused;
use crate::artifact::RefreshToken;
use crate::clock::{Seconds, Timestamp};
use crate::oauth::{Jti, Subject};

/// So many families of one person are remembered; the oldest is forgotten first.
pub(super) const FAMILIES_A_PERSON: usize = 256;
/// What is over, access tokens and all, is swept out when the memory has grown by this many.
pub(super) const SWEEP_EVERY: usize = 1024;

/// Every family that was met.
#[derive(Debug)]
pub struct Families {
    /// An access token lives so long, also one that was issued when its family ended.
    access: Seconds,
    records: HashMap<Jti, Family>,
    by_person: HashMap<Subject, VecDeque<Jti>>,
    opened_since_sweep: usize,
}

/// How far one family has come.
#[derive(Clone, Debug)]
pub struct Family {
    pub(super) end: Timestamp,
    /// The highest generation presented; 0 before the first refresh.
    pub(super) generation: u32,
    /// Which token of that generation came first, and when.
    pub(super) first: u64,
    pub(super) since: Timestamp,
    pub(super) revoked: bool,
}

impl Families {
    pub(super) fn new(access: Seconds) -> Self {
        Self { access, records: HashMap::new(), by_person: HashMap::new(), opened_since_sweep: 0 }
    }

    pub(super) fn open(
        &mut self,
        sid: &Jti,
        sub: &Subject,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), Reused> {
        if let Some(family) = self.records.get_mut(sid) {
            family.revoked = true;
            return Err(Reused::Code);
        }
        self.remember(sid, sub, Family::fresh(end, now), now);
        Ok(())
    }

    /// A family that was not met before is taken as fresh.
    pub(super) fn present(
        &mut self,
        token: &RefreshToken,
        grace: Seconds,
        now: Timestamp,
    ) -> Result<(), Reused> {
        let (sid, sub) = (&token.grant.sid, &token.grant.person.sub);
        if let Some(family) = self.records.get_mut(sid) {
            return family.present(token, grace, now);
        }
        let (generation, first) = (token.generation, token.nonce);
        self.remember(sid, sub, Family { generation, first, ..Family::fresh(token.exp, now) }, now);
        Ok(())
    }

    pub(super) fn revoke(&mut self, sid: &Jti, sub: &Subject, end: Timestamp, now: Timestamp) {
        match self.records.get_mut(sid) {
            Some(family) => family.revoked = true,
            None => self.remember(sid, sub, Family { revoked: true, ..Family::fresh(end, now) }, now),
        }
    }

    pub(super) fn is_revoked(&self, sid: &Jti) -> bool {
        self.records.get(sid).is_some_and(|family| family.revoked)
    }

    pub(super) fn count(&self) -> usize {
        self.records.len()
    }

    fn remember(&mut self, sid: &Jti, sub: &Subject, family: Family, now: Timestamp) {
        self.opened_since_sweep += 1;
        if self.opened_since_sweep >= SWEEP_EVERY {
            self.sweep(now);
        }
        let theirs = self.by_person.entry(sub.clone()).or_default();
        theirs.push_back(sid.clone());
        if theirs.len() > FAMILIES_A_PERSON
            && let Some(oldest) = theirs.pop_front()
        {
            self.records.remove(&oldest);
        }
        self.records.insert(sid.clone(), family);
    }

    fn sweep(&mut self, now: Timestamp) {
        self.opened_since_sweep = 0;
        let access = self.access;
        self.records.retain(|_, family| now < family.end + access);
        let records = &self.records;
        self.by_person.retain(|_, theirs| {
            theirs.retain(|sid| records.contains_key(sid));
            !theirs.is_empty()
        });
    }
}

impl Family {
    fn fresh(end: Timestamp, now: Timestamp) -> Self {
        Self { end, generation: 0, first: 0, since: now, revoked: false }
    }

    pub fn is_revoked(&self) -> bool {
        self.revoked
    }

    /// What would become of a token that is presented now.
    pub fn would_refuse(&self, token: &RefreshToken, grace: Seconds, now: Timestamp) -> Option<Reused> {
        self.clone().present(token, grace, now).err()
    }

    /// `family.lua` is the same rule in Redis; `tests/store/agreement.rs` holds the two together.
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
        // Times are whole seconds, and none at all is less than the rest of one.
        if grace == Seconds(0) || now.since(self.since) > grace {
            self.revoked = true;
            return Err(Reused::Stolen);
        }
        if same_generation { Ok(()) } else { Err(Reused::Superseded) }
    }
}
