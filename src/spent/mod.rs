//! What was spent: which codes, and how far each family of refresh tokens has come.

mod link;
mod memory;
mod redis;

use std::sync::{Mutex, PoisonError};

pub use link::Away;
pub use redis::SharedFamilies;

use crate::artifact::RefreshToken;
use crate::clock::{Clock, Seconds, Timestamp};
use crate::config::{ConfigError, Store};
use crate::oauth::{Jti, Subject};
use crate::telemetry::Replayed;
use memory::Families;
pub use memory::Family;

/// The memory of single use. An enum, because an `async fn` in a trait cannot be a trait object.
#[derive(Debug)]
pub enum Spent {
    /// This replica's own, until it restarts. A family it never met is taken as fresh.
    Memory(Mutex<Families>),
    /// Of all replicas. A family it never met is refused, so a Redis that was emptied revives nothing.
    Redis(Box<SharedFamilies>),
}

impl Spent {
    /// Connects to nothing yet. `access` is how long access tokens live.
    pub fn new(store: &Store, access: Seconds) -> Result<Self, ConfigError> {
        match store {
            Store::Memory => Ok(Self::memory(access)),
            Store::Redis(redis) => Ok(Self::Redis(SharedFamilies::new(redis, access)?.into())),
        }
    }

    /// `access` is how long access tokens live.
    pub fn memory(access: Seconds) -> Self {
        Self::Memory(Mutex::new(Families::new(access)))
    }

    /// Opens the family of a code at its first valid redemption. A second one revokes the family
    /// (OAuth 2.1 §4.1.3) and is refused. The record is kept until `end`.
    pub async fn open_family(
        &self,
        sid: &Jti,
        sub: &Subject,
        end: Timestamp,
        now: Timestamp,
    ) -> Result<(), Unspent> {
        match self {
            Self::Memory(families) => Ok(lock(families).open(sid, sub, end, now)?),
            Self::Redis(families) => families.open(sid, end, now).await,
        }
    }

    /// Presents a refresh token. Refuses one that a successor has superseded, and after the grace time takes
    /// that for theft and revokes the family.
    pub async fn present(&self, token: &RefreshToken, grace: Seconds, now: Timestamp) -> Result<(), Unspent> {
        match self {
            Self::Memory(families) => Ok(lock(families).present(token, grace, now)?),
            Self::Redis(families) => families.present(token, grace, now).await,
        }
    }

    /// Ends a family, also one that was not met before; kept until `end`.
    pub async fn revoke(&self, sid: &Jti, sub: &Subject, end: Timestamp, now: Timestamp) -> Result<(), Away> {
        match self {
            Self::Memory(families) => lock(families).revoke(sid, sub, end, now),
            Self::Redis(families) => families.revoke(sid, end, now).await?,
        }
        Ok(())
    }

    /// Is this a family whose access tokens are refused? With Redis by the list as it was last read.
    pub fn is_revoked(&self, sid: &Jti) -> bool {
        match self {
            Self::Memory(families) => lock(families).is_revoked(sid),
            Self::Redis(families) => families.is_revoked(sid),
        }
    }

    /// How many families this replica remembers by itself.
    pub fn count(&self) -> usize {
        match self {
            Self::Memory(families) => lock(families).count(),
            Self::Redis(_) => 0,
        }
    }

    /// The store that replicas share, if there is one.
    pub fn shared(&self) -> Option<&SharedFamilies> {
        match self {
            Self::Memory(_) => None,
            Self::Redis(families) => Some(families),
        }
    }

    /// Reads again and again what other replicas revoked, for as long as it is polled.
    pub async fn follow(&self, clock: &Clock) {
        if let Self::Redis(families) = self {
            families.follow(clock).await;
        }
    }

    /// What the operator should know of the store although nothing is wrong with the settings.
    pub async fn warnings(&self) -> Vec<String> {
        match self {
            Self::Memory(_) => vec![
                "MCP_AUTH_STORE=memory: a restart or another replica forgets which refresh tokens were superseded \
                 or revoked; the deny file is the revocation that lasts"
                    .to_owned(),
            ],
            Self::Redis(families) => families.warnings().await,
        }
    }
}

fn lock(families: &Mutex<Families>) -> std::sync::MutexGuard<'_, Families> {
    families.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why something was not spent.
#[derive(Debug, thiserror::Error)]
pub enum Unspent {
    #[error(transparent)]
    Away(#[from] Away),
    #[error(transparent)]
    Reused(#[from] Reused),
}

/// Why a code or refresh token was refused although it was whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Reused {
    #[error("the code was used before; everything issued for it is revoked")]
    Code,
    #[error("the family is revoked")]
    Revoked,
    #[error("an old refresh token came back after the grace time; the family is revoked")]
    Stolen,
    #[error("a newer refresh token was used already")]
    Superseded,
    #[error("the store does not know the family: it was emptied, or is another one")]
    Unknown,
}

impl Reused {
    /// What somebody used again past every excuse, if they did.
    pub fn replayed(self) -> Option<Replayed> {
        match self {
            Self::Code => Some(Replayed::Code),
            Self::Stolen => Some(Replayed::RefreshToken),
            Self::Revoked | Self::Superseded | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests;
