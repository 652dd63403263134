//! Dynamic client registration (RFC 7591), which keeps nothing: the registration is the `client_id`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::form_urlencoded::byte_serialize;

use super::Authority;
use super::refusal::Refusal;
use crate::artifact::{Client, LongName, displayable};
use crate::clock::Timestamp;
use crate::oauth::{Jti, RedirectUri};
use crate::seal::{Sealed, new_jti};

const MOST_REDIRECT_URIS: usize = 10;
/// The `client_id` travels in the authorize URL, which proxies cut at 8 kB.
const LONGEST_REDIRECT_URIS: usize = 2048;
/// One of them travels beside it, percent-encoded.
const LONGEST_ENCODED: usize = 2 * LONGEST_REDIRECT_URIS;

/// What a client says of itself; unknown members are ignored (RFC 7591 §2).
#[derive(Debug, Default, Deserialize)]
pub struct RegistrationRequest {
    redirect_uris: Option<Value>,
    client_name: Option<String>,
    grant_types: Option<Vec<String>>,
    jwks: Option<Value>,
    jwks_uri: Option<Value>,
}

/// What was registered, defaults and substitutions included (RFC 7591 §3.2.1); never a `null`.
#[derive(Debug, Serialize)]
pub struct Registered {
    #[serde(skip)]
    jti: Jti,
    client_id: Sealed<Client>,
    client_id_issued_at: Timestamp,
    redirect_uris: Vec<RedirectUri>,
    grant_types: Vec<&'static str>,
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_name: Option<String>,
}

impl Registered {
    /// How logs name the client.
    pub fn jti(&self) -> &Jti {
        &self.jti
    }
}

impl Authority {
    /// Registers a public client. Redirect URIs are filtered to what the site allows; whatever secret or grant
    /// was asked for, the answer says what it got.
    pub fn register(&self, request: RegistrationRequest, now: Timestamp) -> Result<Registered, Refusal> {
        if request.jwks.is_some() && request.jwks_uri.is_some() {
            return Err(RegistrationError::TwoKeySets.into());
        }
        let asked = request.grant_types.as_ref();
        let client = Client {
            name: displayable(&request.client_name.unwrap_or_default()).map_err(RegistrationError::from)?,
            no_refresh: asked.is_some_and(|grants| !grants.iter().any(|grant| grant == "refresh_token")),
            ..Client::registered(new_jti(), now, self.admitted(request.redirect_uris)?)
        };
        let refreshes = self.issues_refresh_tokens() && !client.no_refresh;
        Ok(Registered {
            jti: client.jti.clone(),
            client_id: self.seal_client(&client)?,
            client_id_issued_at: now,
            redirect_uris: client.redirect_uris,
            grant_types: if refreshes {
                vec!["authorization_code", "refresh_token"]
            } else {
                vec!["authorization_code"]
            },
            response_types: ["code"],
            token_endpoint_auth_method: "none",
            client_name: client.name,
        })
    }

    fn admitted(&self, asked: Option<Value>) -> Result<Vec<RedirectUri>, RegistrationError> {
        let asked: Vec<String> = serde_json::from_value(asked.unwrap_or_default())
            .map_err(|_| RegistrationError::RedirectUris("redirect_uris must be a list of strings"))?;
        if asked.len() > MOST_REDIRECT_URIS {
            return Err(RegistrationError::RedirectUris("there are more than 10 redirect_uris"));
        }
        let parsed = asked.into_iter().filter_map(|uri| RedirectUri::try_from(uri).ok());
        let admitted: Vec<RedirectUri> = parsed.filter(|uri| self.site.redirects.admits(uri)).collect();
        if admitted.is_empty() {
            return Err(RegistrationError::RedirectUris(
                "none of the redirect_uris may be used at this site",
            ));
        }
        if admitted.iter().map(|uri| uri.as_str().len()).sum::<usize>() > LONGEST_REDIRECT_URIS {
            return Err(RegistrationError::RedirectUris("the redirect_uris are too long together"));
        }
        if admitted.iter().any(|uri| encoded_length(uri) > LONGEST_ENCODED) {
            return Err(RegistrationError::RedirectUris(
                "a redirect_uri is too long when it is percent-encoded",
            ));
        }
        Ok(admitted)
    }
}

/// As a parameter of an authorize URL.
fn encoded_length(uri: &RedirectUri) -> usize {
    byte_serialize(uri.as_str().as_bytes()).map(str::len).sum()
}

/// Why a registration was refused (RFC 7591 §3.2.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RegistrationError {
    #[error("{0}")]
    LongName(#[from] LongName),
    #[error("the body must be one JSON object of client metadata")]
    NotMetadata,
    #[error("{0}")]
    RedirectUris(&'static str),
    #[error("jwks and jwks_uri exclude one another")]
    TwoKeySets,
}
