//! How a client names and proves itself at the token and revocation endpoints.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::params::{Params, decode};
use crate::artifact::Client;
use crate::flow::exchange::ClientCredentials;
use crate::flow::refusal::Refusal;
use crate::seal::Sealed;

/// Header and body merged; two ways of authenticating at once are refused (RFC 6749 §2.3).
pub(crate) fn credentials(form: &Params, headers: &HeaderMap) -> Result<ClientCredentials, Refusal> {
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

/// Whom a request names, right or wrong: failures are counted by it.
pub(super) fn client_id(form: &Params, headers: &HeaderMap) -> Sealed<Client> {
    let basic = headers.get(AUTHORIZATION).and_then(|header| basic(header.as_bytes()));
    let named = form.all("client_id").next().unwrap_or_default();
    basic.map_or_else(|| Sealed::new(named), |basic| basic.id)
}

/// HTTP Basic (RFC 7617), each part form-encoded by RFC 6749 §2.3.1, raw by many clients. An empty password is
/// how a public client looks here.
pub(crate) fn basic(header: &[u8]) -> Option<ClientCredentials> {
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
