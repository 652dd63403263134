//! Who is the person: the only reader of the proxy's headers.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpRequest};
use subtle::Choice;

use super::error::PageError;
use super::{Here, pages};
use crate::artifact::Person;
use crate::clock::Timestamp;
use crate::config::ProxySecret;
use crate::flow::NotAdmitted;
use crate::provider::{IdTokenError, Provider};

const SECRET: &str = "X-Sidecar-Auth";
const USER: &str = "X-Forwarded-User";
const EMAIL: &str = "X-Forwarded-Email";
const ID_TOKEN: &str = "X-Forwarded-Id-Token";

/// A person for whom the proxy vouches, and the proxy proved that it is the proxy.
pub(super) struct SignedIn(pub(super) Person);

impl FromRequest for SignedIn {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let here = Here::of(&request).ok_or(PageError::Misdirected)?;
            let person = identify(&here, request.headers()).await;
            Ok(Self(person.map_err(|reason| reason.with_way_on(&request))?))
        })
    }
}

/// Every proof that is configured must hold: a hop-by-hop `Connection` header can delete one of them.
async fn identify(here: &Here, headers: &HeaderMap) -> Result<Person, NotSignedIn> {
    let (app, now) = (&here.app, here.app.clock.now());
    if let Some(secrets) = app.rules.secrets() {
        is_from_proxy(&secrets, headers)?;
    }
    let person = match &app.provider {
        Some(provider) => by_id_token(provider, here, headers, now).await?,
        None => by_headers(headers)?,
    };
    match here.admit(&person, now) {
        Ok(()) => Ok(person),
        Err(reason) => Err(NotSignedIn::NotAdmitted { reason, way_on: None }),
    }
}

pub(crate) fn is_from_proxy(secrets: &[ProxySecret], headers: &HeaderMap) -> Result<(), NotSignedIn> {
    let presented = one(headers, SECRET)?.ok_or(NotSignedIn::Missing(SECRET))?;
    let known = secrets.iter().fold(Choice::from(0), |known, secret| known | secret.is(presented.as_bytes()));
    if known.into() { Ok(()) } else { Err(NotSignedIn::WrongSecret) }
}

/// The identity comes from the token alone; the headers beside it must not say otherwise.
async fn by_id_token(
    provider: &Provider,
    here: &Here,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Person, NotSignedIn> {
    let token = one(headers, ID_TOKEN)?.ok_or(NotSignedIn::Missing(ID_TOKEN))?;
    let person = provider
        .identify(token, here.domains(), now)
        .await
        .map_err(|reason| NotSignedIn::IdToken { reason, way_on: None })?;
    for (header, ours) in [(USER, person.sub.as_str()), (EMAIL, person.email.as_str())] {
        if one(headers, header)?.is_some_and(|theirs| theirs != ours) {
            return Err(NotSignedIn::Disagreement(header));
        }
    }
    Ok(person)
}

pub(crate) fn by_headers(headers: &HeaderMap) -> Result<Person, NotSignedIn> {
    let required = |name| one(headers, name)?.ok_or(NotSignedIn::Missing(name));
    Ok(Person {
        sub: required(USER)?.to_owned().try_into().map_err(|_| NotSignedIn::Malformed(USER))?,
        email: required(EMAIL)?.to_owned().try_into().map_err(|_| NotSignedIn::Malformed(EMAIL))?,
    })
}

/// The value of a header that may be there once. Values are bytes: addresses may be UTF-8. Empty is absent.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, NotSignedIn> {
    let mut values = headers.get_all(name);
    let value = values.next();
    if values.next().is_some() {
        return Err(NotSignedIn::Repeated(name));
    }
    let text = value.map(|value| std::str::from_utf8(value.as_bytes())).transpose();
    Ok(text.map_err(|_| NotSignedIn::Malformed(name))?.filter(|text| !text.is_empty()))
}

/// Why nobody is signed in. `Display` is for the person and whoever set up the proxy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSignedIn {
    #[error("The header {0} names somebody else than the ID token.")]
    Disagreement(&'static str),
    #[error("The identity provider's token was not accepted: {reason}.")]
    IdToken {
        #[source]
        reason: IdTokenError,
        way_on: Option<WayOn>,
    },
    #[error("The header {0} is not what the proxy sends.")]
    Malformed(&'static str),
    #[error("The header {0} is missing: this request did not come through the sign-in proxy.")]
    Missing(&'static str),
    #[error("{reason}")]
    NotAdmitted { reason: NotAdmitted, way_on: Option<WayOn> },
    #[error("The header {0} is there more than once.")]
    Repeated(&'static str),
    #[error("The header X-Sidecar-Auth holds another secret: the proxy and this server do not share one.")]
    WrongSecret,
}

/// What to click, and where it leads.
type WayOn = (&'static str, String);

impl NotSignedIn {
    /// It is known who it is, and that person may not.
    pub(super) fn is_somebody(&self) -> bool {
        matches!(self, Self::NotAdmitted { .. } | Self::IdToken { reason: IdTokenError::Organization, .. })
    }

    /// Signing in once more would be enough.
    pub(super) fn is_old(&self) -> bool {
        matches!(self, Self::IdToken { reason: IdTokenError::Age, .. })
    }

    pub(super) fn way_on(&self) -> Option<(&'static str, &str)> {
        let (Self::NotAdmitted { way_on, .. } | Self::IdToken { way_on, .. }) = self else { return None };
        way_on.as_ref().map(|(label, address)| (*label, address.as_str()))
    }

    /// The proxy signs in again, or out, and comes back to this very request; an answer cannot be repeated so.
    fn with_way_on(self, request: &HttpRequest) -> Self {
        if request.method() != Method::GET {
            return self;
        }
        let way_on = match (self.is_old(), self.is_somebody()) {
            (true, _) => Some(("Sign in again", pages::way_back("/oauth2/start", request))),
            (_, true) => Some(("Use another account", pages::way_back("/oauth2/sign_out", request))),
            _ => None,
        };
        match self {
            Self::NotAdmitted { reason, .. } => Self::NotAdmitted { reason, way_on },
            Self::IdToken { reason, .. } => Self::IdToken { reason, way_on },
            other => other,
        }
    }
}
