//! Clients that are web pages: may they ask, and may they read what is answered?

use reqwest::Method;

use super::answer::Answer;
use super::cause::{Cause, Finding};
use super::documents::ServerMetadata;
use super::probe::Ask;
use super::road::{Road, knocking};

/// The Inspector's.
const ORIGIN: &str = "http://localhost:6274";
const WISHES: &str = "authorization, content-type, mcp-protocol-version";

pub(super) async fn findings(road: &Road<'_>, server: &ServerMetadata) -> Vec<Finding> {
    let mut found = Vec::new();
    let documents = [Some(road.resource_metadata()), server.jwks_uri()];
    let endpoints = [server.registration_endpoint(), server.token_endpoint()];
    let reads = documents.into_iter().flatten().map(|url| (Ask::get(url), Method::GET));
    let writes = endpoints.into_iter().flatten().map(|url| (Ask::json(url, "{}".to_owned()), Method::POST));
    let first = (knocking(Method::POST, road.target), Method::POST);
    for (ask, method) in [first].into_iter().chain(reads).chain(writes) {
        let (preflight, ask) = (preflight(&ask, &method), ask.with("origin", ORIGIN));
        // What is wrong with them as answers is found elsewhere.
        let Ok(answer) = road.ask(ask.clone()).await else { continue };
        found.extend(judged(&ask, &answer, road.ask(preflight).await));
    }
    // Where it is lost everywhere it is lost there, too.
    if found.iter().any(|finding| finding.cause == Cause::CORS_LOST) {
        found.retain(|finding| !finding.cause.is_note());
    }
    found
}

fn preflight(ask: &Ask, method: &Method) -> Ask {
    Ask::new(Method::OPTIONS, ask.url().clone())
        .with("origin", ORIGIN)
        .with("access-control-request-method", method.as_str())
        .with("access-control-request-headers", WISHES)
}

fn judged(ask: &Ask, answer: &Answer, allowed: Result<Answer, Finding>) -> Option<Finding> {
    let allowed = match allowed {
        Ok(allowed) => allowed,
        Err(stranger) => return Some(stranger),
    };
    let told = |cause, answer: &Answer| Some(Finding::new(cause, answer.shown()));
    let may_ask = (200..300).contains(&allowed.status) && reads(&allowed) == Reads::May;
    match (reads(answer), may_ask) {
        (Reads::Twice, _) => told(Cause::CORS_TWICE, answer),
        _ if reads(&allowed) == Reads::Twice => told(Cause::CORS_TWICE, &allowed),
        (Reads::May, true) => None,
        (Reads::May, false) => told(Cause::PREFLIGHT_REFUSED, &allowed),
        // A server that has never heard of pages refuses both.
        (Reads::MayNot, false) if ask.is_knock() && answer.status == 401 => told(Cause::NO_PAGES, &allowed),
        (Reads::MayNot, _) if ask.is_knock() && answer.status != 401 => None,
        (Reads::MayNot, _) => told(Cause::CORS_LOST, answer),
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reads {
    May,
    MayNot,
    Twice,
}

fn reads(answer: &Answer) -> Reads {
    match (answer.count("access-control-allow-origin"), answer.header("access-control-allow-origin")) {
        (1, Some("*" | ORIGIN)) => Reads::May,
        (0 | 1, _) => Reads::MayNot,
        _ => Reads::Twice,
    }
}
