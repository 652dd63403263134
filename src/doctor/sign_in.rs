//! The authorization endpoint, as far as one gets without signing in, and whether one gets further than that.

use url::Url;

use super::answer::{Answer, Silence};
use super::cause::{Cause, Finding};
use super::documents::ServerMetadata;
use super::probe::Ask;
use super::road::{Client, Road};

pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The S256 of it (RFC 7636 Appendix B).
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What stands at the authorization endpoint for who is not signed in.
#[derive(Debug)]
pub(super) enum Gate {
    /// A page of the proxy with a button, instead of the way itself.
    Button(String),
    /// To a sign-in.
    LeadsAway(Url),
    /// The sidecar answers, and says that no proxy asked anybody.
    NobodyAsks(String),
    /// It takes the caller for somebody.
    Open(String),
    /// Another page, such as a form to sign in.
    Page,
    /// Somebody says no, and offers nothing.
    Refused(String),
}

pub(super) type Headers<'a> = &'a [(&'static str, String)];

/// Asks as a browser would, which no assistant's manner changes.
pub(super) async fn gate(
    road: &Road<'_>,
    server: &ServerMetadata,
    client: &Client,
    headers: Headers<'_>,
) -> Result<Gate, Finding> {
    let Some(url) = authorize_url(road, server, client) else { return Ok(Gate::Page) };
    let ask = Ask::get(url).with("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let ask = headers.iter().fold(ask, |ask, (name, value)| ask.with(name, value.clone()));
    match road.probe.ask(&ask).await {
        Ok(answer) => seen(&ask, &answer, client),
        // So an edge answers what it does not like.
        Err(Silence::Unreached(_)) if !headers.is_empty() => Ok(Gate::Page),
        Err(silence) => Err(Finding::silent(&silence, &ask.shown())),
    }
}

fn authorize_url(road: &Road<'_>, server: &ServerMetadata, client: &Client) -> Option<Url> {
    let mut url = server.authorization_endpoint()?;
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &client.id)
        .append_pair("redirect_uri", &client.redirect_uri)
        .append_pair("code_challenge", CHALLENGE)
        .append_pair("code_challenge_method", "S256")
        .append_pair("state", "doctor")
        .append_pair("resource", road.target.resource().as_str());
    Some(url)
}

fn seen(ask: &Ask, answer: &Answer, client: &Client) -> Result<Gate, Finding> {
    let shown = answer.shown();
    if answer.is_redirect() {
        let Some(to) = answer.location(ask.url()) else { return Ok(Gate::Page) };
        let answers = to.as_str().starts_with(&client.redirect_uri);
        return Ok(if answers { Gate::Open(shown) } else { Gate::LeadsAway(to) });
    }
    Ok(match answer.status {
        _ if answer.is_sign_in_page() => Gate::Button(shown),
        401 if answer.body.contains("sign-in proxy") => Gate::NobodyAsks(shown),
        // The question itself, or what it says of somebody's address or application.
        200 if answer.body.contains("name=\"question\"") => Gate::Open(shown),
        400 | 403 if is_a_page_of_ours(answer) => Gate::Open(shown),
        401 | 403 => Gate::Refused(shown),
        421 => return Err(Finding::new(Cause::MISDIRECTED, shown)),
        429 => return Err(Finding::new(Cause::TOO_MANY, shown)),
        502..=504 => return Err(Finding::new(Cause::UPSTREAM_AWAY, shown)),
        200..300 => Gate::Page,
        _ => return Err(Finding::new(Cause::UNEXPECTED, shown)),
    })
}

/// Those alone may neither be framed nor hold a script.
fn is_a_page_of_ours(answer: &Answer) -> bool {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    answer.is_html() && policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'")
}

/// What is wrong with the gate, and whether a caller opens it by a word of its own.
pub(super) async fn findings(road: &Road<'_>, server: &ServerMetadata, client: &Client) -> Vec<Finding> {
    let Ok(gate) = gate(road, server, client, &[]).await else { return Vec::new() };
    let wrong = match &gate {
        Gate::Open(seen) => return vec![Finding::new(Cause::AUTHORIZE_OPEN, seen)],
        Gate::Button(seen) => Some(Finding::new(Cause::SIGN_IN_BUTTON, seen)),
        Gate::LeadsAway(to) => callback_differs(server, to),
        _ => None,
    };
    let mut found = Vec::from_iter(wrong);
    for (name, headers) in forgeries(road) {
        match self::gate(road, server, client, &headers).await {
            Ok(Gate::Open(seen)) => {
                found.push(Finding::new(Cause::IDENTITY_FORGED, format!("{seen}, with {name}")));
            }
            Ok(Gate::NobodyAsks(seen)) if !matches!(gate, Gate::NobodyAsks(_)) => {
                found.push(Finding::new(Cause::FORWARDED_URI_TRUSTED, format!("{seen}, with {name}")));
            }
            _ => {}
        }
    }
    found
}

/// The proxy's own callback, which the provider sends people to: where they came from.
fn callback_differs(server: &ServerMetadata, to: &Url) -> Option<Finding> {
    let (_, callback) = to.query_pairs().find(|(name, _)| name == "redirect_uri")?;
    let origin = |url: &Url| url.origin().ascii_serialization();
    let (back, here) = (origin(&Url::parse(&callback).ok()?), origin(&server.authorization_endpoint()?));
    let seen = || format!("people are sent back to {back}, and came from {here}");
    (back != here).then(|| Finding::new(Cause::CALLBACK_DIFFERS, seen()))
}

/// Who a caller may say to be, in the ways that were ever believed somewhere.
fn forgeries(road: &Road<'_>) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let host = road.target.url().domain().unwrap_or("example.com");
    let domain: Vec<&str> = host.rsplitn(3, '.').take(2).collect();
    let email = format!("doctor@{}", domain.into_iter().rev().collect::<Vec<_>>().join("."));
    let somebody = |names: [&'static str; 2]| vec![(names[0], "1".to_owned()), (names[1], email.clone())];
    let with = |mut headers: Vec<_>, name, value: &str| {
        headers.push((name, value.to_owned()));
        headers
    };
    let known = || somebody(["x-forwarded-user", "x-forwarded-email"]);
    vec![
        ("X-Forwarded-User and X-Forwarded-Email", known()),
        (
            "X-Forwarded-Email and an invented X-Sidecar-Auth",
            with(known(), "x-sidecar-auth", &"0".repeat(43)),
        ),
        (
            "X-Forwarded-Email and an unsigned X-Forwarded-Id-Token",
            with(known(), "x-forwarded-id-token", UNSIGNED),
        ),
        ("X_Forwarded_User and X_Forwarded_Email", somebody(["x_forwarded_user", "x_forwarded_email"])),
        ("X-Forwarded-Uri", vec![("x-forwarded-uri", "/oauth/jwks".to_owned())]),
    ]
}

/// `{"alg":"none"}` and `{"sub":"1","email_verified":true}`.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZW1haWxfdmVyaWZpZWQiOnRydWV9.";
