//! The one log line of a request: no query, no header, no person.

use std::error::Error as _;
use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, HttpRequest};
use tracing::{error, info};

use super::Here;
use crate::oauth::Jti;

/// Which client a request is from, for its log line.
struct Noted(Jti);

/// A door knows the client now.
pub(super) fn note(request: &HttpRequest, client: &Jti) {
    request.extensions_mut().insert(Noted(client.clone()));
}

/// Logs each request once, with the cause of a refusal: `info` for what others did wrong, `error` for ourselves.
pub(crate) async fn one_line<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let began = Instant::now();
    let site = Here::of(request.request()).map(|here| here.site.name.clone()).unwrap_or_default();
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let response = next.call(request).await?;
    let status = response.status().as_u16();
    let client =
        response.request().extensions().get::<Noted>().map(|noted| noted.0.to_string()).unwrap_or_default();
    let reason = response.response().error().map(causes).unwrap_or_default();
    let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    if status >= 500 {
        error!(%method, path, status, micros, site, client, reason, "request");
    } else {
        info!(%method, path, status, micros, site, client, reason, "request");
    }
    Ok(response)
}

/// The chain of causes in one sentence.
fn causes(error: &actix_web::Error) -> String {
    let mut sentence = error.to_string();
    let mut next = error.as_error::<super::ApiError>().and_then(super::ApiError::source);
    next = next.or_else(|| error.as_error::<super::PageError>().and_then(super::PageError::source));
    while let Some(cause) = next {
        sentence = format!("{sentence}: {cause}");
        next = cause.source();
    }
    sentence
}
