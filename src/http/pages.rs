//! The pages for people: plain HTML without script, that nobody may frame or keep.

mod assistants;
mod words;

use actix_web::http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::error::{PageError, no_store};
use super::{App, Here, consent};
use crate::artifact::Client;
use crate::config::{Accent, Pages};
use crate::flow::authorize::Asked;
use crate::seal::new_jti;
use assistants::Way;
use words::{Words, span};

/// The question before every code.
#[derive(Template)]
#[template(path = "consent.html")]
struct ConsentPage<'a> {
    look: Look<'a>,
    action: &'static str,
    /// Signs out and comes back to the same question.
    switch: String,
    /// The application is known to whoever runs the server; else it only says so itself.
    known: bool,
    whence: String,
    lasts: String,
    asked: &'a Asked,
}

/// What went wrong, and what to do now.
#[derive(Template)]
#[template(path = "sorry.html")]
struct SorryPage<'a> {
    look: Look<'a>,
    words: Words,
    reason: String,
    way_on: Option<(&'static str, &'a str)>,
    /// By which the people who run the server find it in their log.
    request_id: &'a str,
}

/// For a person who got lost.
#[derive(Template)]
#[template(path = "landing.html")]
struct LandingPage<'a> {
    look: Look<'a>,
    local: Vec<Way>,
    hosted: Vec<Way>,
    form: Way,
    domains: String,
    /// Not everybody of the domains may sign in.
    by_list: bool,
}

/// What all pages have in common.
#[derive(Default)]
struct Look<'a> {
    nonce: String,
    product: Option<&'a str>,
    support: Option<Support<'a>>,
    accent: Accent,
}

impl<'a> Look<'a> {
    fn of(pages: &'a Pages) -> Self {
        Self {
            product: pages.product_name.as_deref(),
            support: pages.support_contact.as_deref().map(Support),
            accent: pages.accent,
            nonce: nonce(),
        }
    }

    fn at(request: &'a HttpRequest) -> Self {
        request.app_data::<Data<App>>().map_or_else(Self::plain, |app| Self::of(&app.pages))
    }

    fn plain() -> Self {
        Self { nonce: nonce(), ..Self::default() }
    }
}

/// For the one style of a page.
fn nonce() -> String {
    new_jti().to_string()
}

/// Whom to ask: an address of the web, a mail address, or any other words.
#[derive(Clone, Copy)]
struct Support<'a>(&'a str);

impl Support<'_> {
    fn text(&self) -> &str {
        self.0
    }

    fn address(&self) -> Option<String> {
        match self.0 {
            words if words.contains(char::is_whitespace) => None,
            web if web.starts_with("https://") => Some(web.to_owned()),
            mail if mail.contains('@') => Some(format!("mailto:{mail}")),
            _ => None,
        }
    }
}

/// `GET /`.
pub(super) fn landing(app: &App, here: &Here) -> HttpResponse {
    let (site, product) = (&here.site, app.pages.product_name.as_deref());
    let page = LandingPage {
        look: Look::of(&app.pages),
        local: assistants::local(site, product),
        hosted: assistants::hosted(site, product),
        form: assistants::form(here),
        domains: here.domains().iter().collect::<Vec<_>>().join(", "),
        by_list: site.people_file.is_some(),
    };
    html(HttpResponse::Ok(), &page, &page.look.nonce, "no-referrer")
}

/// Asks. With `no-referrer` Chromium would post the answer with `Origin: null`.
pub(super) fn question(asked: &Asked, request: &HttpRequest) -> HttpResponse {
    let (known, whence) = whence(&asked.client);
    let page = ConsentPage {
        look: Look::at(request),
        action: consent::PATH,
        switch: way_back("/oauth2/sign_out", request),
        known,
        whence,
        lasts: span(asked.lasts),
        asked,
    };
    html(HttpResponse::Ok(), &page, &page.look.nonce, "same-origin")
}

/// Is the application known, and whence? A name that anybody can write stands beside the host of its document,
/// which nobody else has.
fn whence(client: &Client) -> (bool, String) {
    if client.minted.is_some() {
        return (true, "Set up by the people who run this server.".to_owned());
    }
    match &client.document {
        Some(described) if described.by_operator => {
            (true, format!("Known to this server by its description at {}.", described.host()))
        }
        Some(described) => {
            (false, format!("It describes itself at {}. Nobody has checked who it is.", described.host()))
        }
        None => (false, "Nobody has checked who it is.".to_owned()),
    }
}

/// Says what happened and what to do now.
pub(super) fn sorry(error: &PageError, request: &HttpRequest, request_id: &str) -> HttpResponse {
    let page = SorryPage {
        look: Look::at(request),
        words: Words::of(error),
        reason: sentence(&error.to_string()),
        way_on: if let PageError::NotSignedIn(reason) = error { reason.way_on() } else { None },
        request_id,
    };
    html(HttpResponse::build(error.status_code()), &page, &page.look.nonce, "no-referrer")
}

fn sentence(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    format!("{}{}.", first.to_uppercase(), rest.trim_end_matches('.'))
}

/// An address of the proxy that does its work and then returns to this very request.
pub(super) fn way_back(of_the_proxy: &str, request: &HttpRequest) -> String {
    let here = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut address = format!("{of_the_proxy}?rd=");
    address.extend(utf8_percent_encode(here, NON_ALPHANUMERIC));
    address
}

fn html(
    response: HttpResponseBuilder,
    page: &impl Template,
    nonce: &str,
    referrer: &'static str,
) -> HttpResponse {
    // No form-action: Chromium applies it to the redirect that follows the answer, too, and would not open the client.
    let policy =
        format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
    let mut response = no_store(response);
    response
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((REFERRER_POLICY, referrer))
        .insert_header(("X-Frame-Options", "DENY"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    match page.render() {
        Ok(text) => response.body(text),
        Err(_) => response.finish(),
    }
}
