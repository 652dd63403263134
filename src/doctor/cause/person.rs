//! What is wrong where a person signs in, and where nobody should.

use super::Cause;

impl Cause {
    pub(in super::super) const AUTHORIZE_OPEN: Self = Self {
        word: "authorize_open",
        title: "The authorization endpoint answers who is not signed in as somebody who is.",
        looks: "Nobody notices; anybody gets tokens, of whoever the sidecar takes them for.",
        change: "oauth2-proxy must stand before /oauth/authorize and /oauth/consent; nothing else may set X-Forwarded-User, X-Forwarded-Email and X-Sidecar-Auth.",
    };

    pub(in super::super) const CALLBACK_DIFFERS: Self = Self {
        word: "callback_differs",
        title: "After sign-in people are sent to another address than this one.",
        looks: "Google shows \"redirect_uri_mismatch\" (400), or the way ends on a page that cannot be reached.",
        change: "oauth2-proxy, core.cfg: cookie_secure = true (it makes the callback https), and no redirect_url. At the edge: `proxy_set_header Host $http_host;`.",
    };

    pub(in super::super) const FORWARDED_URI_TRUSTED: Self = Self {
        word: "forwarded_uri_trusted",
        title: "A caller chooses by X-Forwarded-Uri which path oauth2-proxy believes to be asked for, and so whether it asks to sign in.",
        looks: "Nobody notices; the sign-in can be gone around, and the sidecar's own proof alone keeps strangers out.",
        change: "oauth2-proxy, core.cfg: no reverse_proxy = true; where the edge needs it, trusted_proxy_ips, and the edge deletes X-Forwarded-Uri.",
    };

    pub(in super::super) const IDENTITY_FORGED: Self = Self {
        word: "identity_forged",
        title: "The sidecar believes headers that a caller sent: anybody can be anybody.",
        looks: "Nobody notices; anybody gets tokens of everybody.",
        change: "The sidecar's port or socket must be reachable by oauth2-proxy alone (MCP_AUTH_LISTEN), and MCP_AUTH_PROXY_SECRET_FILE and MCP_AUTH_ID_TOKEN_ISSUER set. Whoever injects X-Sidecar-Auth must delete the client's X-Forwarded-*.",
    };

    pub(in super::super) const SIGN_IN_ASKED: Self = Self {
        word: "sign_in_asked",
        title: "A sign-in is asked for where a program wants an answer.",
        looks: "\"Unexpected token '<'\", \"404\", \"does not support OAuth\", or a sign-in page that leads nowhere.",
        change: "oauth2-proxy, core.cfg: skip_auth_routes = ['!=^/(oauth/(authorize|consent)|oauth2/.*)$']",
    };

    pub(in super::super) const SIGN_IN_BUTTON: Self = Self {
        word: "sign_in_button",
        title: "oauth2-proxy shows a page with a button (403) instead of leading to the sign-in.",
        looks: "One more click for people; clients that look before they open a browser (FastMCP) stop.",
        change: "oauth2-proxy, core.cfg: skip_provider_button = true",
    };

    pub(in super::super) const SIGN_IN_MISSING: Self = Self {
        word: "sign_in_missing",
        title: "Nobody asks people to sign in: the sidecar itself answers that the request did not come through the proxy.",
        looks: "The browser shows \"You are not signed in\" instead of the organization's sign-in.",
        change: "oauth2-proxy, core.cfg: skip_auth_routes must not open /oauth/authorize and /oauth/consent; at the edge both must lead to oauth2-proxy; alpha.yaml: the list injectRequestHeaders.",
    };

    pub(in super::super) const SIGN_IN_REFUSED: Self = Self {
        word: "sign_in_refused",
        title: "Who is not signed in is refused at the authorization endpoint instead of led to the sign-in.",
        looks: "The browser shows a bare 401 or 403.",
        change: "oauth2-proxy, core.cfg: no force_json_errors, no api_routes for /oauth/authorize. nginx: `error_page 401 = @sign_in;`.",
    };
}
