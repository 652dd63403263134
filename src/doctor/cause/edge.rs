//! What is wrong before the sidecar: hosts, ways past it, others who answer in its place.

use super::Cause;

impl Cause {
    pub(in super::super) const ADMIN_REACHABLE: Self = Self {
        word: "admin_reachable",
        title: "The sidecar's admin port answers at this address.",
        looks: "Nobody notices; anybody may read the metrics.",
        change: "At the edge: no location that leads to MCP_AUTH_ADMIN_LISTEN (127.0.0.1:8081).",
    };

    pub(in super::super) const AGENT_BLOCKED: Self = Self {
        word: "agent_blocked",
        title: "An assistant is turned away because of the name that it gives itself (User-Agent).",
        looks: "It connects from everywhere but there: sign-in works, then \"couldn't reach the server\" or silence.",
        change: "At the CDN or firewall: let the agents that were seen through, and Anthropic's 160.79.104.0/21, on every path.",
    };

    pub(in super::super) const HTML_INSTEAD: Self = Self {
        word: "html_instead",
        title: "A page of HTML comes where a program expects JSON: somebody else answers.",
        looks: "\"Unexpected token '<'\", or that the server has no OAuth.",
        change: "At the edge: the paths that were seen must lead to oauth2-proxy or the sidecar, not to a web application (`location /`).",
    };

    pub(in super::super) const REDIRECTED: Self = Self {
        word: "redirected",
        title: "A redirect comes where a program expects an answer.",
        looks: "A POST becomes a GET, and Authorization is lost on the way: the connection fails after sign-in or before.",
        change: "At the edge or in the MCP server: no redirect to add or take a slash, a www, or https; let the path answer as it is.",
    };

    pub(in super::super) const TOO_MANY: Self = Self {
        word: "too_many",
        title: "The limit of requests is reached.",
        looks: "\"Too many requests\" while connecting.",
        change: "MCP_AUTH_REGISTER_PER_MINUTE or the edge's limit_req; MCP_AUTH_FORWARDED_HOPS, if all callers count as one. Or wait a minute.",
    };

    pub(in super::super) const UNEXPECTED: Self = Self {
        word: "unexpected",
        title: "An answer is none that this protocol has at this place.",
        looks: "The connection fails at this step.",
        change: "Does the edge lead every path of this host to oauth2-proxy? Else whoever answers the path that was seen; the sidecar's log has a line for each request that reached it.",
    };

    pub(in super::super) const UPSTREAM_AWAY: Self = Self {
        word: "upstream_away",
        title: "The edge or oauth2-proxy does not reach what is behind it.",
        looks: "\"Bad gateway\", or a connection that fails.",
        change: "Is oauth2-proxy running (it ends where its provider does not answer at the start), and the sidecar where the upstream says (oauth2-proxy alpha.yaml: uri, MCP_AUTH_LISTEN)? A newline at the end of proxy-secret does it, too: write it with `mcp-auth-sidecar secret`.",
    };
}
