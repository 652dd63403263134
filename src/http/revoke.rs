//! `POST /oauth/revoke`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::body::form;
use super::credentials::credentials;
use super::error::{ApiError, no_store};
use super::log::audit;
use super::params::Params;
use super::{App, Here, limits, log};
use crate::flow::refusal::Refusal;

pub(super) const PATH: &str = "/oauth/revoke";
const FIELDS: [&str; 5] = ["token", "token_type_hint", "client_id", "client_secret", "client_assertion"];

/// RFC 7009 §2.2: 200 without a body, also for what is no token of ours.
pub(super) async fn revoke(
    app: Data<App>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = form(&request, payload, &FIELDS).await?;
    match ended(&app, &here, &form, &request).await {
        Ok(()) => Ok(no_store(HttpResponse::Ok()).finish()),
        Err(refusal) => Err(limits::failed(&app, &request, &form, refusal)),
    }
}

async fn ended(app: &App, here: &Here, form: &Params, request: &HttpRequest) -> Result<(), Refusal> {
    for field in FIELDS {
        form.one(field)?;
    }
    let (token, now) = (form.one("token")?.ok_or(Refusal::Missing("token"))?, app.clock.now());
    let client = here.authenticate(credentials(form, request.headers())?, now)?;
    log::note_client(request, client.jti());
    if let Some(revoked) = here.revoke(&client, token, &app.spent, now).await? {
        audit(request, "revoked", client.jti(), Some(&revoked.sub));
    }
    Ok(())
}
