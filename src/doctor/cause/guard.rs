//! What is wrong at the MCP server's own address: who may call, and what is told to who may not.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Guard {
    #[error("A token does not arrive: a bad one is answered as if there were none.")]
    AuthorizationStripped,
    #[error("The challenge names another document than this address's own.")]
    ChallengeElsewhere,
    #[error("The 401 has no WWW-Authenticate that names the document of this address.")]
    ChallengeLost,
    #[error("A method that assistants begin with is not answered like the others.")]
    MethodRefused,
    #[error("There is no MCP server at this address (404).")]
    NotServed,
    #[error("The MCP server answers who has no token.")]
    Unguarded,
}

impl Guard {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::AuthorizationStripped => (
                "Sign-in succeeds, and the assistant asks for it again, for ever.",
                "oauth2-proxy: no Authorization among injectRequestHeaders, no pass_authorization_header, no pass_basic_auth with a password. At the edge: no proxy_set_header Authorization.",
            ),
            Self::ChallengeElsewhere => (
                "The assistant asks an address that it does not reach, or refuses it as foreign.",
                "MCP_AUTH_<SITE>_ISSUER and MCP_AUTH_<SITE>_RESOURCES; with an MCP server that verifies itself, its own challenge.",
            ),
            Self::ChallengeLost => (
                "Claude and ChatGPT may not find where to sign in; others guess.",
                "nginx: no own error_page without `auth_request_set` and add_header WWW-Authenticate (deploy/nginx/site.conf, location @unauthorized); no proxy_hide_header WWW-Authenticate.",
            ),
            Self::MethodRefused => (
                "Gemini CLI begins with HEAD and finds no way to sign in.",
                "At the edge: no limit_except or method rule for the MCP server's path; all methods lead to the same place.",
            ),
            Self::NotServed => (
                "\"404\", \"not found\" as soon as the address is added.",
                "Is it the address that the page at / shows, with its path? Else MCP_AUTH_UPSTREAM is unset, or MCP_AUTH_<SITE>_RESOURCES has another path; without the gateway the edge must lead the path to the MCP server.",
            ),
            Self::Unguarded => (
                "Everything works, for everybody.",
                "The path must lead to the sidecar's gateway (MCP_AUTH_UPSTREAM), or the edge must ask it (auth_request /oauth/verify/…), or the MCP server must verify.",
            ),
        };
        Words { looks, change }
    }
}
