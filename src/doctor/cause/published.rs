//! What is wrong with the published keys.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Published {
    #[error("The published keys hold a private part: whoever read them can make tokens.")]
    JwksPrivate,
    #[error("The keys are kept for longer than a new one waits before it signs (24 h).")]
    JwksStale,
    #[error("The keys cannot be read, or none of them is one for ES256 with a name.")]
    JwksUnusable,
    #[error("The keys change from one request to the next: replicas have different ones.")]
    KeysDiffer,
}

impl Published {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::JwksPrivate => (
                "Nobody notices; every token may be forged.",
                "Whoever serves this file: it is MCP_AUTH_KEYS_DIR's, and not for the world. Then `keys stage access`, `keys promote access --force`, `keys retire access --force`.",
            ),
            Self::JwksStale => (
                "Once in a rotation every token is refused until the cache forgets.",
                "At the edge or CDN: no proxy_cache, expires or cache rule for /oauth/jwks; the sidecar says max-age=300.",
            ),
            Self::JwksUnusable => (
                "People sign in, and the MCP server refuses their tokens.",
                "Whoever answers at jwks_uri: it must be the sidecar's /oauth/jwks, unchanged.",
            ),
            Self::KeysDiffer => (
                "Tokens are refused now and then.",
                "All replicas must read the same MCP_AUTH_KEYS_DIR; a roll-out of keys takes MCP_AUTH_KEYS_POLL_SECS and the volume's own time.",
            ),
        };
        Words { looks, change }
    }
}
