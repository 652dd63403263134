//! What is wrong with the host: lost on the way, or answered where it should not be.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Address {
    #[error("A host that nobody has is answered like this one.")]
    AnyHost,
    #[error("The host of another site is answered at this address.")]
    ForeignHost,
    #[error("The sidecar does not know this host (421).")]
    Misdirected,
}

impl Address {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::AnyHost => (
                "Nobody notices; a page of another name may get at the server through a browser inside (DNS rebinding).",
                "At the edge: `proxy_set_header Host $http_host;` and a default_server that answers 421; in the sidecar Host alone picks the site.",
            ),
            Self::ForeignHost => (
                "Nobody notices; what was meant for the inside is reachable from here.",
                "At the edge: each address its own server_name, and `return 421;` in the default_server (deploy/nginx/nginx.conf, deploy/caddy/Caddyfile).",
            ),
            Self::Misdirected => (
                "\"Could not connect\", \"421 Misdirected Request\" in every assistant.",
                "At the edge: `proxy_set_header Host $http_host;`, in oauth2-proxy no passHostHeader: false. Else MCP_AUTH_<SITE>_ISSUER is another host.",
            ),
        };
        Words { looks, change }
    }
}
