//! What is around the way: clocks, certificates, other hosts at this address, and what should not be reachable at all.

use std::net::SocketAddr;

use url::Url;

use super::answer::Answer;
use super::cause::{Cause, Finding};
use super::certificate::not_after;
use super::probe::{Ask, Probe, Trust};
use super::road::AUTHORIZATION_SERVER;
use super::target::Target;
use crate::clock::Timestamp;

const SKEW_SECS: i64 = 60;
const ENDING_SECS: i64 = 14 * 24 * 60 * 60;
/// mcp-remote's patience with a document.
const SLOW_MILLIS: u128 = 5000;
/// RFC 2606 §2: nobody has it.
const NOBODY: &str = "mcp-auth-doctor.invalid";

/// The clock there beside the clock here, where no cache answers.
pub(super) fn clock(answer: &Answer, now: Timestamp) -> Option<Finding> {
    let date = answer.header("date").filter(|_| answer.header("age").is_none())?;
    let there = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second();
    let ahead = there.saturating_sub(now.as_secs());
    let seen = || {
        format!(
            "Date is {date}, {} s {} the clock here",
            ahead.abs(),
            if ahead > 0 { "ahead of" } else { "behind" }
        )
    };
    (ahead.abs() > SKEW_SECS).then(|| Finding::new(Cause::CLOCK_DIFFERS, seen()))
}

pub(super) fn certificate(answer: &Answer, now: Timestamp) -> Option<Finding> {
    let end = not_after(answer.certificate.as_deref()?)?;
    let ending = end.since(now).0 < ENDING_SECS;
    ending.then(|| Finding::new(Cause::CERTIFICATE_ENDING, format!("the certificate ends at {end}")))
}

pub(super) fn slow(probe: &Probe) -> Vec<Finding> {
    probe.slower_than(SLOW_MILLIS).into_iter().map(|seen| Finding::new(Cause::SLOW, seen)).collect()
}

/// What the admin port says and nothing else of ours.
pub(super) async fn admin(probe: &Probe, target: &Target) -> Option<Finding> {
    for (path, says) in [("/metrics", "mcp_auth_"), ("/readyz", "ready\n")] {
        let ask = Ask::get(target.at(path));
        let answered = probe.ask(&ask).await.ok();
        if let Some(answer) = answered.filter(|answer| answer.status == 200 && answer.body.contains(says)) {
            return Some(Finding::new(Cause::ADMIN_REACHABLE, answer.shown()));
        }
    }
    None
}

/// A host of nobody's, at this address and with its certificate.
pub(super) async fn any_host(probe: &Probe, target: &Target) -> Option<Finding> {
    let ask = Ask::get(target.at(AUTHORIZATION_SERVER)).with("host", NOBODY);
    let issuer = issuer(probe, &ask).await?;
    Some(Finding::new(Cause::ANY_HOST, format!("Host {NOBODY} is answered as {issuer:?}")))
}

/// The host of another site, by its name in TLS, too.
pub(super) async fn foreign(target: &Target, host: &str, at: SocketAddr) -> Option<Finding> {
    let named = Url::parse(&format!("{}://{host}{AUTHORIZATION_SERVER}", target.url().scheme())).ok()?;
    let probe = Probe::new(named.host_str()?, Some(at), Trust::Anybody).ok()?;
    let ask = Ask::get(named).with("host", host);
    let issuer = issuer(&probe, &ask).await?;
    Some(Finding::new(Cause::FOREIGN_HOST, format!("{host} at {at} is answered as {issuer:?}")))
}

async fn issuer(probe: &Probe, ask: &Ask) -> Option<String> {
    let answer = probe.ask(ask).await.ok().filter(|answer| answer.status == 200)?;
    let document: serde_json::Value = answer.json()?;
    document["issuer"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    #[test]
    fn a_clock_may_differ_by_a_minute_where_no_cache_answers() {
        let now = Timestamp::from_secs(1_795_608_000);
        let answer = |headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            let headers: HeaderMap = headers.collect();
            Answer { status: 200, headers, ..Answer::default() }
        };
        for (headers, differs) in [
            (vec![("date", "Wed, 25 Nov 2026 12:00:00 GMT")], false),
            (vec![("date", "Wed, 25 Nov 2026 12:00:59 GMT")], false),
            (vec![("date", "Wed, 25 Nov 2026 12:01:01 GMT")], true),
            (vec![("date", "Wed, 25 Nov 2026 11:58:00 GMT")], true),
            (vec![("date", "Wed, 25 Nov 2026 11:58:00 GMT"), ("age", "7")], false),
            (vec![("date", "yesterday")], false),
            (vec![], false),
        ] {
            assert_eq!(clock(&answer(&headers), now).is_some(), differs, "{headers:?}");
        }
    }
}
