//! Bodies of a bounded size.

use std::borrow::Cow;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use actix_web::web::{Bytes, Payload};
use tokio::time::timeout;

use super::error::ApiError;
use super::params::{Params, is_media_type};
use crate::flow::refusal::Refusal;

/// A code, a token and a `client_id` are a few kilobytes each.
const LARGEST_FORM: usize = 64 * 1024;
/// Somebody far away on a bad line is faster.
const SLOWEST: Duration = Duration::from_secs(30);

/// Does a request have a body? (RFC 9112 §6.3)
pub(super) fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(CONTENT_LENGTH).is_some_and(|length| length.as_bytes() != b"0");
    length || headers.contains_key(TRANSFER_ENCODING)
}

/// Reads the form of a client's request. Its parameters come in the body alone (RFC 6749 §2.3.1).
pub(super) async fn form(
    request: &HttpRequest,
    payload: Payload,
    fields: &[&str],
) -> Result<Params, ApiError> {
    let body = read(request, payload, LARGEST_FORM).await?;
    if !is_media_type(content_type(request), "application/x-www-form-urlencoded") {
        return Err(Refusal::Malformed("the body must be application/x-www-form-urlencoded").into());
    }
    let undecodable = |_| ApiError::from(Refusal::UNDECODABLE);
    if Params::parse(request.query_string().as_bytes()).map_err(undecodable)?.has_any(fields) {
        return Err(Refusal::Malformed("parameters belong into the body, not into the URL").into());
    }
    Params::parse(&body).map_err(undecodable)
}

/// Reads a body of at most `limit` bytes, which must not take for ever.
pub(super) async fn read(request: &HttpRequest, payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let length = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if length.is_some_and(|length: u64| length > limit as u64) {
        return Err(ApiError::TooLarge);
    }
    match timeout(SLOWEST, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(_))) => Err(ApiError::Torn),
        Ok(Err(_)) => Err(ApiError::TooLarge),
        Err(_) => Err(ApiError::TooSlow),
    }
}

pub(super) fn content_type(request: &HttpRequest) -> Option<Cow<'_, str>> {
    request.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()))
}
