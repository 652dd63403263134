//! What is wrong behind the token, where somebody gave one.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Call {
    #[error("The gateway does not reach the MCP server.")]
    McpServerAway,
    #[error("The MCP server refuses a call that has a good token.")]
    McpServerRefuses,
    #[error("A stream does not begin: something on the way holds it back until it is full.")]
    StreamHeld,
    #[error("The token that was given opens nothing here.")]
    TokenRefused,
}

impl Call {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::McpServerAway => (
                "People sign in; then the assistant shows \"bad gateway\", or no tools.",
                "MCP_AUTH_UPSTREAM: is the MCP server running there? The sidecar's log has the reason.",
            ),
            Self::McpServerRefuses => (
                "People sign in; then the assistant shows an error, or no tools.",
                "The MCP server itself: its path must be the resource's, and the host that it is called by among its allowed hosts.",
            ),
            Self::StreamHeld => (
                "Calls that report progress seem to hang; notifications come late or never.",
                "At the edge: `proxy_buffering off;` for the MCP server's path (Kubernetes: nginx.ingress.kubernetes.io/proxy-buffering: \"off\"), and no compression of text/event-stream.",
            ),
            Self::TokenRefused => (
                "The assistant asks to sign in again and again.",
                "If the token is new: the clocks of both hosts, MCP_AUTH_KEYS_DIR of all replicas, MCP_AUTH_SCOPES. `mcp-auth-sidecar token inspect` says why.",
            ),
        };
        Words { looks, change }
    }
}
