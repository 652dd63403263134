//! Clients: what they registered, or an operator minted.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::clock::Timestamp;
use crate::oauth::{Jti, RedirectUri};
use crate::seal::{Artifact, Form, Purpose, Sealed};

const LONGEST_NAME: usize = 100;
/// What Unicode calls default-ignorable (`DerivedCoreProperties`), and beside it the separators of lines and the
/// marks of annotations.
const INVISIBLE: [RangeInclusive<char>; 17] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// A client's registration (RFC 7591); sealed, it is the `client_id`. Its claims are short: it travels in URLs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Client {
    pub jti: Jti,
    pub iat: Timestamp,
    /// Only a minted client may end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp: Option<Timestamp>,
    #[serde(rename = "uris")]
    pub redirect_uris: Vec<RedirectUri>,
    /// What the client calls itself; nobody has checked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Present for the clients that an operator minted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minted: Option<Minted>,
    /// It registered without the grant `refresh_token`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub no_refresh: bool,
    /// Its document names its grants, and not `authorization_code`.
    #[serde(skip)]
    pub no_code: bool,
    /// The document that describes it; such a client is never sealed.
    #[serde(skip)]
    pub document: Option<Described>,
}

/// Where a client's description lies, and who says that it is right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Described {
    pub url: String,
    /// Known beforehand; else it is the client's own word.
    pub by_operator: bool,
}

impl Described {
    /// Host and port: what nobody else has, whatever name the document gives.
    pub fn host(&self) -> &str {
        self.url.split('/').nth(2).unwrap_or_default()
    }
}

impl Artifact for Client {
    const TYP: &'static str = "client+jwt";
    const FORM: Form = Form::Signed(Purpose::Registration);

    fn exp(&self) -> Option<Timestamp> {
        self.exp
    }
}

impl Client {
    /// A public client with nothing but its redirect URIs.
    pub fn registered(jti: Jti, iat: Timestamp, redirect_uris: Vec<RedirectUri>) -> Self {
        Self {
            jti,
            iat,
            exp: None,
            redirect_uris,
            name: None,
            minted: None,
            no_refresh: false,
            no_code: false,
            document: None,
        }
    }

    /// What a `client_id` says, unverified: only for one that lies inside a token of ours.
    pub fn peek(client_id: &str) -> Option<Self> {
        let claims = URL_SAFE_NO_PAD.decode(client_id.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    /// May the browser be sent there? (RFC 6749 §3.1.2.3)
    pub fn admits(&self, requested: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|registered| registered.admits(requested))
    }

    /// PKCE is for everyone but a minted client whose operator said otherwise.
    pub fn must_prove_key(&self) -> bool {
        !self.minted.as_ref().is_some_and(|minted| minted.pkce_optional)
    }
}

/// What an operator gave a confidential client (RFC 6749 §2.1).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Minted {
    pub secret: SecretDigest,
    #[serde(default, rename = "nopkce", skip_serializing_if = "is_false")]
    pub pkce_optional: bool,
}

/// The SHA-256 of a client secret: the secret itself is never stored.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct SecretDigest(String);

impl SecretDigest {
    pub fn of(secret: &str) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes())))
    }

    /// In constant time.
    pub fn is_of(&self, secret: &str) -> bool {
        self.0.as_bytes().ct_eq(Self::of(secret).0.as_bytes()).into()
    }
}

/// A client's name for people: without what would turn or hide its letters; none where nothing is left.
pub fn displayable(name: &str) -> Result<Option<String>, LongName> {
    let hides = |c: char| c.is_control() || INVISIBLE.iter().any(|range| range.contains(&c));
    let name: String = name.chars().filter(|c| !hides(*c)).collect();
    let name = name.trim();
    if name.chars().count() > LONGEST_NAME {
        return Err(LongName);
    }
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("client_name is longer than 100 characters")]
pub struct LongName;

/// A `client_id` by its SHA-256: binds a code or refresh token to its client without carrying it.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct ClientDigest(String);

impl ClientDigest {
    pub fn of(client_id: &Sealed<Client>) -> Self {
        Self(URL_SAFE_NO_PAD.encode(Sha256::digest(client_id.as_str().as_bytes())))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It travels in URLs.
    #[test]
    fn what_a_client_has_not_is_not_written() {
        let client = Client::registered(Jti("a client".to_owned()), Timestamp::from_secs(0), Vec::new());
        let claims = serde_json::to_value(&client).unwrap();
        assert_eq!(claims, serde_json::json!({"jti": "a client", "iat": 0, "uris": []}));
        let without = serde_json::to_value(Client { no_refresh: true, ..client }).unwrap();
        assert_eq!(without["no_refresh"], true);
    }

    /// Marks that turn the text, fillers that pass as letters, tags that hold a second text.
    #[test]
    fn a_name_holds_nothing_that_turns_or_hides_its_letters() {
        for hidden in ['\0', '\u{ad}', '\u{34f}', '\u{61c}', '\u{1160}', '\u{17b4}', '\u{180e}', '\u{200b}']
            .into_iter()
            .chain(['\u{202e}', '\u{2066}', '\u{3164}', '\u{fe0f}', '\u{feff}', '\u{ffa0}', '\u{e0041}'])
        {
            assert_eq!(displayable(&format!("a{hidden}b")), Ok(Some("ab".to_owned())), "{hidden:?}");
            assert_eq!(displayable(&format!(" {hidden} ")), Ok(None), "{hidden:?}");
        }
        for name in ["Claude Code (t)", "José’s 端末 \u{1f600}", "عميل"] {
            assert_eq!(displayable(name), Ok(Some(name.to_owned())));
        }
    }

    #[test]
    fn a_secret_is_known_by_its_digest_alone() {
        let digest = SecretDigest::of("correct horse");
        assert!(digest.is_of("correct horse") && !digest.is_of("correct horse ") && !digest.is_of(""));
        assert!(!serde_json::to_string(&digest).unwrap().contains("horse"));
    }
}
