//! Client ID metadata documents: a client whose `client_id` is the URL of its own description.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use url::Url;

use crate::artifact::Client;
use crate::clock::Timestamp;
use crate::oauth::{Jti, RedirectUri};

/// The documents of assistants as they were seen, so that nothing has to be fetched.
const SHIPPED: &str = include_str!("pinned.json");

/// The documents that are known here, by their URL.
#[derive(Debug)]
pub struct Documents(HashMap<String, Client>);

impl Documents {
    /// The shipped ones, and the operator's own (every `.json` of a folder), which win.
    pub fn pinned(dir: Option<&Path>) -> Result<Self, String> {
        let shipped: Shipped = serde_json::from_str(SHIPPED).map_err(|error| error.to_string())?;
        let mut known = Self(HashMap::new());
        for document in shipped.documents {
            known.add(document).map_err(|error| error.to_string())?;
        }
        for (name, text) in dir.map(texts).transpose()?.unwrap_or_default() {
            let document = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
            known.add(document).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(known)
    }

    /// The client of a URL, compared as text (RFC 3986 §6.2.1): nothing is normalised.
    pub fn find(&self, client_id: &str) -> Option<&Client> {
        self.0.get(client_id)
    }

    fn add(&mut self, document: Document) -> Result<(), DocumentError> {
        let url = document.client_id.clone();
        self.0.insert(url, document.client()?);
        Ok(())
    }
}

#[derive(Deserialize)]
struct Shipped {
    documents: Vec<Document>,
}

#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_name: String,
    redirect_uris: Vec<RedirectUri>,
    grant_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    /// Some clients list what they can do beside the one that they prefer.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    client_secret: Option<serde_json::Value>,
    client_secret_expires_at: Option<serde_json::Value>,
}

impl Document {
    fn client(self) -> Result<Client, DocumentError> {
        if !is_document_url(&self.client_id) {
            return Err(DocumentError::Url);
        }
        if self.redirect_uris.is_empty() {
            return Err(DocumentError::NoRedirectUri);
        }
        if self.client_secret.is_some() || self.client_secret_expires_at.is_some() {
            return Err(DocumentError::Secret);
        }
        let methods = self.token_endpoint_auth_methods_supported.into_iter().flatten();
        let mut methods = methods.chain(self.token_endpoint_auth_method.or_else(|| Some("none".to_owned())));
        if !methods.any(|method| method == "none") {
            return Err(DocumentError::Method);
        }
        let url = Jti(self.client_id.clone());
        let refreshes =
            self.grant_types.is_none_or(|grants| grants.iter().any(|grant| grant == "refresh_token"));
        Ok(Client {
            name: Some(self.client_name),
            no_refresh: !refreshes,
            document: Some(self.client_id),
            ..Client::registered(url, Timestamp::from_secs(0), self.redirect_uris)
        })
    }
}

/// Why a document describes no client of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
enum DocumentError {
    #[error("token_endpoint_auth_method must be none; private_key_jwt is not supported yet")]
    Method,
    #[error("redirect_uris is empty")]
    NoRedirectUri,
    #[error("a document must not hold a secret")]
    Secret,
    #[error("client_id must be an https URL with a path, without fragment, user and dot segments")]
    Url,
}

/// https, a path, no fragment, no user, no dot segments, and in its normal form.
fn is_document_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let plain = url.as_str() == text && !text.contains(['#', '@']);
    plain && url.scheme() == "https" && url.path() != "/" && text.len() <= 2048
}

fn texts(dir: &Path) -> Result<Vec<(String, String)>, String> {
    let shown = |error: std::io::Error| format!("{} cannot be read: {error}", dir.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(dir).map_err(shown)? {
        let path = entry.map_err(shown)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            texts.push((path.display().to_string(), fs::read_to_string(&path).map_err(shown)?));
        }
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(document: &Value) -> Result<Documents, String> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("one.json"), document.to_string()).unwrap();
        fs::write(dir.path().join("README"), "not JSON").unwrap();
        Documents::pinned(Some(dir.path()))
    }

    fn document() -> Value {
        json!({
            "client_id": "https://app.example/oauth/client.json",
            "client_name": "App",
            "redirect_uris": ["https://app.example/cb"],
        })
    }

    // CIMD-12, CIMD-30
    #[test]
    fn the_shipped_documents_are_all_in_order() {
        let known = Documents::pinned(None).unwrap();
        assert_eq!(known.0.len(), 5);
        let claude_code = known.find("https://claude.ai/oauth/claude-code-client-metadata").unwrap();
        for (uri, admitted) in
            [("http://localhost:53124/callback", true), ("http://localhost:53124/callback2", false)]
        {
            assert_eq!(claude_code.admits(&uri.to_owned().try_into().unwrap()), admitted, "{uri}");
        }
    }

    // CIMD-03, CIMD-04
    #[test]
    fn a_document_is_found_by_the_very_text_of_its_url() {
        let known = read(&document()).unwrap();
        assert_eq!(known.find("https://app.example/oauth/client.json").unwrap().name.as_deref(), Some("App"));
        for other in [
            "https://App.example/oauth/client.json",
            "https://app.example/oauth/client.json?",
            "https://app.example:443/oauth/client.json",
        ] {
            assert!(known.find(other).is_none(), "{other}");
        }
    }

    // CIMD-02, CIMD-05, CIMD-09, CIMD-24, CIMD-25
    #[test]
    fn a_document_that_describes_no_client_of_ours_is_refused() {
        for (member, value) in [
            ("client_id", json!("http://app.example/client.json")),
            ("client_id", json!("https://app.example")),
            ("client_id", json!("https://app.example/")),
            ("client_id", json!("https://app.example/a/../b")),
            ("client_id", json!("https://app.example/a#x")),
            ("client_id", json!("https://u@app.example/a")),
            ("client_name", Value::Null),
            ("redirect_uris", json!([])),
            ("redirect_uris", Value::Null),
            ("redirect_uris", json!(["http://app.example/cb"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("client_secret", json!("x")),
            ("client_secret_expires_at", json!(0)),
        ] {
            let mut changed = document();
            changed[member] = value.clone();
            assert!(read(&changed).is_err(), "{member}={value}");
        }
        let mut listed = document();
        listed["token_endpoint_auth_method"] = json!("private_key_jwt");
        listed["token_endpoint_auth_methods_supported"] = json!(["none", "private_key_jwt"]);
        assert!(read(&listed).is_ok());
    }
}
