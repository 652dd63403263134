//! `POST /oauth/register`.

use std::borrow::Cow;

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::body;
use super::error::{ApiError, no_store};
use super::params::is_media_type;
use super::{App, Here, limits, log};
use crate::flow::refusal::Refusal;
use crate::flow::register::{RegistrationError, RegistrationRequest};
use crate::site::Registration;
use crate::telemetry::Step;

pub(super) const PATH: &str = "/oauth/register";
const LARGEST: usize = 16 * 1024;

pub(super) async fn register(
    app: Data<App>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    if here.site.registration == Registration::Off {
        return Err(ApiError::NotFound);
    }
    limits::may_register(&app, &request)?;
    let body = body::read(&request, payload, LARGEST).await?;
    let registered = here.register(metadata(body::content_type(&request), &body)?, app.clock.now())?;
    log::note_client(&request, registered.jti());
    log::note_step(&request, Step::Registered);
    Ok(no_store(HttpResponse::Created()).json(registered))
}

/// Where nobody can register there is nothing, whatever the method.
pub(super) async fn another_method(here: Here) -> Result<HttpResponse, ApiError> {
    Err(match here.site.registration {
        Registration::Off => ApiError::NotFound,
        Registration::Open => ApiError::MethodNotAllowed("POST, OPTIONS"),
    })
}

/// RFC 7591 §3.1: one JSON object.
pub(crate) fn metadata(
    content_type: Option<Cow<'_, str>>,
    body: &[u8],
) -> Result<RegistrationRequest, Refusal> {
    let is_json = is_media_type(content_type, "application/json");
    let object = serde_json::from_slice::<serde_json::Map<_, _>>(body).ok().filter(|_| is_json);
    let metadata = object.and_then(|object| serde_json::from_value(object.into()).ok());
    metadata.ok_or_else(|| RegistrationError::NotMetadata.into())
}
