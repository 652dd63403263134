//! The token endpoint's desk: a code or a refresh token for tokens.

use std::sync::Arc;

use serde::Serialize;

use super::refusal::Refusal;
use super::{Authority, NotAdmitted};
use crate::artifact::{AccessToken, AuthorizationCode, Client, Grant, RefreshToken};
use crate::clock::Timestamp;
use crate::oauth::resource::UnknownResource;
use crate::oauth::{CodeVerifier, Jti, Scopes, Subject};
use crate::seal::{Sealed, new_jti, new_nonce};
use crate::spent::Spent;

/// A well-formed request of a known grant, all fields present.
#[derive(Debug)]
pub struct TokenRequest {
    pub credentials: ClientCredentials,
    pub grant: GrantRequest,
    pub resource: Vec<String>,
}

#[derive(Debug)]
pub enum GrantRequest {
    /// RFC 6749 §4.1.3.
    Code { code: Sealed<AuthorizationCode>, redirect_uri: Option<String>, verifier: Option<CodeVerifier> },
    /// RFC 6749 §6.
    Refresh { token: Sealed<RefreshToken>, scope: Option<String> },
}

/// How a client names and proves itself (RFC 6749 §2.3).
pub struct ClientCredentials {
    pub id: Sealed<Client>,
    /// Every reading of the secret that was sent: HTTP Basic is form-encoded by the book and raw in practice.
    pub secrets: Vec<String>,
}

impl std::fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCredentials(…)")
    }
}

/// A client that proved itself, or had nothing to prove. Only `authenticate` makes one.
#[derive(Debug)]
pub struct Authenticated {
    id: Sealed<Client>,
    client: Arc<Client>,
}

impl Authenticated {
    pub fn id(&self) -> &Sealed<Client> {
        &self.id
    }

    pub fn jti(&self) -> &Jti {
        &self.client.jti
    }
}

/// RFC 6749 §5.1.
#[derive(Debug, Serialize)]
pub struct TokenResponse {
    access_token: Sealed<AccessToken>,
    token_type: &'static str,
    expires_in: i64,
    scope: Scopes,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Sealed<RefreshToken>>,
}

/// A grant that is this client's; whether it stands and was not used before, nobody has asked yet.
#[derive(Debug)]
pub enum Proven {
    Code { grant: Grant, no_refresh: bool },
    Refresh { token: RefreshToken, scope: Option<String> },
}

impl Proven {
    /// Whom it is about.
    pub fn sub(&self) -> &Subject {
        let (Self::Code { grant, .. } | Self::Refresh { token: RefreshToken { grant, .. }, .. }) = self;
        &grant.person.sub
    }
}

impl GrantRequest {
    /// What happens when it succeeds, in the audit log's words.
    pub fn event(&self) -> &'static str {
        match self {
            Self::Code { .. } => "token issued",
            Self::Refresh { .. } => "token refreshed",
        }
    }
}

impl Authority {
    /// A minted client proves itself with its secret; a public one has none to show (RFC 6749 §3.2.1).
    pub fn authenticate(
        &self,
        credentials: ClientCredentials,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let client = self.client(&credentials.id, now);
        let unread = || self.unread_client(credentials.id.as_str()).map(Arc::new);
        let client = client.or_else(|unknown| unread().ok_or(unknown))?;
        match (&client.minted, credentials.secrets.as_slice()) {
            (None, []) => {}
            (None, _) => return Err(Refusal::ClientWithoutSecret),
            (Some(_), []) => return Err(Refusal::ClientSecretMissing),
            (Some(minted), secrets) if secrets.iter().any(|secret| minted.secret.is_of(secret)) => {}
            (Some(_), _) => return Err(Refusal::ClientSecretWrong),
        }
        Ok(Authenticated { id: credentials.id, client })
    }

