//! `POST /oauth/token`.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::{ApiError, no_store};
use super::params::{Params, Repeated, Undecodable, decode, is_media_type};
use super::{App, Here, body};
use crate::flow::exchange::{ClientCredentials, GrantRequest, TokenRequest, TokenResponse};
use crate::flow::refusal::Refusal;
use crate::seal::Sealed;

pub(super) const PATH: &str = "/oauth/token";
const LARGEST: usize = 64 * 1024;
const FIELDS: [&str; 9] = [
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
    let form = form(&request, &body::read(payload, LARGEST).await?)?;
    let by_header = request.headers().contains_key(AUTHORIZATION);
    match exchange(&app, &here, &form, &request).await {
        Ok(tokens) => Ok(no_store(HttpResponse::Ok()).json(tokens)),
        Err(refusal) if by_header => Err(ApiError::RefusedBasic(refusal)),
        Err(refusal) => Err(refusal.into()),
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
    super::log::note(request, client.jti());
    here.exchange(&client, asked.grant, &asked.resource, &app.spent, now).await
}

/// Parameters come in the body alone (RFC 6749 §2.3.1).
fn form(request: &HttpRequest, body: &[u8]) -> Result<Params, Refusal> {
    if !is_media_type(body::content_type(request), "application/x-www-form-urlencoded") {
        return Err(Refusal::Malformed("the body must be application/x-www-form-urlencoded"));
    }
    let query = Params::parse(request.query_string().as_bytes())?;
    if query.has_any(&FIELDS) {
        return Err(Refusal::Malformed("parameters belong into the body, not into the URL"));
    }
    Ok(Params::parse(body)?)
}

fn parsed(form: &Params, headers: &HeaderMap) -> Result<TokenRequest, Refusal> {
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

/// Header and body merged; two ways of authenticating at once are refused (RFC 6749 §2.3).
fn credentials(form: &Params, headers: &HeaderMap) -> Result<ClientCredentials, Refusal> {
    let (id, secret) = (form.one("client_id")?, form.one("client_secret")?);
    if form.one("client_assertion")?.is_some() {
        return Err(Refusal::ClientAssertion);
    }
    let mut values = headers.get_all(AUTHORIZATION);
    match (values.next(), values.next()) {
        (None, _) => Ok(ClientCredentials {
            id: Sealed::new(id.ok_or(Refusal::ClientMissing)?),
            secrets: secret.into_iter().map(str::to_owned).collect(),
        }),
        (Some(header), None) if secret.is_none() => {
            let basic = basic(header.as_bytes()).ok_or(Refusal::CredentialsMalformed)?;
            if id.is_some_and(|id| id != basic.id.as_str()) {
                Err(Refusal::CredentialsTwice)
            } else {
                Ok(basic)
            }
        }
        _ => Err(Refusal::CredentialsTwice),
    }
}

/// HTTP Basic (RFC 7617), each part form-encoded by RFC 6749 §2.3.1, raw by many clients. An empty password is
/// how a public client looks here.
fn basic(header: &[u8]) -> Option<ClientCredentials> {
    let header = std::str::from_utf8(header).ok()?;
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decoded = decode(secret.as_bytes()).ok().filter(|decoded| decoded != secret);
    let secrets =
        [Some(secret.to_owned()), decoded].into_iter().flatten().filter(|secret| !secret.is_empty());
    let id = decode(id.as_bytes()).ok().filter(|id| !id.is_empty())?;
    Some(ClientCredentials { id: Sealed::new(id), secrets: secrets.collect() })
}

impl From<Undecodable> for Refusal {
    fn from(_: Undecodable) -> Self {
        Self::Malformed("a parameter is not percent-encoded UTF-8")
    }
}

impl From<Repeated> for Refusal {
    fn from(Repeated(name): Repeated) -> Self {
        Self::Repeated(name)
    }
}
