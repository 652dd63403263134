//! The resource path: a guarded way to the MCP server.

mod forward;
mod headers;
mod path;
mod stream;

use std::collections::HashMap;
use std::time::Duration;

use super::error::ApiError;
use super::params::Params;
use super::{App, Here, pages};
use crate::artifact::AccessToken;
use crate::config::{Upstream, Upstreams};
use crate::flow::verify::NoEntry;
use crate::oauth::Resource;
use crate::seal::Sealed;
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

/// A connection that the MCP server may be about to close is not used again (gunicorn: after 2 seconds, uvicorn: 5).
const IDLE: Duration = Duration::from_secs(1);
const CONNECT: Duration = Duration::from_secs(5);

/// The way to each MCP server. Every worker has its own: a connection lives on the worker that opened it, and must
/// not carry another's stream when the first one ends.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    upstreams: Upstreams,
    clients: HashMap<Upstream, reqwest::Client>,
}

impl Gateway {
    pub(crate) fn new(upstreams: Upstreams) -> Result<Self, reqwest::Error> {
        let all = upstreams.for_all.iter().chain(upstreams.by_path.iter().map(|(_, upstream)| upstream));
        let clients =
            all.map(|upstream| Ok((upstream.clone(), client(upstream)?))).collect::<Result<_, _>>()?;
        Ok(Self { upstreams, clients })
    }

    /// The same with connections of its own. What could be made once can be made again.
    pub(crate) fn of_a_worker(&self) -> Self {
        Self::new(self.upstreams.clone()).unwrap_or_else(|_| self.clone())
    }

    fn behind(&self, resource: &Resource) -> Option<(&Upstream, &reqwest::Client)> {
        let upstream = self.upstreams.behind(resource.path())?;
        self.clients.get(upstream).map(|client| (upstream, client))
    }
}

/// No overall time limit: a stream may last for days.
fn client(upstream: &Upstream) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(IDLE)
        .connect_timeout(CONNECT);
    // What the MCP server does not read is held back for as long as it likes.
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(None);
    match upstream {
        Upstream::Http(_) => builder.build(),
        Upstream::Unix(path) => builder.unix_socket(path.clone()).build(),
    }
}

/// Every path that is no endpoint of ours: guarded and passed on, or nothing.
pub(super) async fn elsewhere(
    app: Data<App>,
    gateway: Data<Gateway>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let path = request.uri().path();
    let guarded =
        here.site.resource_at(path).and_then(|resource| Some((resource, gateway.behind(resource)?)));
    let Some((resource, (upstream, client))) = guarded else {
        let lost = path == "/" && [Method::GET, Method::HEAD].contains(request.method());
        return if lost { Ok(pages::landing(&app, &here)) } else { Err(ApiError::NotFound) };
    };
    let target = path::target(upstream.origin(), request.uri()).ok_or(ApiError::BadPath)?;
    if !may_call(&here, request.headers()) {
        return Err(ApiError::ForeignOrigin);
    }
    let token = match bearer(&request) {
        Ok(token) => here.verify(resource, token, &app.spent, app.clock.now()),
        Err(reason) => Err(reason),
    };
    let token =
        token.map_err(|reason| ApiError::NoEntry { challenge: here.challenge(resource, &reason), reason })?;
    if let Some(client) = here.client_of(&token) {
        super::log::note_client(&request, &client.jti);
    }
    let caller = super::caller::address(&request, app.forwarded_hops);
    let headers = headers::to_upstream(request.headers(), &token, &here.site.issuer, caller);
    let outgoing = client.request(forward::method(&request)?, target).headers(headers);
    forward::forward(outgoing, &request, payload).await
}

fn may_call(here: &Here, headers: &HeaderMap) -> bool {
    headers.get_all(ORIGIN).all(|origin| origin.to_str().is_ok_and(|origin| here.site.admits_origin(origin)))
}

/// The access token of a request (RFC 6750 §2): one, in the header.
fn bearer(request: &HttpRequest) -> Result<Option<Sealed<AccessToken>>, NoEntry> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let (first, second) = (values.next(), values.next());
    let query = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    if second.is_some() || (first.is_some() && query.has_any(&["access_token"])) {
        return Err(NoEntry::Twice);
    }
    let Some(header) = first else { return Ok(None) };
    let token = header.to_str().ok().and_then(|text| text.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    // Another scheme is no token of ours; it is judged like one that does not open.
    Ok(Some(Sealed::new(token.unwrap_or_default())))
}
