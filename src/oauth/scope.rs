//! Scopes: the catalogue of this server, and what of it was granted.

use serde::{Deserialize, Serialize};

/// Asked for by clients that want refresh tokens; says nothing about the MCP server, so it is never granted.
pub const OFFLINE_ACCESS: &str = "offline_access";
/// Asked for by clients that take every server for an OpenID provider; unknown here.
const OPENID: &str = "openid";

/// A set of scopes in the order of the catalogue, written as RFC 6749 §3.3 wants it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Scopes(String);

impl Scopes {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ')
    }

    pub fn contains(&self, scope: &str) -> bool {
        self.iter().any(|held| held == scope)
    }

    /// What a refresh asks for (RFC 6749 §6): never more than was granted, everything when nothing is named.
    pub fn narrowed(&self, asked: Option<&str>, catalogue: &Catalogue) -> Result<Self, BeyondGrant> {
        match catalogue.known(asked.unwrap_or_default()) {
            None => Ok(self.clone()),
            Some(wanted) if wanted.iter().all(|scope| self.contains(scope)) => Ok(wanted),
            Some(_) => Err(BeyondGrant),
        }
    }
}

/// A refresh asked for a scope that the person never granted.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("the scope goes beyond what was granted")]
pub struct BeyondGrant;

/// Every scope this server knows: at least one; the first is the default.
#[derive(Clone, Debug)]
pub struct Catalogue(Vec<String>);

impl Catalogue {
    /// What an authorization request is granted: unknown scopes are dropped; nothing known, the default.
    pub fn granted(&self, asked: Option<&str>) -> Scopes {
        self.known(asked.unwrap_or_default()).unwrap_or_else(|| Scopes(self.default_scope().to_owned()))
    }

    pub fn default_scope(&self) -> &str {
        &self.0[0]
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    fn known(&self, asked: &str) -> Option<Scopes> {
        let asked: Vec<&str> = asked.split_ascii_whitespace().collect();
        let known: Vec<&str> = self.iter().filter(|scope| asked.contains(scope)).collect();
        (!known.is_empty()).then(|| Scopes(known.join(" ")))
    }
}

impl TryFrom<Vec<String>> for Catalogue {
    type Error = CatalogueError;

    fn try_from(scopes: Vec<String>) -> Result<Self, CatalogueError> {
        for (at, scope) in scopes.iter().enumerate() {
            match scope.as_str() {
                OFFLINE_ACCESS => return Err(CatalogueError::Reserved),
                OPENID => return Err(CatalogueError::NoIdTokens),
                text if !is_scope_token(text) => return Err(CatalogueError::Malformed(scope.clone())),
                _ if scopes[..at].contains(scope) => return Err(CatalogueError::Twice(scope.clone())),
                _ => {}
            }
        }
        if scopes.is_empty() { Err(CatalogueError::Empty) } else { Ok(Self(scopes)) }
    }
}

/// RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E.
fn is_scope_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\')
}

#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum CatalogueError {
    #[error("at least one scope is needed")]
    Empty,
    #[error("`{0}` is not a scope (RFC 6749 section 3.3)")]
    Malformed(String),
    #[error("openid asks for ID tokens, and there are none here")]
    NoIdTokens,
    #[error("offline_access is accepted by itself and cannot be listed")]
    Reserved,
    #[error("`{0}` is there twice")]
    Twice(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue() -> Catalogue {
        Catalogue::try_from(vec!["mcp".to_owned(), "files:read".to_owned(), "files:write".to_owned()])
            .unwrap()
    }

    #[test]
    fn unknown_scopes_and_blanks_are_dropped_and_none_is_the_default() {
        for (asked, granted) in [
            (None, "mcp"),
            (Some(""), "mcp"),
            (Some(" offline_access"), "mcp"),
            (Some("openid email profile"), "mcp"),
            (Some("  files:write   mcp "), "mcp files:write"),
            (Some("FILES:read files:read"), "files:read"),
        ] {
            assert_eq!(catalogue().granted(asked).as_str(), granted, "{asked:?}");
        }
    }

    #[test]
    fn a_refresh_may_narrow_and_never_widen() {
        let granted = catalogue().granted(Some("mcp files:read"));
        for (asked, answer) in [
            (None, Ok("mcp files:read")),
            (Some("offline_access zzz"), Ok("mcp files:read")),
            (Some("files:read offline_access"), Ok("files:read")),
            (Some("files:read files:write"), Err(BeyondGrant)),
        ] {
            let narrowed = granted.narrowed(asked, &catalogue());
            assert_eq!(narrowed.as_ref().map(Scopes::as_str), answer.as_ref().copied(), "{asked:?}");
        }
    }

    #[test]
    fn a_catalogue_holds_at_least_one_well_formed_scope_and_each_once() {
        let malformed = |scope: &str| CatalogueError::Malformed(scope.to_owned());
        for (scopes, mistake) in [
            (vec![], CatalogueError::Empty),
            (vec!["a\"b"], malformed("a\"b")),
            (vec!["mcp", "a\\b"], malformed("a\\b")),
            (vec!["a b"], malformed("a b")),
            (vec![""], malformed("")),
            (vec!["mcp", "offline_access"], CatalogueError::Reserved),
            (vec!["mcp", "openid"], CatalogueError::NoIdTokens),
            (vec!["mcp", "b", "mcp"], CatalogueError::Twice("mcp".to_owned())),
        ] {
            let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
            assert_eq!(Catalogue::try_from(scopes.clone()).map(|_| ()), Err(mistake), "{scopes:?}");
        }
    }
}
