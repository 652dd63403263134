//! How a refusal looks: JSON to a client, a page to a person.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use serde_json::json;

use super::identity::NotSignedIn;
use super::limits::TooMany;
use crate::flow::authorize::NoReply;
use crate::flow::consent::Unanswered;
use crate::flow::refusal::{ErrorCode, Refusal};
use crate::flow::verify::NoEntry;

/// A store that is away is looked for every second.
const STORE_RETRY_SECS: u64 = 2;

/// What an API client is told instead of an answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("the upstream did not answer")]
    BadGateway(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the path has a segment that this server does not pass on")]
    BadPath,
    #[error("this origin may not call the server")]
    ForeignOrigin,
    #[error("the method is not one of: {0}")]
    MethodNotAllowed(&'static str),
    #[error("no site of this server has this host")]
    Misdirected,
    #[error("{reason}")]
    NoEntry {
        #[source]
        reason: NoEntry,
        challenge: String,
    },
    #[error("there is nothing here")]
    NotFound,
    #[error("no resource of this site guards this path")]
    NotGuarded,
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    RefusedBasic(Refusal),
    #[error("the body is too large")]
    TooLarge,
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the body did not arrive whole")]
    Torn,
}

impl ApiError {
    /// The protocol's word, or HTTP's.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::BadGateway(_) => "bad_gateway",
            Self::BadPath | Self::TooLarge | Self::TooSlow | Self::Torn => "invalid_request",
            Self::ForeignOrigin | Self::NotGuarded => "forbidden",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::Misdirected => "misdirected_request",
            Self::NoEntry { reason, .. } => reason.error().unwrap_or("unauthorized"),
            Self::NotFound => "not_found",
            Self::TooMany(_) => "temporarily_unavailable",
            Self::Refused(refusal) | Self::RefusedBasic(refusal) => refusal.code().as_str(),
        }
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadGateway(_) => StatusCode::BAD_GATEWAY,
            Self::BadPath | Self::Torn => StatusCode::BAD_REQUEST,
            Self::ForeignOrigin | Self::NotGuarded => StatusCode::FORBIDDEN,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::NoEntry { reason, .. } => status_of_entry(reason),
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(refusal) | Self::RefusedBasic(refusal) => status_of(refusal.code()),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = no_store(HttpResponse::build(self.status_code()));
        match self {
            Self::MethodNotAllowed(allowed) => response.insert_header(("Allow", *allowed)),
            Self::NoEntry { challenge, .. } => response.insert_header((WWW_AUTHENTICATE, challenge.as_str())),
            Self::Refused(refusal) | Self::RefusedBasic(refusal)
                if refusal.code() == ErrorCode::TemporarilyUnavailable =>
            {
                response.insert_header((RETRY_AFTER, STORE_RETRY_SECS))
            }
            // RFC 6749 §5.2: the scheme that the client tried.
            Self::RefusedBasic(refusal) if refusal.code() == ErrorCode::InvalidClient => {
                response.insert_header((WWW_AUTHENTICATE, "Basic realm=\"token\""))
            }
            Self::TooMany(wait) => response.insert_header((RETRY_AFTER, wait.retry_after_secs)),
            _ => &mut response,
        };
        let description = match self {
            Self::Refused(refusal) | Self::RefusedBasic(refusal) => refusal.description(),
            other => other.to_string(),
        };
        response.json(json!({"error": self.word(), "error_description": description}))
    }
}

/// The one place where the protocol's word becomes a number.
fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
        ErrorCode::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// RFC 6750 §3.1.
fn status_of_entry(reason: &NoEntry) -> StatusCode {
    match reason {
        NoEntry::Denied
        | NoEntry::NoToken
        | NoEntry::OtherResource
        | NoEntry::Revoked
        | NoEntry::Token(_) => StatusCode::UNAUTHORIZED,
        NoEntry::Scope => StatusCode::FORBIDDEN,
        NoEntry::Twice => StatusCode::BAD_REQUEST,
    }
}

/// RFC 6749 §5.1: on everything that carries or concerns a credential, and on every page.
pub(super) fn no_store(mut response: HttpResponseBuilder) -> HttpResponseBuilder {
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    response
}

/// What a person is told: never a redirect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    #[error("no site of this server has this host")]
    Misdirected,
    #[error(transparent)]
    NoReply(#[from] NoReply),
    #[error("a question is answered by POST")]
    NotPosted,
    #[error(transparent)]
    NotSignedIn(#[from] NotSignedIn),
    #[error(transparent)]
    TooMany(#[from] TooMany),
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NoReply(_) => StatusCode::BAD_REQUEST,
            Self::NotPosted => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotSignedIn(reason) if reason.is_somebody() => StatusCode::FORBIDDEN,
            Self::NotSignedIn(_) => StatusCode::UNAUTHORIZED,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unanswered(Unanswered::Seal(_)) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unanswered(_) => StatusCode::FORBIDDEN,
        }
    }

    /// Without its page yet: that names the request, which only the exit knows (`log.rs`).
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::NotPosted => response.insert_header(("Allow", "POST")),
            Self::TooMany(wait) => response.insert_header((RETRY_AFTER, wait.retry_after_secs)),
            _ => &mut response,
        };
        response.finish()
    }
}
