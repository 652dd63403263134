//! Client ID metadata documents: a client whose `client_id` is the URL of its own description.

mod cache;
mod fetched;
mod pinned;

use serde::Deserialize;
use url::Url;

pub use fetched::{Fetched, Unread};
pub use pinned::Pinned;

use crate::artifact::{Client, Described, LongName, displayable};
use crate::clock::Timestamp;
use crate::oauth::redirect_uri::RedirectUriError;
use crate::oauth::{Jti, RedirectUri};

/// https, a path, no fragment, no user, no dot segments, and in its normal form: its text is the `client_id`,
/// compared as text (RFC 3986 §6.2.1), and nothing is normalised.
#[derive(Clone, Debug)]
pub struct DocumentUrl(Url);

impl DocumentUrl {
    /// Is a `client_id` to be looked for as a document's? Nothing that is sealed begins so.
    pub fn is_meant_by(client_id: &str) -> bool {
        client_id.starts_with("https://")
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// How logs and rules name its client.
    pub fn jti(&self) -> Jti {
        Jti(self.as_str().to_owned())
    }

    /// Its client, of which nothing else is known.
    pub fn unread(&self) -> Client {
        let described = Described { url: self.as_str().to_owned(), by_operator: false };
        Client {
            document: Some(described),
            ..Client::registered(self.jti(), Timestamp::from_secs(0), Vec::new())
        }
    }
}

impl TryFrom<&str> for DocumentUrl {
    type Error = DocumentError;

    fn try_from(text: &str) -> Result<Self, DocumentError> {
        let url = Url::parse(text).map_err(|_| DocumentError::Url)?;
        let plain = url.as_str() == text && !text.contains(['#', '@']);
        let named = plain && url.scheme() == "https" && url.path() != "/" && text.len() <= 2048;
        if named { Ok(Self(url)) } else { Err(DocumentError::Url) }
    }
}

/// What a document says; unknown members are ignored, and no URL in it is ever fetched.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    client_id: String,
    client_name: String,
    redirect_uris: Vec<String>,
    grant_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    /// Some clients list what they can do beside the one that they prefer.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    client_secret: Option<serde_json::Value>,
    client_secret_expires_at: Option<serde_json::Value>,
}

impl Document {
    pub(crate) fn client(self, by_operator: bool) -> Result<Client, DocumentError> {
        let url = DocumentUrl::try_from(self.client_id.as_str())?;
        self.is_public()?;
        let leaves_out =
            |grant: &str| self.grant_types.as_ref().is_some_and(|named| named.iter().all(|it| it != grant));
        Ok(Client {
            name: Some(displayable(&self.client_name)?.ok_or(DocumentError::NoName)?),
            no_refresh: leaves_out("refresh_token"),
            no_code: leaves_out("authorization_code"),
            redirect_uris: self.redirect_uris(by_operator)?,
            document: Some(Described { url: self.client_id, by_operator }),
            ..url.unread()
        })
    }

    /// Those that are in order, as when a client registers. A mistake of the operator's is one to be told of.
    fn redirect_uris(&self, by_operator: bool) -> Result<Vec<RedirectUri>, DocumentError> {
        let mut usable = Vec::new();
        for uri in &self.redirect_uris {
            match RedirectUri::try_from(uri.clone()) {
                Ok(uri) => usable.push(uri),
                Err(error) if by_operator => return Err(error.into()),
                Err(_) => {}
            }
        }
        if usable.is_empty() { Err(DocumentError::NoRedirectUri) } else { Ok(usable) }
    }

    /// Without a method it is one; else `none` must be among those it names, and no secret is anywhere.
    fn is_public(&self) -> Result<(), DocumentError> {
        let (preferred, listed) =
            (&self.token_endpoint_auth_method, &self.token_endpoint_auth_methods_supported);
        let shares = preferred.as_ref().is_some_and(|method| method.starts_with("client_secret_"));
        if shares || self.client_secret.is_some() || self.client_secret_expires_at.is_some() {
            return Err(DocumentError::Secret);
        }
        let mut named = listed.iter().flatten().chain(preferred);
        let says_nothing = preferred.is_none() && listed.is_none();
        if says_nothing || named.any(|method| method == "none") { Ok(()) } else { Err(DocumentError::Method) }
    }
}

/// Why a document describes no client of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DocumentError {
    #[error("{0}")]
    LongName(#[from] LongName),
    #[error("token_endpoint_auth_method must be none; private_key_jwt is not supported yet")]
    Method,
    #[error("client_name is blank")]
    NoName,
    #[error("redirect_uris has none that could be used")]
    NoRedirectUri,
    #[error("its client_id is not the URL that it was fetched from")]
    OtherClient,
    #[error("{0}")]
    RedirectUri(#[from] RedirectUriError),
    #[error("a document must not hold a secret, nor a method that needs one")]
    Secret,
    #[error("client_id must be an https URL with a path, without fragment, user and dot segments")]
    Url,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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
            ("client_name", json!(" \u{200b}")),
            ("client_name", json!("x".repeat(101))),
            ("redirect_uris", json!([])),
            ("redirect_uris", Value::Null),
            ("redirect_uris", json!(["http://app.example/cb"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_methods_supported", json!(["private_key_jwt"])),
            ("token_endpoint_auth_methods_supported", json!([])),
            ("client_secret", json!("x")),
            ("client_secret_expires_at", json!(0)),
        ] {
            let mut changed = document();
            changed[member] = value.clone();
            assert!(read(changed).is_err(), "{member}={value}");
        }
        let mut listed = document();
        listed["token_endpoint_auth_method"] = json!("private_key_jwt");
        listed["token_endpoint_auth_methods_supported"] = json!(["none", "private_key_jwt"]);
        assert!(read(listed.clone()).is_ok());
        listed["token_endpoint_auth_method"] = json!("client_secret_basic");
        assert!(read(listed).is_err());
    }

    #[test]
    fn of_a_strangers_redirect_uris_those_count_that_are_in_order_and_the_operators_are_all() {
        let mut mixed = document();
        mixed["redirect_uris"] = json!(["myapp:/cb", "http://app.example/cb", "https://app.example/cb", ""]);
        let document: Document = serde_json::from_value(mixed.clone()).unwrap();
        let [kept] = document.client(false).unwrap().redirect_uris.try_into().unwrap();
        assert_eq!(String::from(kept), "https://app.example/cb");
        let document: Document = serde_json::from_value(mixed).unwrap();
        assert!(document.client(true).is_err());
    }

    fn read(document: Value) -> Result<Client, String> {
        let document: Document = serde_json::from_value(document).map_err(|error| error.to_string())?;
        document.client(false).map_err(|error| error.to_string())
    }

    fn document() -> Value {
        json!({
            "client_id": "https://app.example/oauth/client.json",
            "client_name": "App",
            "redirect_uris": ["https://app.example/cb"],
        })
    }
}
