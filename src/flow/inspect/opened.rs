//! A value that was looked into: its kind, and what it says.

use crate::artifact::{AccessToken, AuthorizationCode, Client, Grant, Person, Question, RefreshToken};
use crate::clock::Timestamp;
use crate::document::DocumentUrl;
use crate::oauth::{Issuer, Jti, RedirectUri, Resource, Scopes};
use crate::seal::{Artifact, OpenError, Sealed, Sealer};

/// What is issued here, by the `typ` of the outermost header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    AccessToken,
    AuthorizationCode,
    ClientId,
    Question,
    RefreshToken,
}

impl Kind {
    /// The URL of a document is a `client_id`, too.
    pub(super) fn of(text: &str, typ: Option<&str>) -> Option<Self> {
        match typ {
            _ if DocumentUrl::is_meant_by(text) => Some(Self::ClientId),
            Some(AccessToken::TYP) => Some(Self::AccessToken),
            Some(AuthorizationCode::TYP) => Some(Self::AuthorizationCode),
            Some(Client::TYP) => Some(Self::ClientId),
            Some(Question::TYP) => Some(Self::Question),
            Some(RefreshToken::TYP) => Some(Self::RefreshToken),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access token",
            Self::AuthorizationCode => "authorization code",
            Self::ClientId => "client_id",
            Self::Question => "question of the consent page",
            Self::RefreshToken => "refresh token",
        }
    }

    pub(super) fn open(
        self,
        sealer: &Sealer,
        text: &str,
        now: Timestamp,
    ) -> Result<(Issuer, Opened), OpenError> {
        match self {
            Self::AccessToken => look(sealer, text, Opened::Access, now),
            Self::AuthorizationCode => look(sealer, text, Opened::Code, now),
            Self::ClientId => look(sealer, text, Opened::Client, now),
            Self::Question => look(sealer, text, Opened::Question, now),
            Self::RefreshToken => look(sealer, text, Opened::Refresh, now),
        }
    }
}

fn look<T: Artifact>(
    sealer: &Sealer,
    text: &str,
    opened: fn(T) -> Opened,
    now: Timestamp,
) -> Result<(Issuer, Opened), OpenError> {
    let (issuer, artifact) = sealer.look_at(&Sealed::new(text), now)?;
    Ok((issuer, opened(artifact)))
}

/// What a key of ours sealed.
#[derive(Debug)]
pub(super) enum Opened {
    Access(AccessToken),
    Client(Client),
    Code(AuthorizationCode),
    Question(Question),
    Refresh(RefreshToken),
}

impl Opened {
    pub(super) fn exp(&self) -> Option<Timestamp> {
        match self {
            Self::Access(token) => token.exp(),
            Self::Client(client) => client.exp(),
            Self::Code(code) => code.exp(),
            Self::Question(question) => question.exp(),
            Self::Refresh(token) => token.exp(),
        }
    }

    /// The family that the store may know.
    pub(super) fn sid(&self) -> Option<&Jti> {
        match self {
            Self::Access(token) => Some(&token.sid),
            Self::Code(code) => Some(&code.grant.sid),
            Self::Refresh(token) => Some(&token.grant.sid),
            Self::Client(_) | Self::Question(_) => None,
        }
    }
}

/// What a value says, whatever its kind; nothing of it is secret.
#[derive(Debug, Default)]
pub struct Claims {
    pub issuer: Option<Issuer>,
    pub person: Option<Person>,
    /// Codes and refresh tokens hold a digest of their client and no more.
    pub client_jti: Option<Jti>,
    pub client_name: Option<String>,
    /// An operator minted the client.
    pub minted: bool,
    pub redirect_uris: Vec<RedirectUri>,
    pub scope: Option<Scopes>,
    pub audience: Option<Resource>,
    pub iat: Option<Timestamp>,
    pub exp: Option<Timestamp>,
    /// When the person consented.
    pub auth_time: Option<Timestamp>,
}

impl Claims {
    pub(super) fn of(issuer: Option<Issuer>, opened: Opened) -> Self {
        let exp = opened.exp();
        let said = match opened {
            Opened::Access(token) => Self::of_access_token(token),
            Opened::Client(client) => Self::of_client(client),
            Opened::Code(code) => {
                Self { redirect_uris: vec![code.redirect_uri], ..Self::of_grant(code.grant) }
            }
            Opened::Question(question) => Self::of_question(question),
            Opened::Refresh(token) => Self::of_grant(token.grant),
        };
        Self { issuer, exp, ..said }
    }

    /// Of the client only what tells it apart; one that has a document is its URL.
    fn of_access_token(token: AccessToken) -> Self {
        let client = Client::peek(&token.client_id);
        let client = client.map(|client| Self { redirect_uris: Vec::new(), ..Self::of_client(client) });
        let url = Some(token.client_id).filter(|id| DocumentUrl::is_meant_by(id)).map(Jti);
        Self {
            person: Some(token.person),
            scope: Some(token.scope),
            audience: Some(token.aud),
            iat: Some(token.iat),
            auth_time: Some(token.auth_time),
            ..client.unwrap_or_else(|| Self { client_jti: url, ..Self::default() })
        }
    }

    fn of_client(client: Client) -> Self {
        let Client { jti, iat, redirect_uris, name, minted, document, .. } = client;
        Self {
            // A document is named by its URL, and has no beginning.
            iat: document.is_none().then_some(iat),
            client_jti: document.is_none().then_some(jti),
            client_name: name,
            minted: minted.is_some(),
            redirect_uris,
            ..Self::default()
        }
    }

    fn of_grant(grant: Grant) -> Self {
        Self {
            person: Some(grant.person),
            scope: Some(grant.scope),
            audience: Some(grant.resource),
            auth_time: Some(grant.auth_time),
            ..Self::default()
        }
    }

    fn of_question(question: Question) -> Self {
        Self {
            person: Some(question.person),
            client_jti: Some(question.client_jti),
            redirect_uris: vec![question.redirect_uri],
            scope: Some(question.scope),
            audience: Some(question.resource),
            ..Self::default()
        }
    }
}
