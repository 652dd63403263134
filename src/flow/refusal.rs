//! Why not, and the protocol's word for it.

use serde::{Serialize, Serializer};

use super::register::RegistrationError;
use super::{NotAdmitted, UnknownClient};
use crate::artifact::Unredeemed;
use crate::oauth::pkce;
use crate::oauth::resource::UnknownResource;
use crate::oauth::scope::BeyondGrant;
use crate::seal::{OpenError, SealError};
use crate::spent::{Away, Reused, Unspent};

/// What a client is told. `Display` is what it may read; `source` is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the person said no")]
    AccessDenied,
    #[error("code_challenge is missing; PKCE with S256 is required")]
    ChallengeMissing,
    #[error("code_challenge_method must be S256")]
    ChallengeMethod,
    #[error("{0}")]
    Client(#[from] UnknownClient),
    #[error("client_assertion is not supported; authenticate with a secret or not at all")]
    ClientAssertion,
    #[error("client_id is missing")]
    ClientMissing,
    #[error("the client must authenticate with its secret")]
    ClientSecretMissing,
    #[error("the client secret is wrong")]
    ClientSecretWrong,
    #[error("a public client has no secret")]
    ClientWithoutSecret,
    #[error("the Authorization header is not that of HTTP Basic with client_id and secret")]
    CredentialsMalformed,
    #[error("the client authenticates in two ways at once")]
    CredentialsTwice,
    #[error("this grant_type is not supported")]
    GrantType,
    #[error("the request is malformed: {0}")]
    Malformed(&'static str),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("the grant_types of the client do not hold authorization_code")]
    NoCodes,
    #[error("the person or the client may no longer use this server")]
    NoLongerAdmitted(#[from] NotAdmitted),
    #[error("this server issues no refresh tokens any more")]
    NoRefreshTokens,
    #[error("{0}")]
    Pkce(#[from] pkce::Malformed),
    #[error("{0}")]
    Registration(#[from] RegistrationError),
    #[error("{0} is there more than once")]
    Repeated(&'static str),
    #[error("request objects are not supported")]
    RequestObject,
    #[error("request_uri is not supported")]
    RequestUri,
    #[error("{0}")]
    Resource(#[from] UnknownResource),
    #[error("response_mode must be query")]
    ResponseMode,
    #[error("response_type must be code")]
    ResponseType,
    #[error("it was used before, or revoked")]
    Reused(#[from] Reused),
    #[error("{0}")]
    Scope(#[from] BeyondGrant),
    #[error("an internal error")]
    Seal(#[from] SealError),
    #[error("the server cannot answer now; try again later")]
    StoreAway(#[from] Away),
    #[error("it is not valid, or has expired")]
    Token(#[source] OpenError),
    #[error("{0}")]
    Unredeemed(#[from] Unredeemed),
}

impl Refusal {
    /// Of a query or a form (RFC 6749 appendix B).
    pub const UNDECODABLE: Self = Self::Malformed("a parameter is not percent-encoded UTF-8");

    /// The one place where a reason becomes the protocol's word.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::AccessDenied => ErrorCode::AccessDenied,
            Self::Client(_)
            | Self::ClientAssertion
            | Self::ClientMissing
            | Self::ClientSecretMissing
            | Self::ClientSecretWrong
            | Self::ClientWithoutSecret
            | Self::CredentialsMalformed => ErrorCode::InvalidClient,
            Self::NoLongerAdmitted(_) | Self::NoRefreshTokens | Self::Reused(_) | Self::Token(_) => {
                ErrorCode::InvalidGrant
            }
            Self::ChallengeMissing
            | Self::ChallengeMethod
            | Self::CredentialsTwice
            | Self::Malformed(_)
            | Self::Missing(_)
            | Self::Pkce(_)
            | Self::Repeated(_)
            | Self::ResponseMode => ErrorCode::InvalidRequest,
            Self::Registration(RegistrationError::RedirectUris(_)) => ErrorCode::InvalidRedirectUri,
            Self::Registration(_) => ErrorCode::InvalidClientMetadata,
            Self::NoCodes => ErrorCode::UnauthorizedClient,
            Self::RequestObject => ErrorCode::RequestNotSupported,
            Self::RequestUri => ErrorCode::RequestUriNotSupported,
            Self::Resource(_) => ErrorCode::InvalidTarget,
            Self::Scope(_) => ErrorCode::InvalidScope,
            Self::Seal(_) => ErrorCode::ServerError,
            Self::StoreAway(_) => ErrorCode::TemporarilyUnavailable,
            Self::GrantType => ErrorCode::UnsupportedGrantType,
            Self::ResponseType => ErrorCode::UnsupportedResponseType,
            Self::Unredeemed(reason) => unredeemed(*reason),
        }
    }

    /// The sentence in the alphabet of RFC 6749 §5.2: no quotes, no backslash, nothing beyond ASCII.
    pub fn description(&self) -> String {
        let allowed = |c: &char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
        self.to_string().chars().filter(allowed).collect()
    }
}

/// Is the code or refresh token good for nothing here, or what was sent with it out of order?
fn unredeemed(reason: Unredeemed) -> ErrorCode {
    match reason {
        Unredeemed::NoChallenge | Unredeemed::NoRedirectUri => ErrorCode::InvalidRequest,
        Unredeemed::NoVerifier
        | Unredeemed::OtherClient
        | Unredeemed::OtherRedirectUri
        | Unredeemed::OtherVerifier => ErrorCode::InvalidGrant,
    }
}

impl From<Unspent> for Refusal {
    fn from(unspent: Unspent) -> Self {
        match unspent {
            Unspent::Reused(reused) => reused.into(),
            Unspent::Away(away) => away.into(),
        }
    }
}

/// The error codes of RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2 and OpenID Connect Core §3.1.2.6.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorCode {
    AccessDenied,
    InvalidClient,
    InvalidClientMetadata,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    RequestNotSupported,
    RequestUriNotSupported,
    ServerError,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl ErrorCode {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_the_sentence_in_the_alphabet_of_rfc_6749() {
        for (name, said) in [
            ("code", "code is missing"),
            ("~ !", "~ ! is missing"),
            ("a\"b\\c", "abc is missing"),
            ("caf\u{e9}\n", "caf is missing"),
        ] {
            assert_eq!(Refusal::Missing(name).description(), said, "{name}");
        }
    }
}
