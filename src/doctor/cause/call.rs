//! What is wrong behind the token, where somebody gave one.

use super::Cause;

impl Cause {
    pub(in super::super) const MCP_SERVER_AWAY: Self = Self {
        word: "mcp_server_away",
        title: "The gateway does not reach the MCP server.",
        looks: "People sign in; then the assistant shows \"bad gateway\", or no tools.",
        change: "MCP_AUTH_UPSTREAM: is the MCP server running there? The sidecar's log has the reason.",
    };

    pub(in super::super) const MCP_SERVER_REFUSES: Self = Self {
        word: "mcp_server_refuses",
        title: "The MCP server refuses a call that has a good token.",
        looks: "People sign in; then the assistant shows an error, or no tools.",
        change: "The MCP server itself: its path must be the resource's, and the host that it is called by among its allowed hosts.",
    };

    pub(in super::super) const STREAM_HELD: Self = Self {
        word: "stream_held",
        title: "A stream does not begin: something on the way holds it back until it is full.",
        looks: "Calls that report progress seem to hang; notifications come late or never.",
        change: "At the edge: `proxy_buffering off;` for the MCP server's path (Kubernetes: nginx.ingress.kubernetes.io/proxy-buffering: \"off\"), and no compression of text/event-stream.",
    };

    pub(in super::super) const TOKEN_REFUSED: Self = Self {
        word: "token_refused",
        title: "The token that was given opens nothing here.",
        looks: "The assistant asks to sign in again and again.",
        change: "If the token is new: the clocks of both hosts, MCP_AUTH_KEYS_DIR of all replicas, MCP_AUTH_SCOPES. `mcp-auth-sidecar token inspect` says why.",
    };
}
