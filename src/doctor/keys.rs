//! The published keys: can a resource server verify by them, and are they the same wherever one asks?

use std::collections::BTreeSet;

use serde::Deserialize;
use url::Url;

use super::answer::Answer;
use super::cause::{Cause, Finding};
use super::documents::ServerMetadata;
use super::probe::Ask;
use super::road::{Client, Road};

/// So often is asked, each time on a new connection: a balancer leads to another replica.
const TURNS: usize = 4;
/// A new key waits for a day before it signs.
const LONGEST_KEPT_SECS: u64 = 24 * 60 * 60;
/// Of a private key (RFC 7518 §6.2.2, §6.3.2, §6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// RFC 7517 §5.
#[derive(Deserialize)]
struct Jwks {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

pub(super) async fn findings(road: &Road<'_>, server: &ServerMetadata) -> Vec<Finding> {
    let Some(url) = server.jwks_uri() else {
        return vec![Finding::new(Cause::JWKS_UNUSABLE, "the metadata has no jwks_uri")];
    };
    match sets(road, &url).await {
        Ok(sets) if sets.len() > 1 => {
            let seen = format!("GET {}: {} different sets", url.path(), sets.len());
            vec![Finding::new(Cause::KEYS_DIFFER, seen)]
        }
        Ok(_) => Vec::new(),
        Err(finding) => vec![finding],
    }
}

/// As many as there are different answers.
async fn sets(road: &Road<'_>, url: &Url) -> Result<BTreeSet<Vec<String>>, Finding> {
    let mut sets = BTreeSet::new();
    for turn in 0..TURNS {
        sets.insert(kids(&road.ask(Ask::get(url.clone()).again(turn)).await?)?);
    }
    Ok(sets)
}

/// The names of the keys that can verify a token of ours.
fn kids(answer: &Answer) -> Result<Vec<String>, Finding> {
    let wrong = |cause, why: &str| Finding::new(cause, format!("{}, {why}", answer.shown()));
    let unusable = |why| wrong(Cause::JWKS_UNUSABLE, why);
    let jwks: Jwks = answer.json().filter(|_| answer.status == 200).ok_or_else(|| unusable("no JWKS"))?;
    if jwks.keys.iter().any(|key| PRIVATE.iter().any(|member| key.contains_key(*member))) {
        return Err(wrong(Cause::JWKS_PRIVATE, "a private member"));
    }
    let text = |key: &serde_json::Map<_, serde_json::Value>, member: &str| {
        key.get(member)?.as_str().map(str::to_owned)
    };
    let es256 = jwks.keys.iter().filter(|key| text(key, "crv").as_deref() == Some("P-256"));
    let kids: Vec<String> = es256.filter_map(|key| text(key, "kid")).collect();
    if kids.is_empty() {
        return Err(unusable("no key for ES256 with a kid"));
    }
    let kept = kept_secs(answer);
    if kept > LONGEST_KEPT_SECS {
        return Err(wrong(Cause::JWKS_STALE, &format!("kept for {} h", kept / 3600)));
    }
    Ok(kids)
}

/// How old it is, or may become (RFC 9111 §5.1, §5.2).
fn kept_secs(answer: &Answer) -> u64 {
    let control = answer.header("cache-control").unwrap_or_default();
    let ages = control.split(',').filter_map(|directive| directive.trim().split_once('=')).filter_map(
        |(name, value)| ["max-age", "s-maxage"].contains(&name).then(|| value.parse::<u64>().ok()).flatten(),
    );
    ages.chain(answer.header("age").and_then(|age| age.parse().ok())).max().unwrap_or(0)
}

/// Is a client that has just registered known to every replica?
pub(super) async fn forgotten(road: &Road<'_>, server: &ServerMetadata, client: &Client) -> Option<Finding> {
    for turn in 1..=TURNS {
        if let Err(finding) = road.asks_for_tokens(server, client, turn).await {
            return Some(finding);
        }
    }
    None
}
