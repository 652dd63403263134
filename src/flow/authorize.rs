//! The authorization request: first where the answer goes, then what it is.

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::refusal::Refusal;
use super::{Authority, NotAnswered, QUESTION_LIFETIME, UnknownClient};
use crate::artifact::{AuthorizationCode, Client, ClientDigest, Grant, Person, Question};
use crate::clock::{Seconds, Timestamp};
use crate::config::Consent;
use crate::oauth::{CodeChallenge, Issuer, RedirectUri};
use crate::seal::{SealError, Sealed, new_jti};

/// The request as it was sent. Everything is optional here, because the order of the checks decides between a
/// page and a redirect.
#[derive(Debug, Default)]
pub struct AuthorizeParams {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub state: Option<String>,
    pub scope: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub request: Option<String>,
    pub request_uri: Option<String>,
    pub resource: Vec<String>,
    /// Parameters that were there more than once; each of them reads as absent above.
    pub repeated: Vec<&'static str>,
    /// Names of parameters that are not percent-encoded UTF-8; each of them reads as absent above.
    pub undecodable: Vec<String>,
}

impl AuthorizeParams {
    /// Who asks and where the answer goes can be read in one way alone.
    pub(super) fn leave_no_doubt(&self) -> Result<(), NoReply> {
        for name in ["client_id", "redirect_uri"] {
            if self.repeated.contains(&name) {
                return Err(NoReply::Repeated(name));
            }
            if self.undecodable.iter().any(|other| other == name) {
                return Err(NoReply::Undecodable(name));
            }
        }
        Ok(())
    }
}

/// Where the answer goes: a redirect URI its client registered, with the client's state.
#[derive(Debug)]
pub struct Reply {
    issuer: Issuer,
    client: Arc<Client>,
    digest: ClientDigest,
    redirect_uri: RedirectUri,
    state: Option<String>,
}

/// What becomes of a request that is in order.
#[derive(Debug)]
pub enum Outcome {
    Ask(Box<Asked>),
    Granted(Sealed<AuthorizationCode>, Box<Question>),
}

/// The question, sealed for its way through the browser and open for the page.
#[derive(Debug)]
pub struct Asked {
    pub sealed: Sealed<Question>,
    pub question: Question,
    pub client: Arc<Client>,
    /// How long the client can act for the person before it must ask again.
    pub lasts: Seconds,
}

impl Authority {
    /// Nobody is redirected before the client and its redirect URI are known (RFC 6749 §4.1.2.1).
    pub fn reply_to(&self, params: &AuthorizeParams, now: Timestamp) -> Result<Reply, NoReply> {
        params.leave_no_doubt()?;
        let client_id = Sealed::new(params.client_id.as_deref().ok_or(NoReply::ClientMissing)?);
        let client = self.client(&client_id, now)?;
        let redirect_uri = match (&params.redirect_uri, client.redirect_uris.as_slice()) {
            (Some(uri), _) => RedirectUri::try_from(uri.clone()).map_err(|_| NoReply::Unregistered)?,
            (None, [only]) if only.is_whole() => only.clone(),
            (None, _) => return Err(NoReply::RedirectUriMissing),
        };
        if !client.admits(&redirect_uri) {
            return Err(NoReply::Unregistered);
        }
        self.may_be_answered(&client, client.minted.is_none(), Some(&redirect_uri), now)?;
        Ok(Reply {
            issuer: self.site.issuer.clone(),
            client,
            digest: ClientDigest::of(&client_id),
            redirect_uri,
            state: params.state.clone(),
        })
    }

    /// Judges the rest of the request; whatever is wrong goes back to the client.
    pub fn authorize(
        &self,
        params: &AuthorizeParams,
        reply: &Reply,
        person: Person,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        is_code_request(params)?;
        if reply.client.no_code {
            return Err(Refusal::NoCodes);
        }
        let question = Question {
            exp: now + QUESTION_LIFETIME,
            person,
            client: reply.digest.clone(),
            client_jti: reply.client.jti.clone(),
            redirect_uri: reply.redirect_uri.clone(),
            state: reply.state.clone(),
            challenge: challenge(params, &reply.client)?,
            scope: self.scopes.granted(params.scope.as_deref()),
            resource: self.site.resources.select(&params.resource)?.clone(),
            by_policy: reply.client.minted.is_none(),
            no_refresh: reply.client.no_refresh,
        };
        match self.consent {
            Consent::Never => Ok(Outcome::Granted(self.code(&question, now)?, Box::new(question))),
            Consent::Always => Ok(Outcome::Ask(Box::new(Asked {
                sealed: self.sealer.seal(&question)?,
                question,
                client: Arc::clone(&reply.client),
                lasts: if reply.client.no_refresh { self.lifetimes.access } else { self.lifetimes.family() },
            }))),
        }
    }

