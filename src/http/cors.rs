//! Cross-origin reading for browser clients: everywhere but where a person is signed in, never with credentials.

use actix_web::HttpResponse;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderValue,
};
use actix_web::middleware::Next;

use super::{authorize, consent, verify};

const HEADERS: &str =
    "Authorization, Content-Type, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID";

/// Answers preflights, and lets any origin read every answer, errors included: nothing here is told by a cookie.
pub(crate) async fn cors<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    // As the router reads it: a percent-encoded letter changes nothing.
    if [authorize::PATH, consent::PATH].contains(&request.match_info().unprocessed()) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    // A reverse proxy asks there with the method of its client, which an answer of ours would let pass.
    let forward_auth = request.match_info().unprocessed().starts_with(verify::PATH);
    if request.method() == Method::OPTIONS && !forward_auth {
        let answer = preflight(request.headers());
        return Ok(request.into_response(answer).map_into_right_body());
    }
    let mut response = next.call(request).await?;
    open(response.headers_mut());
    Ok(response.map_into_left_body())
}

fn preflight(asked: &HeaderMap) -> HttpResponse {
    let headers = asked.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut response = HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, DELETE, OPTIONS"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, headers.unwrap_or(HeaderValue::from_static(HEADERS))))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "600"))
        .finish();
    open(response.headers_mut());
    response
}

fn open(headers: &mut HeaderMap) {
    headers.remove(ACCESS_CONTROL_ALLOW_CREDENTIALS);
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("WWW-Authenticate, Mcp-Session-Id, Retry-After, X-Request-Id"),
    );
}
