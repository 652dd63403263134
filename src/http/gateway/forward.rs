//! One request to the MCP server, and its answer.

use std::rc::Rc;
use std::time::Duration;

use actix_web::body::BodySize;
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use hyper::body::{Body as _, Incoming};
use hyper::header::{HeaderMap, HeaderValue, LOCATION, TRANSFER_ENCODING};
use hyper::{Method, Request, Response};
use tokio::task::yield_now;
use tokio::time::sleep_until;

use super::super::body::has_body;
use super::super::error::ApiError;
use super::super::held::Held;
use super::super::{App, Here, log};
use super::answer::{self, Answer, Carrier};
use super::body::{Body, Read, TornBody};
use super::connection::{Connections, Line, NoAnswer};
use super::headers;
use crate::fetch::is_caused_by;

/// How long oauth2-proxy gets to see that the request's body is over. Go closes that body as soon as the answer begins; if
/// the proxy's writer looks for its end only then, it gives up the connection and cuts the answer off (golang/go#40747).
/// It looks at once, unless its thread has to wait for a processor.
const HEAD_START: Duration = Duration::from_millis(10);

/// Any method but the one that asks for a tunnel, which has no path to guard (RFC 9110 §9.3.6), and the one that
/// shows what this hop makes of a request (§9.3.8).
pub(super) fn method(request: &HttpRequest) -> Result<Method, ApiError> {
    match Method::from_bytes(request.method().as_str().as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) | Err(_) => {
            Err(ApiError::MethodNotAllowed("GET, HEAD, POST, DELETE, OPTIONS"))
        }
        Ok(method) => Ok(method),
    }
}

/// `outgoing` is the head of the request.
pub(super) async fn forward(
    connections: &Rc<Connections>,
    outgoing: Request<()>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let held = Held::by(request);
    if !has_body(request.headers()) {
        let (answer, line) = once_or_twice(connections, outgoing).await?;
        let carrier = Carrier::Reader(Box::new(line), connections.clone());
        return back(answer, carrier, connections.host(), held, request);
    }
    let (body, read) = Body::of(payload).await;
    let (answer, line) = connections.ask(outgoing.map(|()| body)).await?;
    give_a_head_start(&answer, &read).await;
    let carrier = match read.ended() {
        Some(_) => Carrier::Reader(Box::new(line), connections.clone()),
        None => Carrier::Itself(line.go_on_alone()),
    };
    back(answer, carrier, connections.host(), held, request)
}

/// The MCP server may close a connection while a request is on its way; what may be said twice is (RFC 9110 §9.2.2).
async fn once_or_twice(
    connections: &Connections,
    outgoing: Request<()>,
) -> Result<(Response<Incoming>, Line), NoAnswer> {
    let again = outgoing.method().is_idempotent().then(|| outgoing.clone());
    let bodyless = |request: Request<()>| request.map(|()| Body::default());
    match (connections.ask(bodyless(outgoing)).await, again) {
        (Err(NoAnswer::Broken(_)), Some(again)) => {
            // A client that went at the same time asks no more.
            yield_now().await;
            connections.ask(bodyless(again)).await
        }
        (answer, _) => answer,
    }
}

/// What has a length comes in one piece and cannot be cut; a stream begins a little later than the request ended.
async fn give_a_head_start(answer: &Response<Incoming>, read: &Read) {
    if answer.body().size_hint().exact().is_none()
        && let Some(ended) = read.ended()
    {
        sleep_until(ended + HEAD_START).await;
    }
}

fn back(
    answer: Response<Incoming>,
    mut carrier: Carrier,
    host: &HeaderValue,
    held: Held,
    request: &HttpRequest,
) -> Result<HttpResponse, ApiError> {
    if !is_understood(&answer) {
        return Err(ApiError::BadGateway(
            "an answer in another protocol or coding than was asked for".into(),
        ));
    }
    let (parts, body) = answer.into_parts();
    let size = answer::size(request.method(), &parts.headers, &body);
    if body.is_end_stream() {
        carrier.is_over();
    }
    let status = StatusCode::from_u16(parts.status.as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    headers::from_upstream(&parts.headers).for_each(|header| {
        response.append_header(header);
    });
    if let Some(location) = at_the_site(&parts.headers, host, request) {
        response.insert_header((LOCATION.as_str(), location));
    }
    let counted = request.app_data::<Data<App>>().map(|app| app.telemetry.gateway_stream());
    let client = (held, log::request_id(request));
    let mut response = response.body(Answer::new(body, size, carrier, client, counted));
    if size == BodySize::Stream && request.version() < Version::HTTP_11 {
        // Who is older than chunks (RFC 9112 §6.1) waits for the end of the connection.
        response.head_mut().no_chunking(true);
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

fn at_the_site(answer: &HeaderMap, host: &HeaderValue, request: &HttpRequest) -> Option<String> {
    headers::led_back(answer.get(LOCATION)?, host, &Here::of(request)?.site.issuer)
}

/// Nobody asked for an upgrade (RFC 9110 §7.8) or for compression between neighbours (RFC 9112 §7.4).
fn is_understood(answer: &Response<Incoming>) -> bool {
    let mut codings = answer.headers().get_all(TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes);
    !answer.status().is_informational() && codings.all(|coding| coding.eq_ignore_ascii_case(b"chunked"))
}

/// It is the client's fault when its body could not be sent on whole.
impl From<NoAnswer> for ApiError {
    fn from(failed: NoAnswer) -> Self {
        let is_torn = is_caused_by::<TornBody>(&failed);
        if is_torn { Self::Torn } else { Self::BadGateway(failed.into()) }
    }
}
