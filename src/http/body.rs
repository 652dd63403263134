//! Bodies of a bounded size.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Payload};

use super::error::ApiError;

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    match payload.to_bytes_limited(limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(ApiError::Torn),
        Err(_) => Err(ApiError::TooLarge),
    }
}

pub(super) fn content_type(request: &HttpRequest) -> Option<Cow<'_, str>> {
    request.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()))
}
