//! The rings in a Kubernetes Secret: read whole, replaced whole, and only where nobody else was faster.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use url::Url;

use super::keys_dir::KeysError;
use super::ring::{self, Purpose, Ring, RingError, Rings};
use super::ring_store::Turned;
use crate::fetch::{Api, ApiError};

/// Each loss means that somebody else's change went in, so this many in a row are somebody's mistake.
const TRIES: usize = 5;
const CONFLICT: u16 = 409;

/// A Secret whose `data` holds the three ring files, beside whatever else.
#[derive(Debug)]
pub struct Secret {
    name: SecretName,
    url: Url,
    api: Api,
}

impl Secret {
    pub fn new(name: SecretName, server: &Url, api: Api) -> Self {
        Self { url: name.below(server), name, api }
    }

    /// What `turn` makes of the rings goes in whole, or not at all; nothing is sent if it changes none.
    pub(super) fn turn<S, E: From<KeysError>>(
        &self,
        turn: impl Fn(&Rings) -> Result<Turned<S>, E>,
    ) -> Result<S, E> {
        for _ in 0..TRIES {
            let object = self.api.get(&self.url).map_err(|error| self.failed(error))?;
            let turned = turn(&rings(&object).map_err(|error| self.failed(error))?)?;
            if turned.rings.is_empty() {
                return Ok(turned.said);
            }
            match self.api.put(&self.url, &with(object, &turned.rings)) {
                Ok(()) => return Ok(turned.said),
                Err(ApiError::Status(CONFLICT)) => {}
                Err(error) => return Err(self.failed(error).into()),
            }
        }
        Err(self.failed(SecretError::Contended).into())
    }

    fn failed(&self, error: impl Into<SecretError>) -> KeysError {
        KeysError::Secret(self.name.clone(), error.into())
    }
}

/// Without a `resourceVersion` the API server would replace whatever is there.
fn rings(object: &Value) -> Result<Rings, SecretError> {
    let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    if object["kind"] != "Secret" || version.is_empty() {
        return Err(SecretError::Form);
    }
    let rings = Rings::each(|purpose| {
        let file = purpose.file();
        let text = object["data"][&file].as_str().ok_or_else(|| SecretError::Missing(file.clone()))?;
        let text = STANDARD.decode(text).map_err(|_| SecretError::Base64(file.clone()))?;
        Ring::from_json(purpose, &text).map_err(|error| SecretError::Ring(file, error))
    })?;
    rings.apart().map_err(|(purpose, error)| SecretError::Ring(purpose.file(), error))
}

/// The same Secret but for these rings: other data, labels and annotations are somebody else's.
fn with(mut object: Value, turned: &[(Purpose, Ring)]) -> Value {
    for (purpose, ring) in turned {
        object["data"][purpose.file()] = STANDARD.encode(ring::to_json(ring.records())).into();
    }
    object
}

/// `NAMESPACE/NAME`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SecretName {
    namespace: String,
    name: String,
}

impl SecretName {
    fn below(&self, server: &Url) -> Url {
        let mut url = server.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(["api", "v1", "namespaces", &self.namespace, "secrets", &self.name]);
        }
        url
    }
}

impl FromStr for SecretName {
    type Err = &'static str;

    /// Names as Kubernetes allows them, which no path or query can be hidden in.
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let end = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let inner = |c: char| end(c) || c == '-' || c == '.';
        let well_formed =
            |part: &str| part.starts_with(end) && part.ends_with(end) && part.chars().all(inner);
        match text.split_once('/') {
            Some((namespace, name)) if well_formed(namespace) && well_formed(name) => {
                Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err("it is NAMESPACE/NAME"),
        }
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Quotes nothing of the Secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("{}", sentence(.0))]
    Api(#[from] ApiError),
    #[error("{0} in its data is not base64")]
    Base64(String),
    #[error("somebody else changed it {TRIES} times in a row; nothing was changed here")]
    Contended,
    #[error("the API server's answer is not a Secret with a resourceVersion")]
    Form,
    #[error("{0} is not in its data")]
    Missing(String),
    #[error("{0}: {1}")]
    Ring(String, RingError),
}

fn sentence(error: &ApiError) -> String {
    match error {
        ApiError::Status(401) => "the API server does not know the token (401)".to_owned(),
        ApiError::Status(403) => {
            "the API server forbids it; the Role must allow get and update of it (403)".to_owned()
        }
        ApiError::Status(404) => {
            "there is none; `keys init` and `kubectl create secret generic --from-file` make it (404)"
                .to_owned()
        }
        other => format!("the API server: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_a_secret_is_that_of_its_namespace_and_name() {
        for (server, url) in [
            ("https://10.0.0.1:443", "https://10.0.0.1/api/v1/namespaces/mcp/secrets/mcp-auth-keys"),
            ("https://[fd00::1]:6443/", "https://[fd00::1]:6443/api/v1/namespaces/mcp/secrets/mcp-auth-keys"),
            (
                "https://edge.example/k8s/c-1",
                "https://edge.example/k8s/c-1/api/v1/namespaces/mcp/secrets/mcp-auth-keys",
            ),
        ] {
            let name: SecretName = "mcp/mcp-auth-keys".parse().unwrap();
            assert_eq!(name.below(&server.parse().unwrap()).as_str(), url);
        }
    }

    #[test]
    fn a_name_that_kubernetes_would_not_give_is_refused() {
        for name in [
            "",
            "mcp",
            "/keys",
            "mcp/",
            "mcp/a/b",
            "mcp/..",
            "MCP/keys",
            "mcp/ke ys",
            "mcp/keys?x",
            "mcp/-keys",
        ] {
            assert!(name.parse::<SecretName>().is_err(), "{name}");
        }
    }
}
