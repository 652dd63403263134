//! What this server issues: client identifiers, codes, tokens, and the question it asks.

mod client;

use serde::{Deserialize, Serialize};

use client::is_false;
pub use client::{Client, ClientDigest, Described, LongName, Minted, SecretDigest, displayable};

use crate::clock::Timestamp;
use crate::oauth::{CodeChallenge, CodeVerifier, EmailAddress, Jti, RedirectUri, Resource, Scopes, Subject};
use crate::seal::{Artifact, Form, Purpose, Sealed};

/// Somebody at the browser, as the identity provider knows them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Person {
    pub sub: Subject,
    pub email: EmailAddress,
}

/// Who allowed which client what: the noun everything turns around.
///
/// A code, a refresh token and an access token are a grant and a proof; none of them can say more than it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Grant {
    #[serde(flatten)]
    pub person: Person,
    pub client: ClientDigest,
    pub scope: Scopes,
    pub resource: Resource,
    /// When the person consented.
    pub auth_time: Timestamp,
    /// The family: every token that comes of one code.
    pub sid: Jti,
}

impl Grant {
    fn held_by(self, client_id: &Sealed<Client>) -> Result<Self, Unredeemed> {
        if self.client == ClientDigest::of(client_id) { Ok(self) } else { Err(Unredeemed::OtherClient) }
    }
}

/// RFC 6749 §4.1.2. Spent by the `sid` of its grant, which no other code has.
#[derive(Debug, Deserialize, Serialize)]
pub struct AuthorizationCode {
    pub exp: Timestamp,
    #[serde(flatten)]
    pub grant: Grant,
    pub redirect_uri: RedirectUri,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    /// Its client does without refresh tokens.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh: bool,
}

impl Artifact for AuthorizationCode {
    const TYP: &'static str = "code+jwt";
    const FORM: Form = Form::SignedInside;

    fn exp(&self) -> Option<Timestamp> {
        Some(self.exp)
    }
}

impl AuthorizationCode {
    /// Gives the grant to the client that the code was issued to, with the redirect URI it named and the
    /// verifier of the challenge it sent (RFC 6749 §4.1.3, RFC 7636 §4.6).
    ///
    /// A redirect URI may be left out where a verifier proves the same (OAuth 2.1 §10.2).
    pub fn redeem(
        self,
        client_id: &Sealed<Client>,
        redirect_uri: Option<&str>,
        verifier: Option<&CodeVerifier>,
    ) -> Result<Grant, Unredeemed> {
        match (&self.challenge, verifier) {
            (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => {}
            (Some(_), Some(_)) => return Err(Unredeemed::OtherVerifier),
            (Some(_), None) => return Err(Unredeemed::NoVerifier),
            (None, Some(_)) => return Err(Unredeemed::NoChallenge),
            (None, None) if redirect_uri.is_none() => return Err(Unredeemed::NoRedirectUri),
            (None, None) => {}
        }
        if redirect_uri.is_some_and(|uri| uri != self.redirect_uri.as_str()) {
            return Err(Unredeemed::OtherRedirectUri);
        }
        self.grant.held_by(client_id)
    }
}

/// RFC 6749 §1.5. Each use gives a successor; the family's end never moves.
#[derive(Debug, Deserialize, Serialize)]
pub struct RefreshToken {
    /// The family's end.
    pub exp: Timestamp,
    #[serde(flatten)]
    pub grant: Grant,
    /// How many uses lie before it.
    #[serde(rename = "gen")]
    pub generation: u32,
    /// Tells tokens of one generation apart.
    pub nonce: u64,
}

impl Artifact for RefreshToken {
    const TYP: &'static str = "refresh+jwt";
    const FORM: Form = Form::Encrypted;

    fn exp(&self) -> Option<Timestamp> {
        Some(self.exp)
    }
}

impl RefreshToken {
    /// Gives itself back to the client it was issued to (RFC 6749 §6).
    pub fn redeem(mut self, client_id: &Sealed<Client>) -> Result<Self, Unredeemed> {
        self.grant = self.grant.held_by(client_id)?;
        Ok(self)
    }
}

/// RFC 9068 §2.2, and nothing beside it but the family.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AccessToken {
    pub aud: Resource,
    #[serde(flatten)]
    pub person: Person,
    pub client_id: String,
    pub scope: Scopes,
    pub iat: Timestamp,
    pub exp: Timestamp,
    pub jti: Jti,
    pub auth_time: Timestamp,
    pub sid: Jti,
}

