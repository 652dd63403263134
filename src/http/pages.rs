//! The pages for people: plain HTML without script, that nobody may frame or keep.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::PageError;
use super::{App, Here, consent};
use crate::flow::authorize::Asked;
use crate::seal::new_jti;

/// The question before every code.
#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    nonce: String,
    action: &'static str,
    /// Signs out and comes back to the same question.
    switch: String,
    asked: &'a Asked,
}

/// What went wrong, and what to do now.
#[derive(Template)]
#[template(path = "sorry.html")]
struct SorryPage<'a> {
    nonce: String,
    title: &'static str,
    reason: String,
    advice: &'static str,
    request_id: &'a str,
    way_on: Option<(&'static str, &'a str)>,
}

/// For a person who got lost.
#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage<'a> {
    nonce: String,
    product: &'a str,
    support: Option<&'a str>,
    resources: Vec<&'a str>,
}

/// `GET /`.
pub(super) fn landing(app: &App, here: &Here) -> HttpResponse {
    let page = LandingPage {
        nonce: new_jti().to_string(),
        product: app.pages.product_name.as_deref().unwrap_or("MCP server"),
        support: app.pages.support_contact.as_deref(),
        resources: here.site.resources.iter().map(crate::oauth::Resource::as_str).collect(),
    };
    html(HttpResponse::Ok(), &page, &page.nonce, "no-referrer")
}

/// Asks. With `no-referrer` Chromium would post the answer with `Origin: null`.
pub(super) fn question(asked: &Asked, request: &HttpRequest) -> HttpResponse {
    let (nonce, switch) = (new_jti().to_string(), way_back("/oauth2/sign_out", request));
    let page = ConsentPage { nonce, action: consent::PATH, switch, asked };
    html(HttpResponse::Ok(), &page, &page.nonce, "same-origin")
}

/// Says what happened and what to do now.
pub(super) fn sorry(error: &PageError, request_id: &str) -> HttpResponse {
    let way_on = if let PageError::NotSignedIn(reason) = error { reason.way_on() } else { None };
    let (title, advice) = words(error);
    let page = SorryPage {
        nonce: new_jti().to_string(),
        title,
        reason: error.to_string(),
        advice,
        request_id,
        way_on,
    };
    html(HttpResponse::build(error.status_code()), &page, &page.nonce, "no-referrer")
}

/// An address of the proxy that does its work and then returns to this very request.
pub(super) fn way_back(of_the_proxy: &str, request: &HttpRequest) -> String {
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    format!("{of_the_proxy}?rd={}", utf8_percent_encode(here, NON_ALPHANUMERIC))
}

fn words(error: &PageError) -> (&'static str, &'static str) {
    match error {
        PageError::NoReply(_) => (
            "This request cannot be answered",
            "Remove the server from your assistant, add it again, and connect once more. \
             Nothing was sent to the redirect address in the request.",
        ),
        PageError::NotPosted => (
            "Your sign-in ended meanwhile",
            "Your answer did not arrive, and nothing was allowed. Start again from your assistant.",
        ),
        PageError::NotSignedIn(reason) if reason.is_old() => {
            ("Please sign in again", "Your last sign-in was too long ago for this.")
        }
        PageError::NotSignedIn(reason) if reason.is_somebody() => (
            "This account has no access",
            "Sign in with your organization's account, or ask whoever runs this server.",
        ),
        PageError::NotSignedIn(_) => (
            "You are not signed in",
            "Whoever runs this server should look at the sign-in proxy in front of it.",
        ),
        PageError::Misdirected => ("Nobody lives here", "Check the address of the server in your assistant."),
        PageError::Undecodable => ("This request cannot be read", "Start again from your assistant."),
        PageError::Unanswered(_) => {
            ("Your answer was not accepted", "Nothing was allowed. Start again from your assistant.")
        }
    }
}

fn html(
    mut response: HttpResponseBuilder,
    page: &impl Template,
    nonce: &str,
    referrer: &'static str,
) -> HttpResponse {
    // No form-action: Chromium applies it to the redirect that follows the answer, too.
    let policy =
        format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, referrer))
        .insert_header(("X-Frame-Options", "DENY"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    match page.render() {
        Ok(text) => response.body(text),
        Err(_) => response.finish(),
    }
}
