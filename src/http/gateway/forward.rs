//! One request to the MCP server, and its answer.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use reqwest::header::{HeaderValue, TRANSFER_ENCODING};
use reqwest::{Method, RequestBuilder, Response};

use super::super::body::has_body;
use super::super::error::ApiError;
use super::super::held::Held;
use super::{headers, stream};

/// Any method but the one that asks for a tunnel, which has no path to guard (RFC 9110 §9.3.6), and the one that
/// shows what this hop makes of a request (§9.3.8).
pub(super) fn method(request: &HttpRequest) -> Result<Method, ApiError> {
    match Method::from_bytes(request.method().as_str().as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) => {
            Err(ApiError::MethodNotAllowed("GET, HEAD, POST, DELETE, OPTIONS"))
        }
        other => other.map_err(|_| ApiError::BadPath),
    }
}

pub(super) async fn forward(
    outgoing: RequestBuilder,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let held = Held::by(request);
    let answer = if has_body(request.headers()) {
        let (body, read) = stream::pump(payload);
        let answer = outgoing.body(body).send().await;
        if let Ok(answer) = &answer {
            stream::give_a_head_start(answer, read).await;
        }
        answer
    } else {
        once_or_twice(outgoing, request.method().is_idempotent()).await
    };
    let answer = answer.map_err(|error| match error.without_url() {
        error if stream::is_torn(&error) => ApiError::Torn,
        error => ApiError::BadGateway(error.into()),
    })?;
    if !is_understood(&answer) {
        return Err(ApiError::BadGateway(
            "an answer in another protocol or coding than was asked for".into(),
        ));
    }
    let status = StatusCode::from_u16(answer.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::build(status);
    headers::from_upstream(answer.headers()).for_each(|header| {
        response.append_header(header);
    });
    Ok(stream::back(response, answer, request, &held))
}

/// The MCP server may close a connection while a request is on its way; what may be said twice is (RFC 9110 §9.2.2).
async fn once_or_twice(outgoing: RequestBuilder, is_idempotent: bool) -> reqwest::Result<Response> {
    let again = outgoing.try_clone().filter(|_| is_idempotent);
    match (outgoing.send().await, again) {
        (Err(error), Some(again)) if !error.is_connect() => again.send().await,
        (answer, _) => answer,
    }
}

/// Nobody asked for an upgrade (RFC 9110 §7.8) or for compression between neighbours (RFC 9112 §7.4).
fn is_understood(answer: &Response) -> bool {
    let mut codings = answer.headers().get_all(TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes);
    !answer.status().is_informational() && codings.all(|coding| coding.eq_ignore_ascii_case(b"chunked"))
}
