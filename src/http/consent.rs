//! `POST /oauth/consent`.

use actix_web::http::header::{HeaderMap, ORIGIN};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::authorize::redirect;
use super::error::PageError;
use super::identity::SignedIn;
use super::params::{Params, is_media_type};
use super::{App, HerePage, body, log};
use crate::artifact::Question;
use crate::flow::consent::{Answer, Unanswered};
use crate::seal::Sealed;
use crate::telemetry::Step;

pub(super) const PATH: &str = "/oauth/consent";
/// A question carries the client's state, which may be all that fits into a URL, grown on its way through JSON and
/// base64.
const LARGEST: usize = 256 * 1024;

pub(super) async fn consent(
    app: Data<App>,
    here: HerePage,
    SignedIn(person): SignedIn,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, PageError> {
    if !is_our_page(request.headers(), here.site.issuer.as_str()) {
        return Err(Unanswered::AnotherOrigin.into());
    }
    let form = form(&request, payload).await.ok_or(Unanswered::Malformed)?;
    let (question, answer) = parsed(&form).ok_or(Unanswered::Malformed)?;
    let answered = here.answer(&question, answer, &person, app.clock.now())?;
    log::note_client(&request, &answered.question.client_jti);
    if answer == Answer::Allow {
        log::note_step(&request, Step::Consented);
    }
    log::audit_answer(&request, answer.event(), &answered.question);
    Ok(redirect(HttpResponse::SeeOther(), &answered.location))
}

/// Our own page sends our origin, and nothing beside it says that it was another. Where a browser sends `null` or
/// none, `Sec-Fetch-Site` must say so instead; a client that sends neither is no browser and carries no one's cookies.
fn is_our_page(headers: &HeaderMap, issuer: &str) -> bool {
    match (one(headers, ORIGIN.as_str()), one(headers, "Sec-Fetch-Site")) {
        (None, None) => true,
        (None | Some("null"), fetch_site) => fetch_site == Some("same-origin"),
        (Some(_), Some("cross-site" | "same-site" | UNCLEAR)) => false,
        (Some(origin), _) => origin == issuer,
    }
}

/// What no header says that can be read and is there once.
const UNCLEAR: &str = "?";

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name);
    let first = values.next()?.to_str().unwrap_or(UNCLEAR);
    Some(if values.next().is_some() { UNCLEAR } else { first })
}

async fn form(request: &HttpRequest, payload: Payload) -> Option<Params> {
    if !is_media_type(body::content_type(request), "application/x-www-form-urlencoded") {
        return None;
    }
    Params::parse(&body::read(request, payload, LARGEST).await.ok()?).ok()
}

fn parsed(form: &Params) -> Option<(Sealed<Question>, Answer)> {
    let question = Sealed::new(form.one("question").ok()??);
    match form.one("answer").ok()?? {
        "allow" => Some((question, Answer::Allow)),
        "deny" => Some((question, Answer::Deny)),
        _ => None,
    }
}
