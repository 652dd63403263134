//! What is wrong at the MCP server's own address: who may call, and what is told to who may not.

use super::Cause;

impl Cause {
    pub(in super::super) const AUTHORIZATION_STRIPPED: Self = Self {
        word: "authorization_stripped",
        title: "A token does not arrive: a bad one is answered as if there were none.",
        looks: "Sign-in succeeds, and the assistant asks for it again, for ever.",
        change: "oauth2-proxy: no Authorization among injectRequestHeaders, no pass_authorization_header, no pass_basic_auth with a password. At the edge: no proxy_set_header Authorization.",
    };

    pub(in super::super) const CHALLENGE_ELSEWHERE: Self = Self {
        word: "challenge_elsewhere",
        title: "The challenge names another document than this address's own.",
        looks: "The assistant asks an address that it does not reach, or refuses it as foreign.",
        change: "MCP_AUTH_<SITE>_ISSUER and MCP_AUTH_<SITE>_RESOURCES; with an MCP server that verifies itself, its own challenge.",
    };

    pub(in super::super) const CHALLENGE_LOST: Self = Self {
        word: "challenge_lost",
        title: "The 401 has no WWW-Authenticate that names the document of this address.",
        looks: "Claude and ChatGPT may not find where to sign in; others guess.",
        change: "nginx: no own error_page without `auth_request_set` and add_header WWW-Authenticate (deploy/nginx/site.conf, location @unauthorized); no proxy_hide_header WWW-Authenticate.",
    };

    pub(in super::super) const METHOD_REFUSED: Self = Self {
        word: "method_refused",
        title: "A method that assistants begin with is not answered like the others.",
        looks: "Gemini CLI begins with HEAD and finds no way to sign in.",
        change: "At the edge: no limit_except or method rule for the MCP server's path; all methods lead to the same place.",
    };

    pub(in super::super) const NOT_SERVED: Self = Self {
        word: "not_served",
        title: "There is no MCP server at this address (404).",
        looks: "\"404\", \"not found\" as soon as the address is added.",
        change: "Is it the address that the page at / shows, with its path? Else MCP_AUTH_UPSTREAM is unset, or MCP_AUTH_<SITE>_RESOURCES has another path; without the gateway the edge must lead the path to the MCP server.",
    };

    pub(in super::super) const UNGUARDED: Self = Self {
        word: "unguarded",
        title: "The MCP server answers who has no token.",
        looks: "Everything works, for everybody.",
        change: "The path must lead to the sidecar's gateway (MCP_AUTH_UPSTREAM), or the edge must ask it (auth_request /oauth/verify/…), or the MCP server must verify.",
    };
}
