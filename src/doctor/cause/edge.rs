//! What is wrong before the sidecar: hosts, ways past it, others who answer in its place.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Edge {
    #[error("The sidecar's admin port answers at this address.")]
    AdminReachable,
    #[error("An assistant is turned away because of the name that it gives itself (User-Agent).")]
    AgentBlocked,
    #[error("A page of HTML comes where a program expects JSON: somebody else answers.")]
    HtmlInstead,
    #[error("A redirect comes where a program expects an answer.")]
    Redirected,
    #[error("The limit of requests is reached.")]
    TooMany,
    #[error("An answer is none that this protocol has at this place.")]
    Unexpected,
    #[error("The edge or oauth2-proxy does not reach what is behind it.")]
    UpstreamAway,
}

impl Edge {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::AdminReachable => (
                "Nobody notices; anybody may read the metrics.",
                "At the edge: no location that leads to MCP_AUTH_ADMIN_LISTEN (127.0.0.1:8081).",
            ),
            Self::AgentBlocked => (
                "It connects from everywhere but there: sign-in works, then \"couldn't reach the server\" or silence.",
                "At the CDN or firewall: let the agents that were seen through, and Anthropic's 160.79.104.0/21, on every path.",
            ),
            Self::HtmlInstead => (
                "\"Unexpected token '<'\", or that the server has no OAuth.",
                "At the edge: the paths that were seen must lead to oauth2-proxy or the sidecar, not to a web application (`location /`).",
            ),
            Self::Redirected => (
                "A POST becomes a GET, and Authorization is lost on the way: the connection fails after sign-in or before.",
                "At the edge or in the MCP server: no redirect to add or take a slash, a www, or https; let the path answer as it is.",
            ),
            Self::TooMany => (
                "\"Too many requests\" while connecting.",
                "MCP_AUTH_REGISTER_PER_MINUTE or the edge's limit_req; MCP_AUTH_FORWARDED_HOPS, if all callers count as one. Or wait a minute.",
            ),
            Self::Unexpected => (
                "The connection fails at this step.",
                "Does the edge lead every path of this host to oauth2-proxy? Else whoever answers the path that was seen; the sidecar's log has a line for each request that reached it.",
            ),
            Self::UpstreamAway => (
                "\"Bad gateway\", or a connection that fails.",
                "Is oauth2-proxy running (it ends where its provider does not answer at the start), and the sidecar where the upstream says (oauth2-proxy alpha.yaml: uri, MCP_AUTH_LISTEN)? A newline at the end of proxy-secret does it, too: write it with `mcp-auth-sidecar secret`.",
            ),
        };
        Words { looks, change }
    }
}
