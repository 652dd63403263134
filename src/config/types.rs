//! The types of the settings that are nobody else's.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

use subtle::{Choice, ConstantTimeEq as _};
use tracing_subscriber::filter::Targets;
use url::Url;

use super::read::{self, ConfigError};
use crate::clock::Seconds;
use crate::oauth::names::is_loopback;

/// Where a server listens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Listen {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

impl Listen {
    /// Two servers cannot have one address, unless the system chooses both ports.
    pub(super) fn apart_from(self, public: &Self) -> Result<Self, ConfigError> {
        let chosen = matches!(self, Self::Tcp(address) if address.port() == 0);
        if self == *public && !chosen {
            return Err(ConfigError::new("ADMIN_LISTEN", "it must differ from MCP_AUTH_LISTEN"));
        }
        Ok(self)
    }
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.strip_prefix("unix:") {
            Some(path) => read::socket(path).map(Self::Unix),
            None => text.parse().map(Self::Tcp).map_err(|_| "it is ADDRESS:PORT or unix:/path"),
        }
    }
}

/// How a request shows that it came through the proxy. Every one that is configured must hold.
#[derive(Debug)]
pub struct Proofs {
    /// Holds the shared secrets, any of which is good, so that they can rotate.
    pub secret_file: Option<PathBuf>,
    pub id_token: Option<IdTokenSettings>,
    pub unix_socket: bool,
}

/// What oauth2-proxy puts into `X-Sidecar-Auth`.
#[derive(Clone)]
pub struct ProxySecret(String);

impl ProxySecret {
    /// One a line; blank lines are ignored. Refuses none at all, and a short one.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() {
            return Err("it holds no secret; `mcp-auth-sidecar secret` makes one".to_owned());
        }
        if lines.iter().any(|line| line.len() < 32) {
            return Err("it holds a secret of less than 32 characters".to_owned());
        }
        Ok(lines.into_iter().map(|line| Self(line.to_owned())).collect())
    }

    /// In constant time.
    pub fn is(&self, presented: &[u8]) -> Choice {
        self.0.as_bytes().ct_eq(presented)
    }
}

impl fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProxySecret(…)")
    }
}

/// The OIDC provider whose ID tokens the proxy forwards.
#[derive(Clone, Debug)]
pub struct IdTokenSettings {
    pub issuer: ProviderIssuer,
    pub audience: String,
    /// How long after its `iat` an ID token still proves the person.
    pub max_age: Seconds,
}

/// The provider's issuer, kept as written: ID tokens must name it byte for byte (OpenID Connect Core §3.1.3.7).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProviderIssuer(String);

impl ProviderIssuer {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Google names the organization in `hd`; other providers have no such claim.
    pub fn is_google(&self) -> bool {
        self.0 == "https://accounts.google.com"
    }
}

impl FromStr for ProviderIssuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text).map_err(|_| "it is no URL")?;
        match url.scheme() {
            "https" => Ok(Self(text.to_owned())),
            "http" if is_loopback(&url) => Ok(Self(text.to_owned())),
            _ => Err("it must be https"),
        }
    }
}

/// Is a person asked before a code is issued?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Consent {
    Always,
    Never,
}

impl FromStr for Consent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err("it is `always` or `never`"),
        }
    }
}

/// How long each issued value is good.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    pub access: Seconds,
    pub code: Seconds,
    /// The whole family; none: no refresh tokens are issued.
    pub refresh: Option<Seconds>,
    pub refresh_grace: Seconds,
}

impl Lifetimes {
    /// How long after its code was redeemed what came of it may be used.
    pub fn family(&self) -> Seconds {
        self.refresh.unwrap_or(self.access)
    }
}

/// How often a caller may do something in a minute; none: as often as it likes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub register: Option<NonZeroU32>,
    pub token_failures: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    Json,
    Text,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "json" => Ok(Self::Json),
            "text" => Ok(Self::Text),
            _ => Err("it is `json` or `text`"),
        }
    }
}

/// What strangers send is an error to actix; this server has lines of its own for it. `MCP_AUTH_LOG` may name it.
const NOT_OURS: &str = "actix_http::h1::dispatcher=off";

pub(super) fn log_filter(text: &str) -> Result<Targets, String> {
    // The parser would take these for names, and the log would be silent.
    let is_odd = |item: &str| item.is_empty() || item.contains(' ') || item.ends_with('=');
    if text.split(',').map(str::trim).any(is_odd) {
        return Err("it is no filter: a level or target=level is needed between commas".to_owned());
    }
    format!("{NOT_OURS},{text}").parse().map_err(|error| format!("it is no filter: {error}"))
}
