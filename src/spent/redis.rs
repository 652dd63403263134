//! The Redis store: all replicas', and the list of families that gateways refuse.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use redis::{Cmd, cmd};
use tracing::warn;

use super::link::{Away, Link};
use super::{Family, Reused, Unspent};
use crate::artifact::RefreshToken;
use crate::clock::{Clock, Seconds, Timestamp};
use crate::config::{ConfigError, RedisStore};
use crate::oauth::Jti;
use crate::seal::new_nonce;

/// The rules of a family, which Redis runs whole.
const FAMILY: &str = include_str!("family.lua");
/// Families that were revoked, by until when they are listed.
const REVOKED: &str = "mcp-auth:r";
/// The clocks of replicas may differ by 30 s: what one of them holds for over, another still accepts.
const MARGIN: Seconds = Seconds(60);
/// An opening that reaches Redis later does nothing: shorter than anybody waits for the answer.
const OPENING_MILLIS: u64 = 1000;
/// So long Redis's time is reckoned without asking; it is asked for every second.
const RECKONED: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What `family.lua` keeps of a family, as far as it was set: `g`, `n`, `s` and `r`.
type Record = (Option<u32>, Option<u64>, Option<i64>, Option<u8>);

/// The families of all replicas.
#[derive(Debug)]
pub struct SharedFamilies {
    link: Link,
    /// How long a revoked family is listed.
    listed: Seconds,
    revoked: RwLock<Revoked>,
    /// Redis's own time when it was last asked for it, in milliseconds.
    time: RwLock<Option<(u64, Instant)>>,
}

/// The list as this replica knows it: nothing leaves it early, whatever happens to the store.
#[derive(Debug, Default)]
struct Revoked {
    until: HashMap<Jti, Timestamp>,
    read: Option<Timestamp>,
}

impl SharedFamilies {
    pub(super) fn new(store: &RedisStore, access: Seconds) -> Result<Self, ConfigError> {
        let password = store.password_file.as_deref().map(password).transpose()?;
        let link = Link::new(store, password.as_deref())
            .map_err(|error| ConfigError::new("STORE", error.to_string()))?;
        Ok(Self {
            link,
            listed: Seconds(access.0 + MARGIN.0),
            revoked: RwLock::default(),
            time: RwLock::default(),
        })
    }

    pub(super) async fn open(&self, sid: &Jti, end: Timestamp, now: Timestamp) -> Result<(), Unspent> {
        let deadline = self.time().await?.saturating_add(OPENING_MILLIS);
        let mut step = self.step("open", sid, end, now);
        self.take(sid, step.arg(new_nonce()).arg(deadline), now).await
    }

