//! `POST /oauth/token`.

use actix_web::http::header::HeaderMap;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::body::form;
use super::credentials::credentials;
use super::error::{ApiError, no_store};
use super::log::audit;
use super::params::{Params, Repeated};
use super::{App, Here, limits, log};
use crate::flow::exchange::{GrantRequest, TokenRequest, TokenResponse};
use crate::flow::refusal::Refusal;
use crate::seal::Sealed;
use crate::telemetry::Step;

pub(super) const PATH: &str = "/oauth/token";
pub(crate) const FIELDS: [&str; 9] = [
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "client_id",
    "client_secret",
    "client_assertion",
];

pub(super) async fn token(
    app: Data<App>,
    here: Here,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let form = form(&request, payload, &FIELDS).await?;
    match exchange(&app, &here, &form, &request).await {
        Ok(tokens) => Ok(no_store(HttpResponse::Ok()).json(tokens)),
        Err(refusal) => Err(limits::failed(&app, &request, &form, refusal)),
    }
}

async fn exchange(
    app: &App,
    here: &Here,
    form: &Params,
    request: &HttpRequest,
) -> Result<TokenResponse, Refusal> {
    let (asked, now) = (parsed(form, request.headers())?, app.clock.now());
    let client = here.authenticate(asked.credentials, now)?;
    log::note_client(request, client.jti());
    let (event, is_code) = (asked.grant.event(), matches!(asked.grant, GrantRequest::Code { .. }));
    let proven = here.proven(&client, asked.grant, now);
    let proven = proven.inspect_err(|_| audit(request, "refused", client.jti(), None))?;
    let sub = proven.sub().clone();
    let exchanged = here.exchange(&client, proven, &asked.resource, &app.spent, now).await;
    match &exchanged {
        Ok(_) => {
            if is_code {
                log::note_step(request, Step::Exchanged);
            }
            audit(request, event, client.jti(), Some(&sub));
        }
        Err(Refusal::Reused(reused)) if let Some(what) = reused.replayed() => {
            app.telemetry.replayed(what);
            audit(request, "replay seen", client.jti(), Some(&sub));
        }
        Err(Refusal::StoreAway(_)) => {}
        Err(_) => audit(request, "refused", client.jti(), Some(&sub)),
    }
    exchanged
}

pub(crate) fn parsed(form: &Params, headers: &HeaderMap) -> Result<TokenRequest, Refusal> {
    for field in FIELDS {
        form.one(field)?;
    }
    let required = |name| form.one(name)?.ok_or(Refusal::Missing(name));
    let optional = |name| Ok::<_, Refusal>(form.one(name)?.map(str::to_owned));
    let grant_type = required("grant_type")?;
    if !["authorization_code", "refresh_token"].contains(&grant_type) {
        return Err(Refusal::GrantType);
    }
    let credentials = credentials(form, headers)?;
    let grant = if grant_type == "refresh_token" {
        GrantRequest::Refresh { token: Sealed::new(required("refresh_token")?), scope: optional("scope")? }
    } else {
        GrantRequest::Code {
            code: Sealed::new(required("code")?),
            redirect_uri: optional("redirect_uri")?,
            verifier: optional("code_verifier")?.map(TryInto::try_into).transpose()?,
        }
    };
    Ok(TokenRequest { credentials, grant, resource: form.all("resource").map(str::to_owned).collect() })
}

impl From<Repeated> for Refusal {
    fn from(Repeated(name): Repeated) -> Self {
        Self::Repeated(name)
    }
}
