//! What is wrong where a person signs in, and where nobody should.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Person {
    #[error("The authorization endpoint answers who is not signed in as somebody who is.")]
    AuthorizeOpen,
    #[error("After sign-in people are sent to another address than this one.")]
    CallbackDiffers,
    #[error(
        "A caller chooses by X-Forwarded-Uri which path oauth2-proxy believes to be asked for, and so whether it asks to sign in."
    )]
    ForwardedUriTrusted,
    #[error("The sidecar believes headers that a caller sent: anybody can be anybody.")]
    IdentityForged,
    #[error("A sign-in is asked for where a program wants an answer.")]
    SignInAsked,
    #[error("oauth2-proxy shows a page with a button (403) instead of leading to the sign-in.")]
    SignInButton,
    #[error(
        "Nobody asks people to sign in: the sidecar itself answers that the request did not come through the proxy."
    )]
    SignInMissing,
    #[error("Who is not signed in is refused at the authorization endpoint instead of led to the sign-in.")]
    SignInRefused,
}

impl Person {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::AuthorizeOpen => (
                "Nobody notices; anybody gets tokens, of whoever the sidecar takes them for.",
                "oauth2-proxy must stand before /oauth/authorize and /oauth/consent; nothing else may set X-Forwarded-User, X-Forwarded-Email and X-Sidecar-Auth.",
            ),
            Self::CallbackDiffers => (
                "Google shows \"redirect_uri_mismatch\" (400), or the way ends on a page that cannot be reached.",
                "oauth2-proxy, core.cfg: cookie_secure = true (it makes the callback https), and no redirect_url. At the edge: `proxy_set_header Host $http_host;`.",
            ),
            Self::ForwardedUriTrusted => (
                "Nobody notices; the sign-in can be gone around, and the sidecar's own proof alone keeps strangers out.",
                "oauth2-proxy, core.cfg: no reverse_proxy = true; where the edge needs it, trusted_proxy_ips, and the edge deletes X-Forwarded-Uri.",
            ),
            Self::IdentityForged => (
                "Nobody notices; anybody gets tokens of everybody.",
                "The sidecar's port or socket must be reachable by oauth2-proxy alone (MCP_AUTH_LISTEN), and MCP_AUTH_PROXY_SECRET_FILE and MCP_AUTH_ID_TOKEN_ISSUER set. Whoever injects X-Sidecar-Auth must delete the client's X-Forwarded-*.",
            ),
            Self::SignInAsked => (
                "\"Unexpected token '<'\", \"404\", \"does not support OAuth\", or a sign-in page that leads nowhere.",
                "oauth2-proxy, core.cfg: skip_auth_routes = ['!=^/(oauth/(authorize|consent)|oauth2/.*)$']",
            ),
            Self::SignInButton => (
                "One more click for people; clients that look before they open a browser (FastMCP) stop.",
                "oauth2-proxy, core.cfg: skip_provider_button = true",
            ),
            Self::SignInMissing => (
                "The browser shows \"You are not signed in\" instead of the organization's sign-in.",
                "oauth2-proxy, core.cfg: skip_auth_routes must not open /oauth/authorize and /oauth/consent; at the edge both must lead to oauth2-proxy; alpha.yaml: the list injectRequestHeaders.",
            ),
            Self::SignInRefused => (
                "The browser shows a bare 401 or 403.",
                "oauth2-proxy, core.cfg: no force_json_errors, no api_routes for /oauth/authorize. nginx: `error_page 401 = @sign_in;`.",
            ),
        };
        Words { looks, change }
    }
}
