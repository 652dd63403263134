//! What is wrong with the published keys.

use super::Cause;

impl Cause {
    pub(in super::super) const JWKS_PRIVATE: Self = Self {
        word: "jwks_private",
        title: "The published keys hold a private part: whoever read them can make tokens.",
        looks: "Nobody notices; every token may be forged.",
        change: "Whoever serves this file: it is MCP_AUTH_KEYS_DIR's, and not for the world. Then `keys stage access`, `keys promote access --force`, `keys retire access --force`.",
    };

    pub(in super::super) const JWKS_STALE: Self = Self {
        word: "jwks_stale",
        title: "The keys are kept for longer than a new one waits before it signs (24 h).",
        looks: "Once in a rotation every token is refused until the cache forgets.",
        change: "At the edge or CDN: no proxy_cache, expires or cache rule for /oauth/jwks; the sidecar says max-age=300.",
    };

    pub(in super::super) const JWKS_UNUSABLE: Self = Self {
        word: "jwks_unusable",
        title: "The keys cannot be read, or none of them is one for ES256 with a name.",
        looks: "People sign in, and the MCP server refuses their tokens.",
        change: "Whoever answers at jwks_uri: it must be the sidecar's /oauth/jwks, unchanged.",
    };

    pub(in super::super) const KEYS_DIFFER: Self = Self {
        word: "keys_differ",
        title: "The keys change from one request to the next: replicas have different ones.",
        looks: "Tokens are refused now and then.",
        change: "All replicas must read the same MCP_AUTH_KEYS_DIR; a roll-out of keys takes MCP_AUTH_KEYS_POLL_SECS and the volume's own time.",
    };
}