    /// What was granted to this client, once its code or refresh token is opened and proves to be its own.
    pub fn proven(
        &self,
        Authenticated { id, client }: &Authenticated,
        grant: GrantRequest,
        now: Timestamp,
    ) -> Result<Proven, Refusal> {
        match grant {
            GrantRequest::Code { code, redirect_uri, verifier } => {
                let code = self.sealer.open(&code, now).map_err(Refusal::Token)?;
                if self.rules.denies(|deny| deny.denies_redirect(&code.redirect_uri, code.grant.auth_time)) {
                    return Err(NotAdmitted::Client.into());
                }
                let no_refresh = code.no_refresh || client.no_refresh;
                let grant = code.redeem(id, redirect_uri.as_deref(), verifier.as_ref())?;
                Ok(Proven::Code { grant, no_refresh })
            }
            GrantRequest::Refresh { token, scope } => {
                Ok(Proven::Refresh { token: self.refresh_token(&token, now)?.redeem(id)?, scope })
            }
        }
    }

    /// Gives tokens to the client that the grant is for. A code is spent only when everything else is right.
    pub async fn exchange(
        &self,
        Authenticated { id, client }: &Authenticated,
        proven: Proven,
        resource: &[String],
        spent: &Spent,
        now: Timestamp,
    ) -> Result<TokenResponse, Refusal> {
        match proven {
            Proven::Code { grant, no_refresh } => {
                self.stands(&grant, client)?;
                self.is_for(&grant, resource)?;
                // Longer than the code in any case, so that it cannot be used again when its record is gone.
                let end = now + self.lifetimes.family().max(self.lifetimes.code);
                spent.open_family(&grant.sid, &grant.person.sub, end, now).await?;
                let first =
                    || RefreshToken { exp: end, generation: 1, nonce: new_nonce(), grant: grant.clone() };
                let refresh = (self.issues_refresh_tokens() && !no_refresh).then(first);
                self.tokens(grant, id, refresh, now)
            }
            Proven::Refresh { token, scope } => {
                self.stands(&token.grant, client)?;
                self.is_for(&token.grant, resource)?;
                let scope = token.grant.scope.narrowed(scope.as_deref(), &self.scopes)?;
                spent.present(&token, self.lifetimes.refresh_grace, now).await?;
                let narrowed = Grant { scope, ..token.grant.clone() };
                let generation = token.generation.saturating_add(1);
                let successor = RefreshToken { generation, nonce: new_nonce(), ..token };
                self.tokens(narrowed, id, Some(successor), now)
            }
        }
    }

    /// Where none are issued any more, those that are left are over.
    fn refresh_token(&self, token: &Sealed<RefreshToken>, now: Timestamp) -> Result<RefreshToken, Refusal> {
        match (self.issues_refresh_tokens(), self.sealer.open(token, now)) {
            (true, opened) => opened.map_err(Refusal::Token),
            (false, Ok(_)) => Err(Refusal::NoRefreshTokens),
            (false, Err(_)) => Err(Refusal::GrantType),
        }
    }

    /// What the token endpoint is asked for cannot differ from what was granted (RFC 8707 §2.2).
    fn is_for(&self, grant: &Grant, asked: &[String]) -> Result<(), UnknownResource> {
        if asked.is_empty() || *self.site.resources.select(asked)? == grant.resource {
            return Ok(());
        }
        Err(UnknownResource)
    }

    fn tokens(
        &self,
        grant: Grant,
        client_id: &Sealed<Client>,
        refresh: Option<RefreshToken>,
        now: Timestamp,
    ) -> Result<TokenResponse, Refusal> {
        let access = AccessToken {
            aud: grant.resource,
            person: grant.person,
            client_id: client_id.as_str().to_owned(),
            scope: grant.scope,
            iat: now,
            exp: now + self.lifetimes.access,
            jti: new_jti(),
            auth_time: grant.auth_time,
            sid: grant.sid,
        };
        Ok(TokenResponse {
            access_token: self.sealer.seal(&access)?,
            token_type: "Bearer",
            expires_in: self.lifetimes.access.0,
            scope: access.scope,
            refresh_token: refresh.map(|token| self.sealer.seal(&token)).transpose()?,
        })
    }
}
