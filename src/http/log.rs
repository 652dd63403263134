//! The exit of every request: its id, its one log line, its place in the metrics, and the page of an error.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, UPGRADE};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest};
use tracing::{error, info};

use super::body::has_body;
use super::error::{ApiError, PageError};
use super::{App, Here, caller, pages, traced};
use crate::artifact::Question;
use crate::flow::refusal::Refusal;
use crate::oauth::{Jti, Subject};
use crate::seal::new_nonce;
use crate::telemetry::Step;
use crate::telemetry::traces::{Answered, Span};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a door found out about its request.
#[derive(Default)]
struct Notes {
    client: String,
    step: Option<Step>,
    refusal: Option<Refused>,
}

/// The protocol's word, our own name for the reason, and the chain of causes.
#[derive(Default)]
struct Refused {
    word: &'static str,
    reason: String,
    causes: String,
}

struct RequestId(String);

/// A door knows the client now; logs name it by its `jti`.
pub(super) fn note_client(request: &HttpRequest, client: &Jti) {
    notes(request, |notes| client.as_str().clone_into(&mut notes.client));
}

/// This request brings somebody one step on.
pub(super) fn note_step(request: &HttpRequest, step: Step) {
    notes(request, |notes| notes.step = Some(step));
}

/// A refusal that leaves by a redirect.
pub(super) fn note_refusal(request: &HttpRequest, refusal: &Refusal) {
    notes(request, |notes| notes.refusal = Some(Refused::of(refusal.code().as_str(), refusal)));
}

/// A line of the audit log: who let whom, or did not.
pub(super) fn audit(request: &HttpRequest, event: &'static str, client: &Jti, person: Option<&Subject>) {
    let (site, address, id) = whereabouts(request);
    let sub = person.map(Subject::as_str).unwrap_or_default();
    info!(target: "audit", event, site, client = client.as_str(), sub, address, request = id);
}

/// The same of what a person was asked, with what it was about and where the answer went.
pub(super) fn audit_answer(request: &HttpRequest, event: &'static str, question: &Question) {
    let (site, address, id) = whereabouts(request);
    let (client, sub) = (question.client_jti.as_str(), question.person.sub.as_str());
    let (scope, resource) = (question.scope.as_str(), question.resource.as_str());
    let to = question.redirect_uri.destination();
    info!(target: "audit", event, site, client, sub, scope, resource, to, address, request = id);
}

/// The site, the caller's address and the id of a request.
fn whereabouts(request: &HttpRequest) -> (String, String, String) {
    let site = Here::of(request).map(|here| here.site.name.clone()).unwrap_or_default();
    let hops = request.app_data::<Data<App>>().map_or(1, |app| app.forwarded_hops);
    let address = caller::address(request, hops).map(|address| address.to_string()).unwrap_or_default();
    (site, address, request_id(request))
}

/// The answer of the MCP server does not end as it should; the line of its request is out by then.
pub(super) fn broke_off(id: &str, error: &dyn std::error::Error) {
    error!(request = id, reason = Refused::of("", error).causes, "the MCP server broke off its answer");
}

/// Logs each request once, with the cause of a refusal: `info` for what others did wrong, `error` for ourselves.
/// The line has no query, no header and no person.
pub(crate) async fn one_line<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let began = Instant::now();
    let id = known_or_new_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let span = traced::begin(&mut request);
    let (upgrades, has_body) = (request.headers().contains_key(UPGRADE), has_body(request.headers()));
    let mut response = complete(next.call(request).await?, &id);
    if upgrades || (has_body && response.status().as_u16() >= 400) {
        // An upgrade, and a body that nobody could read to its end: actix closes such a connection without saying
        // so, and the proxy would give it to somebody else.
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    line(&response, &id, began, span);
    Ok(response)
}

fn line<B>(response: &ServiceResponse<B>, id: &str, began: Instant, span: Option<Span>) {
    let (request, status) = (response.request(), response.status().as_u16());
    let Notes { client, step, refusal } = request.extensions_mut().remove::<Notes>().unwrap_or_default();
    let refusal = response.response().error().map(Refused::from).or(refusal).unwrap_or_default();
    let here = Here::of(request);
    let site = here.as_ref().map(|here| here.site.name.as_str()).unwrap_or_default();
    let after = began.elapsed();
    // What no door took is whole still, and no pattern needs to be looked for.
    let door = request.match_info().unprocessed().is_empty().then(|| request.match_pattern()).flatten();
    if let Some(app) = request.app_data::<Data<App>>() {
        app.telemetry.answered(door.as_deref().unwrap_or("elsewhere"), status, refusal.word, after);
        if let Some(step) = step {
            app.telemetry.reached(site, step);
        }
        if !refusal.reason.is_empty() {
            app.telemetry.refused(&refusal.reason);
        }
    }
    if let Some(span) = span {
        let route = door.as_deref().or_else(|| traced::resource(request, here.as_ref()));
        span.answered(&Answered { route, status, error: refusal.word, site, request: id });
    }
    let (method, path) = (request.method(), request.path());
    let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
    let Refused { word, causes, .. } = refusal;
    if status >= 500 {
        error!(request = id, %method, path, status, micros, site, client, error = word, reason = causes, "request");
    } else {
        info!(request = id, %method, path, status, micros, site, client, error = word, reason = causes, "request");
    }
}

/// An error for a person gets its page, which names the request.
fn complete<B>(response: ServiceResponse<B>, id: &str) -> ServiceResponse<EitherBody<B>> {
    let Some(error) = response.response().error().and_then(|error| error.as_error::<PageError>()) else {
        return response.map_into_left_body();
    };
    let (head, page) = pages::sorry(error, response.request(), id).into_parts();
    let mut response = response.map_body(|_, _| EitherBody::right(page));
    for (name, value) in head.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    response
}

impl Refused {
    fn of(word: &'static str, error: &dyn std::error::Error) -> Self {
        let debug = format!("{error:?}");
        let reason = debug.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
        let mut causes = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            let sentence = cause.to_string();
            if !causes.ends_with(&sentence) {
                causes = format!("{causes}: {sentence}");
            }
            next = cause.source();
        }
        Self { word, reason, causes }
    }
}

impl From<&actix_web::Error> for Refused {
    fn from(error: &actix_web::Error) -> Self {
        if let Some(ApiError::Refused(refusal) | ApiError::RefusedBasic(refusal)) = error.as_error() {
            return Self::of(refusal.code().as_str(), refusal);
        }
        if let Some(error) = error.as_error::<ApiError>() {
            return Self::of(error.word(), error);
        }
        if let Some(error) = error.as_error::<PageError>() {
            return Self::of("page", error);
        }
        Self { word: "other", reason: "Other".to_owned(), causes: error.to_string() }
    }
}

/// The id that an edge gave, if it is a plain word; else a new one.
fn known_or_new_id(headers: &HeaderMap) -> String {
    let plain = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(plain);
    given.map_or_else(new_id, str::to_owned)
}

/// Unlike any other of this process, and of another's but by chance. It is no secret, and nothing is decided by it.
fn new_id() -> String {
    static PROCESS: LazyLock<u64> = LazyLock::new(new_nonce);
    static COUNT: AtomicU64 = AtomicU64::new(1);
    format!("{:016x}-{:x}", *PROCESS, COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(super) fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

fn notes(request: &HttpRequest, note: impl FnOnce(&mut Notes)) {
    let mut extensions = request.extensions_mut();
    if !extensions.contains::<Notes>() {
        extensions.insert(Notes::default());
    }
    extensions.get_mut::<Notes>().map(note);
}