    /// What time it is in Redis: reckoned from when it said so last, or asked for where that is long ago, so that an
    /// opening takes one round trip.
    async fn time(&self) -> Result<u64, Away> {
        let known = *self.time.read().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some((then, at)) if at.elapsed() < RECKONED => {
                Ok(then.saturating_add(u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)))
            }
            _ => self.ask_time().await,
        }
    }

    async fn ask_time(&self) -> Result<u64, Away> {
        let millis = millis(self.link.ask(&cmd("TIME")).await?);
        *self.time.write().unwrap_or_else(PoisonError::into_inner) = Some((millis, Instant::now()));
        Ok(millis)
    }

    pub(super) async fn present(
        &self,
        token: &RefreshToken,
        grace: Seconds,
        now: Timestamp,
    ) -> Result<(), Unspent> {
        let sid = &token.grant.sid;
        let mut step = self.step("present", sid, token.exp, now);
        self.take(sid, step.arg(token.generation).arg(token.nonce).arg(grace.0), now).await
    }

    pub(super) async fn revoke(&self, sid: &Jti, end: Timestamp, now: Timestamp) -> Result<(), Away> {
        let _: String = self.link.ask(&self.step("revoke", sid, end, now)).await?;
        self.list([(sid.clone(), now + self.listed)], now);
        Ok(())
    }

    pub(super) fn is_revoked(&self, sid: &Jti) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).until.contains_key(sid)
    }

    /// How far a family has come, if Redis knows it; nothing is changed by that.
    pub async fn family(&self, sid: &Jti) -> Result<Option<Family>, Away> {
        let mut record = cmd("HMGET");
        record.arg(record_of(sid)).arg(&["g", "n", "s", "r"]);
        let (generation, first, since, revoked): Record = self.link.ask_aside(&record).await?;
        let is_known = generation.is_some() || revoked.is_some();
        Ok(is_known.then(|| {
            let since = Timestamp::from_secs(since.unwrap_or_default());
            // Redis forgets it by itself, so nobody asks for its end.
            let (generation, first) = (generation.unwrap_or_default(), first.unwrap_or_default());
            Family { end: since, generation, first, since, revoked: revoked.is_some() }
        }))
    }

    /// Did Redis answer when it was last asked?
    pub fn answers(&self) -> bool {
        self.link.answers()
    }

    /// When the list of revoked families was last read.
    pub fn list_read(&self) -> Option<Timestamp> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).read
    }

    pub(super) async fn follow(&self, clock: &Clock) {
        let mut looked = false;
        loop {
            if self.read_list(clock.now()).await.is_ok() && !looked {
                looked = true;
                for warning in self.warnings().await {
                    warn!("{warning}");
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn read_list(&self, now: Timestamp) -> Result<(), Away> {
        let mut whole = cmd("ZRANGE");
        whole.arg(REVOKED).arg(0).arg(-1).arg("WITHSCORES");
        let listed: Vec<(String, i64)> = self.link.ask(&whole).await?;
        self.ask_time().await?;
        self.list(listed.into_iter().map(|(sid, until)| (Jti(sid), Timestamp::from_secs(until))), now);
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).read = Some(now);
        Ok(())
    }

    fn list(&self, families: impl IntoIterator<Item = (Jti, Timestamp)>, now: Timestamp) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.until.extend(families);
        revoked.until.retain(|_, until| now <= *until);
    }

    pub(super) async fn warnings(&self) -> Vec<String> {
        match self.link.ask_aside::<String>(&cmd("INFO")).await {
            Ok(info) => forgetful(&info),
            Err(away) => vec![format!("MCP_AUTH_STORE: {}", unasked(&away))],
        }
    }

    /// What every step says; EVAL alone, so that a Redis that restarted needs no second try.
    fn step(&self, step: &str, sid: &Jti, end: Timestamp, now: Timestamp) -> Cmd {
        let ttl = (end.max(now) + MARGIN).since(now).0;
        let mut eval = cmd("EVAL");
        eval.arg(FAMILY).arg(2).arg(record_of(sid)).arg(REVOKED);
        eval.arg(step).arg(sid.as_str()).arg(now.as_secs()).arg(ttl).arg(self.listed.0);
        eval
    }

    async fn take(&self, sid: &Jti, step: &Cmd, now: Timestamp) -> Result<(), Unspent> {
        let answer: String = self.link.ask(step).await?;
        let reused = match answer.as_str() {
            "good" => return Ok(()),
            "late" => return Err(Away::late().into()),
            "code" => Reused::Code,
            "stolen" => Reused::Stolen,
            "superseded" => Reused::Superseded,
            "revoked" => Reused::Revoked,
            _ => Reused::Unknown,
        };
        if reused.replayed().is_some() {
            self.list([(sid.clone(), now + self.listed)], now);
        }
        Err(reused.into())
    }
}

/// The line of a file.
fn password(file: &Path) -> Result<String, ConfigError> {
    let wrong = |reason| ConfigError::new("STORE_PASSWORD_FILE", format!("{}: {reason}", file.display()));
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    match text.trim_end_matches(['\r', '\n']) {
        "" => Err(wrong("it is empty".to_owned())),
        password => Ok(password.to_owned()),
    }
}

/// Whatever Redis holds for the time: it is asked again every second.
fn millis((seconds, micros): (u64, u64)) -> u64 {
    seconds.saturating_mul(1000).saturating_add(micros / 1000)
}

fn record_of(sid: &Jti) -> String {
    format!("mcp-auth:f:{sid}")
}

/// How this Redis may lose what it was told, by what it says of itself.
fn forgetful(info: &str) -> Vec<String> {
    let value = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let policy = value("maxmemory_policy").unwrap_or("noeviction").escape_debug().to_string();
    let mut warnings = Vec::new();
    if value("aof_enabled") == Some("0") {
        warnings.push(
            "MCP_AUTH_STORE: Redis has `appendonly no`: after a restart of it everybody signs in again"
                .to_owned(),
        );
    }
    if value("maxmemory").is_some_and(|limit| limit != "0") && policy != "noeviction" {
        warnings.push(format!(
            "MCP_AUTH_STORE: Redis has `maxmemory-policy {policy}`: short of memory it logs people out; it needs \
             noeviction"
        ));
    }
    warnings
}

fn unasked(away: &Away) -> String {
    let cause = std::error::Error::source(away).map(ToString::to_string).unwrap_or_default();
    let cause = cause.escape_debug().to_string();
    if cause.to_ascii_lowercase().contains("noperm") {
        format!("Redis does not say whether it forgets: {cause}")
    } else {
        format!("Redis cannot be asked now: {cause}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nobody would read the list of revoked families any more.
    #[test]
    fn no_time_that_redis_tells_is_too_much() {
        assert_eq!(millis((1_800_000_000, 999_999)), 1_800_000_000_999);
        for (seconds, micros) in [(u64::MAX, 0), (0, u64::MAX), (u64::MAX, u64::MAX)] {
            assert!(millis((seconds, micros)) > 1_800_000_000_000);
        }
    }

    #[test]
    fn a_redis_that_is_set_to_forget_is_found_out() {
        let durable = "aof_enabled:1\r\nmaxmemory:100\r\nmaxmemory_policy:noeviction\r\n";
        assert!(forgetful(durable).is_empty());
        for (setting, forgets) in [
            ("aof_enabled:0\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", "appendonly"),
            ("aof_enabled:1\r\nmaxmemory:100\r\nmaxmemory_policy:volatile-ttl\r\n", "volatile-ttl"),
            ("maxmemory:100\r\nmaxmemory_policy:\u{1b}[2J\r\n", "\\u{1b}[2J"),
        ] {
            let warnings = forgetful(setting);
            assert!(warnings.len() == 1 && warnings[0].contains(forgets), "{warnings:?}");
        }
    }
}
