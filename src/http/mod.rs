//! The doors, one file per endpoint; they decide nothing.

mod authorize;
mod body;
mod caller;
mod consent;
mod cors;
pub(crate) mod credentials;
mod error;
mod gateway;
mod guard;
mod held;
pub(crate) mod identity;
mod limits;
mod log;
mod metadata;
mod pages;
pub(crate) mod params;
pub(crate) mod register;
mod revoke;
pub(crate) mod token;
mod traced;
mod verify;

use std::future::{Ready, ready};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::dev::Payload;
use actix_web::guard as methods;
use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource, Route, Scope};

pub(crate) use cors::cors;
pub(crate) use gateway::Gateway;
pub(crate) use held::Holds;
pub(crate) use limits::Limits;
pub(crate) use log::one_line;
pub(crate) use metadata::Documents;

use crate::clock::Clock;
use crate::config::Pages;
use crate::flow::Authority;
use crate::flow::verify::PROTECTED_RESOURCE;
use crate::provider::Provider;
use crate::rules::Rules;
use crate::seal::Purpose;
use crate::seal::keys_dir::Keys;
use crate::spent::{SharedFamilies, Spent};
use crate::telemetry::Telemetry;
use crate::telemetry::traces::Traces;
use error::{ApiError, PageError};

/// What every door may ask.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) clock: Clock,
    pub(crate) authorities: Vec<Authority>,
    pub(crate) keys: Keys,
    pub(crate) spent: Spent,
    pub(crate) rules: Arc<Rules>,
    pub(crate) provider: Option<Provider>,
    pub(crate) limits: Limits,
    pub(crate) telemetry: Telemetry,
    pub(crate) traces: Option<Traces>,
    pub(crate) forwarded_hops: usize,
    pub(crate) pages: Pages,
    pub(crate) documents: Documents,
    /// It was told to end: requests that are open go on, and no new ones should come.
    pub(crate) ending: AtomicBool,
}

/// Every path this server has.
pub(crate) fn routes(paths: &mut ServiceConfig) {
    paths
        .service(
            api(metadata::AUTHORIZATION_SERVER, "GET, HEAD, OPTIONS")
                .route(get().to(metadata::authorization_server)),
        )
        .service(api(metadata::JWKS, "GET, HEAD, OPTIONS").route(get().to(metadata::jwks)))
        .service(
            web::resource(register::PATH)
                .route(web::post().to(register::register))
                .default_service(web::to(register::another_method)),
        )
        .service(api(authorize::PATH, "GET, HEAD").route(get().to(authorize::authorize)))
        .service(
            api(consent::PATH, "POST").route(web::post().to(consent::consent)).route(get().to(refuse_get)),
        )
        .service(api(token::PATH, "POST, OPTIONS").route(web::post().to(token::token)))
        .service(api(revoke::PATH, "POST, OPTIONS").route(web::post().to(revoke::revoke)))
        .service(at_and_below(PROTECTED_RESOURCE, |path| {
            api(path, "GET, HEAD, OPTIONS").route(get().to(metadata::protected_resource))
        }))
        .service(at_and_below(verify::PATH, |path| web::resource(path).to(verify::verify)))
        .default_service(web::to(gateway::elsewhere));
}

/// The admin port: for the operator, and for MCP servers in the pod.
pub(crate) fn admin_routes(paths: &mut ServiceConfig) {
    paths
        .service(api("/healthz", "GET, HEAD").route(get().to(alive)))
        .service(api("/readyz", "GET, HEAD").route(get().to(readiness)))
        .service(api("/jwks", "GET, HEAD").route(get().to(metadata::jwks)))
        .service(api("/metrics", "GET, HEAD").route(get().to(metrics)))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(ApiError::NotFound) }));
}

/// A path that says which methods it has (RFC 9110 §15.5.6).
fn api(path: &str, methods: &'static str) -> Resource {
    let refuse = move || async move { Err::<HttpResponse, _>(ApiError::MethodNotAllowed(methods)) };
    web::resource(path).default_service(web::to(refuse))
}

/// A path and all below it. No pattern is looked for in the path of a request that does not begin so.
fn at_and_below(path: &str, resource: impl Fn(&str) -> Resource) -> Scope {
    web::scope(path).service(resource("")).service(resource("/{path:.*}"))
}

/// GET, and HEAD wherever GET is (RFC 9110 §9.1).
fn get() -> Route {
    web::route().guard(methods::Any(methods::Get()).or(methods::Head()))
}

async fn alive() -> &'static str {
    "ok\n"
}

/// Until it is told to end. A store that is away is said, and no more: every replica would leave the load balancer
/// at once, gateways and all.
async fn readiness(app: Data<App>) -> (&'static str, StatusCode) {
    if app.ending.load(Ordering::Relaxed) {
        return ("ending\n", StatusCode::SERVICE_UNAVAILABLE);
    }
    let ready = match app.spent.shared().map(SharedFamilies::answers) {
        None => "ready\n",
        Some(true) => "ready\nstore: answers\n",
        Some(false) => "ready\nstore: away\n",
    };
    (ready, StatusCode::OK)
}

/// Counters as they are; gauges as they are now.
async fn metrics(app: Data<App>) -> HttpResponse {
    let rings = app.keys.current();
    for purpose in Purpose::ALL {
        app.telemetry.key_in_force(purpose.name(), rings.of(purpose).active().record().since);
    }
    for key in rings.session.iter() {
        app.telemetry.key_used(key.record().kid(), key.uses());
    }
    app.telemetry.families(app.spent.count());
    if let Some(store) = app.spent.shared() {
        app.telemetry.store_away(!store.answers());
        if let Some(read) = store.list_read() {
            app.telemetry.revocations_read(read);
        }
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(app.telemetry.text())
}

/// What the proxy makes of an answer when its session ran out.
async fn refuse_get() -> Result<HttpResponse, PageError> {
    Err(PageError::NotPosted)
}

/// The authority of the site that a request is for, by `Host` and by nothing else.
struct Here {
    app: Data<App>,
    at: usize,
}

impl Here {
    fn of(request: &HttpRequest) -> Option<Self> {
        let app = request.app_data::<Data<App>>()?.clone();
        let mut hosts = request.headers().get_all(HOST);
        let host = hosts.next()?.to_str().ok().filter(|_| hosts.next().is_none())?;
        // The absolute form of a target names a host, too (RFC 9112 §3.2.2): they must agree.
        if request.uri().authority().is_some_and(|authority| !authority.as_str().eq_ignore_ascii_case(host)) {
            return None;
        }
        let at = app.authorities.iter().position(|authority| authority.site.issuer.is_host(host))?;
        Some(Self { app, at })
    }
}

impl Deref for Here {
    type Target = Authority;

    fn deref(&self) -> &Authority {
        &self.app.authorities[self.at]
    }
}

impl FromRequest for Here {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or(ApiError::Misdirected))
    }
}

/// The same for the doors that speak to people.
struct HerePage(Here);

impl Deref for HerePage {
    type Target = Authority;

    fn deref(&self) -> &Authority {
        &self.0
    }
}

impl FromRequest for HerePage {
    type Error = PageError;
    type Future = Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Here::of(request).map(Self).ok_or(PageError::Misdirected))
    }
}
