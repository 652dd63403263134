//! `GET /oauth/authorize`.

use actix_web::http::header::{LOCATION, REFERRER_POLICY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::error::{PageError, no_store};
use super::identity::SignedIn;
use super::pages;
use super::params::{Params, Repeated};
use super::{App, HerePage, limits, log};
use crate::clock::Timestamp;
use crate::document::{DocumentUrl, Unread};
use crate::flow::authorize::{AuthorizeParams, Location, NoReply, Outcome};
use crate::oauth::Subject;
use crate::telemetry::Step;

pub(super) const PATH: &str = "/oauth/authorize";

pub(super) async fn authorize(
    app: Data<App>,
    here: HerePage,
    SignedIn(person): SignedIn,
    request: HttpRequest,
) -> Result<HttpResponse, PageError> {
    let (params, undecodable) = Params::parse_in_part(request.query_string().as_bytes());
    let params = AuthorizeParams { undecodable, ..AuthorizeParams::from(&params) };
    let now = app.clock.now();
    if let Some(url) = here.unread(&params, now)? {
        log::note_client(&request, &url.jti());
        fetch(&app, &here, &url, &person.sub, now).await?;
    }
    let reply = here.reply_to(&params, now)?;
    log::note_client(&request, &reply.client().jti);
    let outcome = match here.authorize(&params, &reply, person, now) {
        Ok(outcome) => outcome,
        Err(refusal) => {
            log::note_refusal(&request, &refusal);
            return Ok(redirect(HttpResponse::Found(), &reply.with_refusal(&refusal)));
        }
    };
    log::note_step(&request, Step::Authorized);
    Ok(match outcome {
        Outcome::Ask(asked) => pages::question(&asked, &request),
        Outcome::Granted(code, question) => {
            log::audit_answer(&request, "code issued", &question);
            redirect(HttpResponse::Found(), &reply.with_code(&code))
        }
    })
}

/// For somebody who is signed in, and not too often.
async fn fetch(
    app: &App,
    here: &HerePage,
    url: &DocumentUrl,
    person: &Subject,
    now: Timestamp,
) -> Result<(), PageError> {
    limits::may_fetch(app, person)?;
    let fetched = here.fetch(url, now).await;
    app.telemetry.document_fetched(fetched.as_ref().map_or_else(Unread::kind, |()| "read"));
    Ok(fetched.map_err(NoReply::from)?)
}

/// The one exit by which a browser leaves.
pub(super) fn redirect(status: HttpResponseBuilder, location: &Location) -> HttpResponse {
    no_store(status)
        .insert_header((LOCATION, location.as_str()))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}

impl From<&Params> for AuthorizeParams {
    fn from(params: &Params) -> Self {
        let mut repeated = Vec::new();
        let mut one = |name| match params.one(name) {
            Ok(value) => value.map(str::to_owned),
            Err(Repeated(name)) => {
                repeated.push(name);
                None
            }
        };
        Self {
            client_id: one("client_id"),
            redirect_uri: one("redirect_uri"),
            response_type: one("response_type"),
            response_mode: one("response_mode"),
            state: one("state"),
            scope: one("scope"),
            code_challenge: one("code_challenge"),
            code_challenge_method: one("code_challenge_method"),
            request: one("request"),
            request_uri: one("request_uri"),
            resource: params.all("resource").map(str::to_owned).collect(),
            repeated,
            undecodable: Vec::new(),
        }
    }
}
