//! A site: one origin, one issuer, one policy.

use std::path::PathBuf;

use crate::oauth::{Issuer, RedirectUri, Resource, Resources};

/// One origin that answers for itself alone.
#[derive(Clone, Debug)]
pub struct Site {
    pub name: String,
    pub issuer: Issuer,
    pub resources: Resources,
    pub redirects: RedirectPolicy,
    pub registration: Registration,
    pub documents: ClientDocuments,
    pub people_file: Option<PathBuf>,
    /// `Origin`s that browsers may call the gateway from, beside our own and loopback ones.
    pub origins: Vec<Issuer>,
}

impl Site {
    /// The resources that this server describes and guards: one on another origin has metadata and a guard of its own.
    pub fn own_resources(&self) -> impl Iterator<Item = &Resource> {
        self.resources.iter().filter(|resource| resource.origin() == self.issuer.as_str())
    }

    /// The resource that guards a path, if one does: the longest that covers it.
    pub fn resource_at(&self, path: &str) -> Option<&Resource> {
        let covering = self.own_resources().filter(|resource| resource.covers(path));
        covering.max_by_key(|resource| resource.path().len())
    }

    /// Are clients known by their metadata documents?
    pub fn knows_documents(&self) -> bool {
        self.documents != ClientDocuments::Off
    }

    /// May a page of this origin call the gateway? (MCP transports: `Origin` is validated)
    pub fn admits_origin(&self, origin: &str) -> bool {
        let Ok(origin) = Issuer::try_from(origin.to_owned()) else { return false };
        origin == self.issuer || origin.is_loopback() || self.origins.contains(&origin)
    }
}

/// Client ID metadata documents: none, those that are known beforehand, or others as well.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientDocuments {
    Fetch,
    Off,
    Pinned,
}

/// May strangers register, and stay registered?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Registration {
    Off,
    Open,
}

/// Where self-registered clients may be answered.
#[derive(Clone, Debug)]
pub struct RedirectPolicy(Vec<Allowed>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Allowed {
    /// Any path and port of the local machine over http.
    AnyLoopback,
    /// This one, with the port exception of loopback.
    Exactly(RedirectUri),
}

impl RedirectPolicy {
    pub fn admits(&self, uri: &RedirectUri) -> bool {
        self.0.iter().any(|allowed| match allowed {
            Allowed::AnyLoopback => uri.is_loopback(),
            Allowed::Exactly(ours) => ours.admits(uri),
        })
    }
}

/// Words are presets; everything else is a redirect URI.
impl TryFrom<Vec<String>> for RedirectPolicy {
    type Error = RedirectPolicyError;

    fn try_from(items: Vec<String>) -> Result<Self, RedirectPolicyError> {
        let mut allowed = Vec::new();
        for item in items {
            match preset(&item) {
                _ if item == "loopback" => allowed.push(Allowed::AnyLoopback),
                Some(uris) => {
                    for uri in uris {
                        allowed.push(exactly(uri)?);
                    }
                }
                None => allowed.push(exactly(&item)?),
            }
        }
        Ok(Self(allowed))
    }
}

#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum RedirectPolicyError {
    #[error("all customers of its vendor share `{0}`, so it is for clients of `client mint` alone")]
    Shared(String),
    #[error(
        "`{0}` is neither a preset (loopback, claude, cursor, vscode, chatgpt) nor a redirect URI in its normal form"
    )]
    Unknown(String),
}

/// The one callback of all tenants of Google's: whoever may register it could receive anybody's code.
pub const GEMINI_ENTERPRISE: &str = "https://vertexaisearch.cloud.google.com/oauth-redirect";

fn exactly(uri: &str) -> Result<Allowed, RedirectPolicyError> {
    if uri == GEMINI_ENTERPRISE {
        return Err(RedirectPolicyError::Shared(uri.to_owned()));
    }
    let parsed = RedirectUri::try_from(uri.to_owned());
    parsed.map(Allowed::Exactly).map_err(|_| RedirectPolicyError::Unknown(uri.to_owned()))
}

/// The callbacks that assistants register themselves. One that a vendor shares among all its tenants is never
/// among them: anybody's tenant could receive the code.
fn preset(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "claude" => &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
        "cursor" => &[
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "http://localhost:8787/callback",
        ],
        "vscode" => {
            &["https://vscode.dev/redirect", "https://insiders.vscode.dev/redirect", "http://127.0.0.1/"]
        }
        "chatgpt" => &["https://chatgpt.com/connector_platform_oauth_redirect"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(policy: &[&str], uri: &str) -> bool {
        let policy = RedirectPolicy::try_from(policy.iter().map(|&item| item.to_owned()).collect::<Vec<_>>());
        policy.unwrap().admits(&RedirectUri::try_from(uri.to_owned()).unwrap())
    }

    #[test]
    fn a_policy_admits_what_its_presets_and_uris_say() {
        for (policy, uri, admitted) in [
            (vec!["loopback"], "http://127.0.0.1:53124/any/path?x=1", true),
            (vec!["loopback"], "https://claude.ai/api/mcp/auth_callback", false),
            (vec!["claude"], "https://claude.com/api/mcp/auth_callback", true),
            (vec!["claude"], "https://claude.ai/api/mcp/auth_callback/", false),
            (vec!["cursor"], "cursor://anysphere.cursor-mcp/oauth/callback", true),
            (vec!["cursor"], "http://localhost:9999/callback", true),
            (vec!["cursor"], "http://127.0.0.1:8787/callback", false),
            (vec!["vscode"], "http://127.0.0.1:33418/", true),
            (vec!["chatgpt"], "https://chatgpt.com/connector_platform_oauth_redirect", true),
            (vec!["https://a.example/cb"], "https://a.example/cb", true),
            (vec![], "http://127.0.0.1/cb", false),
        ] {
            assert_eq!(admits(&policy, uri), admitted, "{policy:?} {uri}");
        }
    }

    #[test]
    fn a_misspelt_preset_is_no_policy() {
        for wrong in ["lopback", "*", "https://a.example/*", "http://a.example/cb", "gemini"] {
            assert!(RedirectPolicy::try_from(vec![wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_callback_that_all_tenants_of_a_vendor_share_is_for_minted_clients_alone() {
        let policy = RedirectPolicy::try_from(vec!["loopback".to_owned(), GEMINI_ENTERPRISE.to_owned()]);
        assert_eq!(policy.err(), Some(RedirectPolicyError::Shared(GEMINI_ENTERPRISE.to_owned())));
        let beside_it = format!("{GEMINI_ENTERPRISE}/of-one-tenant");
        assert!(admits(&[&beside_it], &beside_it));
    }
}