impl Artifact for AccessToken {
    const TYP: &'static str = "at+jwt";
    const FORM: Form = Form::Signed(Purpose::Access);

    fn exp(&self) -> Option<Timestamp> {
        Some(self.exp)
    }
}

/// An authorization request on its way through the consent page, so that nothing is remembered here.
#[derive(Debug, Deserialize, Serialize)]
pub struct Question {
    pub exp: Timestamp,
    #[serde(flatten)]
    pub person: Person,
    pub client: ClientDigest,
    /// How logs and deny rules name the client, of which nothing else is at hand when the answer comes.
    pub client_jti: Jti,
    pub redirect_uri: RedirectUri,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<CodeChallenge>,
    pub scope: Scopes,
    pub resource: Resource,
    /// Its redirect URI is one of those that the site allows; else an operator minted it with the client.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_policy: bool,
    /// Its client does without refresh tokens.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh: bool,
}

impl Artifact for Question {
    const TYP: &'static str = "question+jwt";
    const FORM: Form = Form::Encrypted;

    fn exp(&self) -> Option<Timestamp> {
        Some(self.exp)
    }
}

/// Why a code or refresh token gave nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unredeemed {
    #[error("the code was issued without a code_challenge, so there is nothing to verify")]
    NoChallenge,
    #[error("redirect_uri is needed for a code without code_challenge")]
    NoRedirectUri,
    #[error("code_verifier is missing")]
    NoVerifier,
    #[error("it was issued to another client")]
    OtherClient,
    #[error("the redirect_uri is not the one of the authorization request")]
    OtherRedirectUri,
    #[error("the code_verifier does not fit the code_challenge")]
    OtherVerifier,
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CALLBACK: &str = "http://127.0.0.1:1/cb";

    fn client_id() -> Sealed<Client> {
        Sealed::new("a client")
    }

    fn code(challenge: Option<&str>) -> AuthorizationCode {
        let text = |text: &str| text.to_owned();
        AuthorizationCode {
            exp: Timestamp::from_secs(60),
            grant: Grant {
                person: Person {
                    sub: text("1001").try_into().unwrap(),
                    email: text("alice@example.com").try_into().unwrap(),
                },
                client: ClientDigest::of(&client_id()),
                scope: crate::oauth::Catalogue::try_from(vec![text("mcp")]).unwrap().granted(None),
                resource: text("https://mcp.example/mcp").try_into().unwrap(),
                auth_time: Timestamp::from_secs(0),
                sid: Jti(text("family")),
            },
            redirect_uri: text(CALLBACK).try_into().unwrap(),
            challenge: challenge.map(|c| text(c).try_into().unwrap()),
            no_refresh: false,
        }
    }

    // TC-02, TC-03, TC-04, TC-07
    #[test]
    fn a_code_is_redeemed_by_its_client_with_its_verifier_and_its_redirect_uri() {
        let s256 = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        let verifier: CodeVerifier = VERIFIER.to_owned().try_into().unwrap();
        let other: CodeVerifier = "x".repeat(43).try_into().unwrap();
        let callback = Some(CALLBACK);
        let (ours, theirs) = (client_id(), Sealed::new("another client"));
        for (challenge, client, redirect_uri, verifier, refused) in [
            (s256, &ours, callback, Some(&verifier), None),
            (s256, &ours, None, Some(&verifier), None),
            (s256, &ours, callback, Some(&other), Some(Unredeemed::OtherVerifier)),
            (s256, &ours, callback, None, Some(Unredeemed::NoVerifier)),
            (s256, &ours, Some("http://127.0.0.1:2/cb"), Some(&verifier), Some(Unredeemed::OtherRedirectUri)),
            (s256, &theirs, callback, Some(&verifier), Some(Unredeemed::OtherClient)),
            (None, &ours, callback, None, None),
            (None, &ours, None, None, Some(Unredeemed::NoRedirectUri)),
            (None, &ours, callback, Some(&verifier), Some(Unredeemed::NoChallenge)),
        ] {
            assert_eq!(code(challenge).redeem(client, redirect_uri, verifier).err(), refused);
        }
    }
}
