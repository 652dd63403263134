//! May this request reach the MCP server? The decision of the gateway.

use std::sync::Arc;

use super::{Authority, NotAdmitted};
use crate::artifact::{AccessToken, Client};
use crate::clock::Timestamp;
use crate::document::DocumentUrl;
use crate::oauth::{Jti, Resource, Scopes};
use crate::rules::Deny;
use crate::seal::{OpenError, Sealed};
use crate::spent::Spent;

/// Where the metadata of a protected resource lies (RFC 9728 §3.1), before the path of the resource.
pub const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";

impl Authority {
    /// Gives the caller whose token is good for this resource (RFC 9068 §4) and covers the default scope.
    pub fn verify(
        &self,
        resource: &Resource,
        token: Option<Sealed<AccessToken>>,
        spent: &Spent,
        now: Timestamp,
    ) -> Result<Arc<Caller>, NoEntry> {
        let caller =
            |token| Caller { client: self.client_of(&token, now).map(|client| client.jti.clone()), token };
        let caller = self.sealer.open_once(&token.ok_or(NoEntry::NoToken)?, now, caller)?;
        let token = &caller.token;
        if token.aud != *resource {
            return Err(NoEntry::OtherResource);
        }
        if spent.is_revoked(&token.sid) {
            return Err(NoEntry::Revoked);
        }
        if self.denied(token, now).is_some() {
            return Err(NoEntry::Denied);
        }
        if !self.is_enough(&token.scope) {
            return Err(NoEntry::Scope);
        }
        Ok(caller)
    }

    /// Whom of a token the deny file is about: its client, or its person.
    pub(super) fn denied(&self, token: &AccessToken, now: Timestamp) -> Option<NotAdmitted> {
        let consent = token.auth_time;
        let client =
            |deny: &Deny| self.client_of(token, now).is_some_and(|it| deny.denies_client(&it, consent));
        if self.rules.denies(client) {
            return Some(NotAdmitted::Client);
        }
        let person = |deny: &Deny| deny.denies_person(&token.person, consent);
        self.rules.denies(person).then_some(NotAdmitted::Denied)
    }

    /// Does it cover what every request needs?
    pub(super) fn is_enough(&self, scope: &Scopes) -> bool {
        scope.contains(self.scopes.default_scope())
    }

    /// The client of a token of ours, of which only the `client_id` is at hand.
    fn client_of(&self, token: &AccessToken, now: Timestamp) -> Option<Arc<Client>> {
        let id = token.client_id.as_str();
        let unread = || DocumentUrl::try_from(id).ok().map(|url| url.unread());
        self.document(id, now).or_else(|| unread().or_else(|| Client::peek(id)).map(Arc::new))
    }

    /// What a client must know to get in (RFC 6750 §3, RFC 9728 §5.1). No word of an error where no token was.
    pub fn challenge(&self, resource: &Resource, refusal: &NoEntry) -> String {
        let metadata = format!("{}{PROTECTED_RESOURCE}{}", resource.origin(), resource.path());
        let scope = self.scopes.default_scope();
        let error = refusal.error().map(|error| format!(", error=\"{error}\"")).unwrap_or_default();
        format!("Bearer resource_metadata=\"{metadata}\", scope=\"{scope}\"{error}")
    }
}

/// Who calls: what the token says, and how logs name its client.
#[derive(Debug)]
pub struct Caller {
    pub token: AccessToken,
    pub client: Option<Jti>,
}

/// Why a request does not reach the MCP server.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NoEntry {
    #[error("the person or the client is denied")]
    Denied,
    #[error("an access token is needed")]
    NoToken,
    #[error("the access token is for another resource")]
    OtherResource,
    #[error("the access token is revoked")]
    Revoked,
    #[error("the access token lacks the scope")]
    Scope,
    #[error("the access token is not valid, or has expired")]
    Token(#[from] OpenError),
    #[error("there must be one access token, in one Authorization header")]
    Twice,
}

impl NoEntry {
    /// RFC 6750 §3.1.
    pub fn error(&self) -> Option<&'static str> {
        match self {
            Self::NoToken => None,
            Self::Denied | Self::OtherResource | Self::Revoked | Self::Token(_) => Some("invalid_token"),
            Self::Scope => Some("insufficient_scope"),
            Self::Twice => Some("invalid_request"),
        }
    }
}
