//! What is wrong with the host: lost on the way, or answered where it should not be.

use super::Cause;

impl Cause {
    pub(in super::super) const ANY_HOST: Self = Self {
        word: "any_host",
        title: "A host that nobody has is answered like this one.",
        looks: "Nobody notices; a page of another name may get at the server through a browser inside (DNS rebinding).",
        change: "At the edge: `proxy_set_header Host $http_host;` and a default_server that answers 421; in the sidecar Host alone picks the site.",
    };

    pub(in super::super) const FOREIGN_HOST: Self = Self {
        word: "foreign_host",
        title: "The host of another site is answered at this address.",
        looks: "Nobody notices; what was meant for the inside is reachable from here.",
        change: "At the edge: each address its own server_name, and `return 421;` in the default_server (deploy/nginx/nginx.conf, deploy/caddy/Caddyfile).",
    };

    pub(in super::super) const MISDIRECTED: Self = Self {
        word: "misdirected",
        title: "The sidecar does not know this host (421).",
        looks: "\"Could not connect\", \"421 Misdirected Request\" in every assistant.",
        change: "At the edge: `proxy_set_header Host $http_host;`, in oauth2-proxy no passHostHeader: false. Else MCP_AUTH_<SITE>_ISSUER is another host.",
    };
}
