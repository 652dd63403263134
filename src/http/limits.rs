//! How often a caller may try: per replica, in a table of bounded size.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Once;
use std::sync::atomic::{AtomicI64, Ordering};

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tracing::warn;

use super::credentials::client_id;
use super::error::{ApiError, PageError};
use super::params::Params;
use super::{App, caller};
use crate::artifact::ClientDigest;
use crate::clock::Timestamp;
use crate::config;
use crate::flow::refusal::{ErrorCode, Refusal};
use crate::oauth::Subject;
use crate::telemetry::Limited;

/// So many callers are remembered. Past that those who were quiet are forgotten, and when nobody was, newcomers
/// have to wait.
const CALLERS: usize = 65_536;
/// A person connects an assistant once in a while; one that tries again and again is told to wait.
const DOCUMENTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// The limits of one server.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Said once, when all callers look like one.
    warned: Once,
    register: Option<Table<Caller>>,
    token_failures: Option<Table<(ClientDigest, Caller)>>,
    documents: Table<Subject>,
}

/// Who counts as one: an IPv4 address, or the /64 that one host of IPv6 has to itself.
type Caller = Option<IpAddr>;

impl Limits {
    pub(crate) fn new(limits: config::Limits) -> Self {
        Self {
            warned: Once::new(),
            register: limits.register.map(Table::new),
            token_failures: limits.token_failures.map(Table::new),
            documents: Table::new(DOCUMENTS_PER_MINUTE),
        }
    }
}

/// May this caller register once more?
pub(super) fn may_register(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(table) = &app.limits.register else { return Ok(()) };
    let counted = table.count(&caller_of(app, request), app.clock.now());
    Ok(counted.inspect_err(|_| app.telemetry.limited(Limited::Register))?)
}

/// May a document be fetched once more for this person?
pub(super) fn may_fetch(app: &App, person: &Subject) -> Result<(), PageError> {
    let counted = app.limits.documents.count(person, app.clock.now());
    Ok(counted.inspect_err(|_| app.telemetry.limited(Limited::Documents))?)
}

/// Counts a failure of this client from this caller, and says what it is told. What would have succeeded has by
/// then: the right secret is never refused.
pub(super) fn failed(app: &App, request: &HttpRequest, form: &Params, refusal: Refusal) -> ApiError {
    // What is our own failure counts against nobody.
    if refusal.code() == ErrorCode::TemporarilyUnavailable {
        return refusal.into();
    }
    let key = (ClientDigest::of(&client_id(form, request.headers())), caller_of(app, request));
    let table = app.limits.token_failures.as_ref();
    let counted = table.map_or(Ok(()), |table| table.count(&key, app.clock.now()));
    match counted {
        Err(too_many) => {
            app.telemetry.limited(Limited::Token);
            too_many.into()
        }
        Ok(()) if request.headers().contains_key(AUTHORIZATION) => ApiError::RefusedBasic(refusal),
        Ok(()) => refusal.into(),
    }
}

/// How often each of many did something lately.
#[derive(Debug)]
struct Table<K: Clone + Eq + Hash> {
    limiter: DefaultKeyedRateLimiter<K>,
    /// When the quiet ones were forgotten last: at most once a second, for it looks at everybody.
    swept: AtomicI64,
}

impl<K: Clone + Eq + Hash> Table<K> {
    fn new(per_minute: NonZeroU32) -> Self {
        Self { limiter: RateLimiter::keyed(Quota::per_minute(per_minute)), swept: AtomicI64::new(0) }
    }

    fn count(&self, key: &K, now: Timestamp) -> Result<(), TooMany> {
        if self.limiter.len() >= CALLERS && self.swept.swap(now.as_secs(), Ordering::Relaxed) != now.as_secs()
        {
            self.limiter.retain_recent();
        }
        if self.limiter.len() >= CALLERS {
            return Err(TooMany { retry_after_secs: 1 });
        }
        self.limiter.check_key(key).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            TooMany { retry_after_secs: wait.as_secs() + 1 }
        })
    }
}

/// Somebody has to wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("too many requests; try again later")]
pub(crate) struct TooMany {
    pub(super) retry_after_secs: u64,
}

fn caller_of(app: &App, request: &HttpRequest) -> Caller {
    let address = caller::address(request, app.forwarded_hops);
    let public = app.authorities.iter().any(|authority| !authority.site.issuer.is_loopback());
    if public && address.is_none_or(is_private) {
        app.limits.warned.call_once(|| {
            warn!("a caller has a private address or none: MCP_AUTH_FORWARDED_HOPS may be wrong, so that limits count all callers as one");
        });
    }
    address.map(|address| match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) & !u128::from(u64::MAX)).into(),
    })
}

/// An address that no caller from the internet has.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    // T19, T20
    #[test]
    fn a_flood_of_callers_fills_no_memory_and_is_forgotten_when_it_is_over() {
        let table: Table<usize> = Table::new(NonZeroU32::MAX);
        for caller in 0..2 * CALLERS {
            let _ = table.count(&caller, NOW);
        }
        assert!(table.limiter.len() <= CALLERS);
        let later = NOW + crate::clock::Seconds(1);
        assert!(table.count(&usize::MAX, later).is_ok());
    }

    #[test]
    fn who_was_quiet_makes_room_for_a_newcomer() {
        let table: Table<usize> = Table::new(NonZeroU32::MAX);
        assert!((0..=CALLERS).all(|caller| table.count(&caller, NOW).is_ok()));
    }

    // T20
    #[test]
    fn newcomers_wait_while_there_is_no_room_and_nobody_is_quiet() {
        let table: Table<usize> = Table::new(NonZeroU32::MIN);
        assert!((0..CALLERS).all(|caller| table.count(&caller, NOW).is_ok()));
        assert_eq!(table.count(&CALLERS, NOW), Err(TooMany { retry_after_secs: 1 }));
        assert_eq!(table.limiter.len(), CALLERS);
    }

    #[test]
    fn who_is_over_the_limit_is_told_how_long_to_wait() {
        let (table, began) = (Table::<usize>::new(NonZeroU32::MIN), Instant::now());
        assert!(table.count(&1, NOW).is_ok());
        let refused = table.count(&1, NOW).unwrap_err();
        assert!(matches!(refused, TooMany { retry_after_secs: 59..=61 }), "{refused:?}");
        let comes_back = Duration::from_secs(refused.retry_after_secs) + began.elapsed();
        assert!(comes_back >= Duration::from_mins(1), "too early: {refused:?}");
        assert!(table.count(&2, NOW).is_ok());
    }
}
