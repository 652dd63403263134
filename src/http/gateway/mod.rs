//! The resource path: a guarded way to the MCP server.

mod forward;
mod headers;
pub(super) mod path;
mod stream;

use std::collections::HashMap;
use std::time::Duration;

use super::error::ApiError;
use super::{App, Here, guard, pages};
use crate::config::{Upstream, Upstreams};
use crate::oauth::Resource;
use actix_web::http::Method;
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
    let target = path::target(upstream.origin(), request.uri())
        .filter(|_| !path::leads_deeper(path, resource, &here.site))
        .ok_or(ApiError::BadPath)?;
    let token = guard::admit(&here, resource, &request)?;
    let caller = super::caller::address(&request, app.forwarded_hops);
    let authorization = gateway.upstreams.authorization;
    let headers = headers::to_upstream(request.headers(), &token, &here.site.issuer, caller, authorization);
    let outgoing = client.request(forward::method(&request)?, target).headers(headers);
    forward::forward(outgoing, &request, payload).await
}
