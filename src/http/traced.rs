//! The span of a request: begun in the caller's trace, handed on to the MCP server, ended with the answer.

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;

use super::{App, Here};
use crate::telemetry::traces::{Carried, Span};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// None where traces are off: then the caller's headers pass as they came. Otherwise the span stands in them from
/// here on, so that whatever the gateway sends on is its child.
pub(super) fn begin(request: &mut ServiceRequest) -> Option<Span> {
    let traces = request.app_data::<Data<App>>()?.traces.as_ref()?;
    let span = traces.request(request.method().as_str(), &carried(request.headers()));
    let mut ours = span.carried();
    for name in [TRACEPARENT, TRACESTATE] {
        let headers = request.headers_mut();
        headers.remove(&name);
        if let Some(value) = ours.remove(name.as_str()).and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    Some(span)
}

/// The route of what no door took: the resource behind the gateway, nothing that a caller chose.
pub(super) fn resource<'a>(request: &HttpRequest, here: Option<&'a Here>) -> Option<&'a str> {
    Some(here?.site.resource_at(request.path())?.path())
}

/// A second `traceparent` makes both void; several `tracestate`s are one list (W3C Trace Context §3.2.1, §3.3.1).
fn carried(headers: &HeaderMap) -> Carried {
    let values = |name| headers.get_all(name).filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    let (parents, states) = (values(TRACEPARENT), values(TRACESTATE));
    let [parent] = parents[..] else { return Carried::new() };
    Carried::from([(TRACEPARENT.to_string(), parent.to_owned()), (TRACESTATE.to_string(), states.join(","))])
}
