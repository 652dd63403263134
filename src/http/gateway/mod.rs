//! The resource path: a guarded way to the MCP server.

mod answer;
mod body;
mod connection;
mod forward;
mod headers;
pub(super) mod path;

use std::collections::HashMap;
use std::rc::Rc;

use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hyper::Request;
use hyper::header::HOST;

use super::error::ApiError;
use super::{App, Here, guard, pages};
use crate::config::{Upstream, Upstreams};
use crate::oauth::Resource;
use connection::{BoxError, Connections, Opener};

/// The way to each MCP server.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    upstreams: Upstreams,
    openers: HashMap<Upstream, Opener>,
}

impl Gateway {
    pub(crate) fn new(upstreams: Upstreams) -> Result<Self, BoxError> {
        let all = upstreams.for_all.iter().chain(upstreams.by_path.iter().map(|(_, upstream)| upstream));
        let openers = all
            .map(|upstream| Ok((upstream.clone(), Opener::to(upstream)?)))
            .collect::<Result<_, BoxError>>()?;
        Ok(Self { upstreams, openers })
    }

    pub(crate) fn of_a_worker(&self) -> Passage {
        let own = |(upstream, opener): (&Upstream, &Opener)| {
            (upstream.clone(), Rc::new(Connections::new(opener.clone())))
        };
        Passage { upstreams: self.upstreams.clone(), connections: self.openers.iter().map(own).collect() }
    }
}

/// The gateway of one worker. Its connections are its own: one must not carry another's stream when the first ends.
#[derive(Debug)]
pub(crate) struct Passage {
    upstreams: Upstreams,
    connections: HashMap<Upstream, Rc<Connections>>,
}

impl Passage {
    fn behind(&self, resource: &Resource) -> Option<&Rc<Connections>> {
        self.connections.get(self.upstreams.behind(resource.path())?)
    }
}

/// Every path that is no endpoint of ours: guarded and passed on, or nothing.
pub(super) async fn elsewhere(
    app: Data<App>,
    passage: Data<Passage>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let path = request.uri().path();
    let guarded =
        here.site.resource_at(path).and_then(|resource| Some((resource, passage.behind(resource)?)));
    let Some((resource, connections)) = guarded else { return unguarded(&app, &here, &request) };
    let target = path::target(request.uri())
        .filter(|_| !path::leads_deeper(path, resource, &here.site))
        .ok_or(ApiError::BadPath)?;
    let caller = guard::admit(&here, resource, &request)?;
    let address = super::caller::address(&request, app.forwarded_hops);
    let authorization = passage.upstreams.authorization;
    let mut outgoing = Request::new(());
    *outgoing.method_mut() = forward::method(&request)?;
    *outgoing.uri_mut() = target;
    *outgoing.headers_mut() =
        headers::to_upstream(request.headers(), &caller.token, &here.site.issuer, address, authorization);
    outgoing.headers_mut().insert(HOST, connections.host().clone());
    forward::forward(connections, outgoing, &request, payload).await
}

/// The page at the root, and nothing else.
fn unguarded(app: &App, here: &Here, request: &HttpRequest) -> Result<HttpResponse, ApiError> {
    match (request.uri().path(), request.method()) {
        ("/", &Method::GET | &Method::HEAD) => Ok(pages::landing(app, here)),
        ("/", _) => Err(ApiError::MethodNotAllowed("GET, HEAD, OPTIONS")),
        _ => Err(ApiError::NotFound),
    }
}
