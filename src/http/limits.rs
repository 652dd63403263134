//! How often a caller may try: per replica, in a table of bounded size.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tracing::warn;

use super::credentials::client_id;
use super::error::ApiError;
use super::params::Params;
use super::{App, caller};
use crate::artifact::ClientDigest;
use crate::config;
use crate::flow::refusal::{ErrorCode, Refusal};

/// So many callers are remembered; past that those who were quiet are forgotten.
const CALLERS: usize = 65_536;

/// The limits of one server.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Said once, when all callers look like one.
    warned: Once,
    register: Option<DefaultKeyedRateLimiter<Caller>>,
    token_failures: Option<DefaultKeyedRateLimiter<(ClientDigest, Caller)>>,
}

/// Who counts as one: an IPv4 address, or the /64 that one host of IPv6 has to itself.
type Caller = Option<IpAddr>;

impl Limits {
    pub(crate) fn new(limits: config::Limits) -> Self {
        Self {
            warned: Once::new(),
            register: limits.register.map(keyed),
            token_failures: limits.token_failures.map(keyed),
        }
    }
}

/// May this caller register once more?
pub(super) fn may_register(app: &App, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(limiter) = &app.limits.register else { return Ok(()) };
    count(limiter, &caller_of(app, request)).inspect_err(|_| app.telemetry.limited("register"))
}

/// Counts a failure of this client from this caller, and says what it is told. What would have succeeded has by
/// then: the right secret is never refused.
pub(super) fn failed(app: &App, request: &HttpRequest, form: &Params, refusal: Refusal) -> ApiError {
    // What is our own failure counts against nobody.
    if refusal.code() == ErrorCode::TemporarilyUnavailable {
        return refusal.into();
    }
    let key = (ClientDigest::of(&client_id(form, request.headers())), caller_of(app, request));
    let counted = app.limits.token_failures.as_ref().map_or(Ok(()), |limiter| count(limiter, &key));
    match counted {
        Err(too_many) => {
            app.telemetry.limited("token");
            too_many
        }
        Ok(()) if request.headers().contains_key(AUTHORIZATION) => ApiError::RefusedBasic(refusal),
        Ok(()) => refusal.into(),
    }
}

fn keyed<K: Clone + Eq + Hash>(per_minute: NonZeroU32) -> DefaultKeyedRateLimiter<K> {
    RateLimiter::keyed(Quota::per_minute(per_minute))
}

fn count<K: Clone + Eq + Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), ApiError> {
    if limiter.len() > CALLERS {
        limiter.retain_recent();
    }
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        ApiError::TooMany { retry_after_secs: wait.as_secs() + 1 }
    })
}

fn caller_of(app: &App, request: &HttpRequest) -> Caller {
    let address = caller::address(request, app.forwarded_hops);
    let public = app.authorities.iter().any(|authority| !authority.site.issuer.is_loopback());
    if public && address.is_some_and(is_private) {
        app.limits.warned.call_once(|| {
            warn!("a caller has a private address: MCP_AUTH_FORWARDED_HOPS may be too small, so that limits count all callers as one");
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