    /// The code for a question that was answered with yes at `now`.
    pub(super) fn code(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<Sealed<AuthorizationCode>, SealError> {
        self.sealer.seal(&AuthorizationCode {
            exp: now + self.lifetimes.code,
            grant: Grant {
                person: question.person.clone(),
                client: question.client.clone(),
                scope: question.scope.clone(),
                resource: question.resource.clone(),
                auth_time: now,
                sid: new_jti(),
            },
            redirect_uri: question.redirect_uri.clone(),
            challenge: question.challenge.clone(),
            no_refresh: question.no_refresh,
        })
    }
}

impl Reply {
    pub fn with_code(&self, code: &Sealed<AuthorizationCode>) -> Location {
        self.way_back().with_code(code)
    }

    pub fn with_refusal(&self, refusal: &Refusal) -> Location {
        self.way_back().with_refusal(refusal)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    fn way_back(&self) -> WayBack<'_> {
        let Self { issuer, redirect_uri, state, .. } = self;
        WayBack { issuer, redirect_uri, state: state.as_deref() }
    }
}

/// An address that the browser may be sent to. Only a `Reply` or an opened question makes one.
#[derive(Debug)]
pub struct Location(String);

impl Location {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who answers, where, and with which `state` (RFC 6749 §4.1.2).
pub(super) struct WayBack<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) redirect_uri: &'a RedirectUri,
    pub(super) state: Option<&'a str>,
}

impl WayBack<'_> {
    pub(super) fn with_code(&self, code: &Sealed<AuthorizationCode>) -> Location {
        self.with(&[("code", code.as_str())])
    }

    pub(super) fn with_refusal(&self, refusal: &Refusal) -> Location {
        self.with(&[("error", refusal.code().as_str()), ("error_description", &refusal.description())])
    }

    /// Appends the answer, `state` as it came and `iss` (RFC 9207 §2); a query that is there already is kept.
    fn with(&self, answer: &[(&str, &str)]) -> Location {
        const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
        let state = self.state.map(|state| ("state", state));
        let pairs = answer.iter().copied().chain(state).chain([("iss", self.issuer.as_str())]);
        let mut location = self.redirect_uri.as_str().to_owned();
        for (name, value) in pairs {
            location.push(if location.contains('?') { '&' } else { '?' });
            location.push_str(name);
            location.push('=');
            location.extend(utf8_percent_encode(value, UNRESERVED));
        }
        Location(location)
    }
}

fn is_code_request(params: &AuthorizeParams) -> Result<(), Refusal> {
    if let Some(name) = params.repeated.first() {
        return Err(Refusal::Repeated(name));
    }
    if !params.undecodable.is_empty() {
        return Err(Refusal::UNDECODABLE);
    }
    if params.request.is_some() {
        return Err(Refusal::RequestObject);
    }
    if params.request_uri.is_some() {
        return Err(Refusal::RequestUri);
    }
    match (params.response_type.as_deref(), params.response_mode.as_deref()) {
        (None, _) => Err(Refusal::Missing("response_type")),
        (Some("code"), None | Some("query")) => Ok(()),
        (Some("code"), Some(_)) => Err(Refusal::ResponseMode),
        (Some(_), _) => Err(Refusal::ResponseType),
    }
}

/// S256 or nothing; a missing method would mean `plain` (RFC 7636 §4.3).
fn challenge(params: &AuthorizeParams, client: &Client) -> Result<Option<CodeChallenge>, Refusal> {
    match (&params.code_challenge, params.code_challenge_method.as_deref()) {
        (Some(challenge), Some("S256")) => Ok(Some(challenge.clone().try_into()?)),
        (None, None) if !client.must_prove_key() => Ok(None),
        (None, _) => Err(Refusal::ChallengeMissing),
        (Some(_), _) => Err(Refusal::ChallengeMethod),
    }
}

/// Why the browser is sent nowhere: a page for the person.
#[derive(Debug, thiserror::Error)]
pub enum NoReply {
    #[error("The request names no client (client_id).")]
    ClientMissing,
    #[error("This server does not know the client that sent you here (client_id).")]
    ClientUnknown(#[from] UnknownClient),
    #[error("{0}")]
    NotAnswered(#[from] NotAnswered),
    #[error("The request does not say where the answer goes (redirect_uri).")]
    RedirectUriMissing,
    #[error("The request has {0} more than once.")]
    Repeated(&'static str),
    #[error("The request's {0} is not percent-encoded UTF-8.")]
    Undecodable(&'static str),
    #[error("The client has not registered this redirect_uri.")]
    Unregistered,
}
