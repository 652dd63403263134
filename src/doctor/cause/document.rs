//! What is wrong in the documents of discovery, in the keys, and at the endpoints that they name.

use super::Cause;

impl Cause {
    pub(in super::super) const CLIENT_FORGOTTEN: Self = Self {
        word: "client_forgotten",
        title: "A client that has just registered is unknown: replicas have different keys.",
        looks: "Sign-in fails now and then with \"invalid_client\", and works the next time.",
        change: "All replicas must read the same MCP_AUTH_KEYS_DIR (one Secret, one volume), and MCP_AUTH_SITES the same settings.",
    };

    pub(in super::super) const ENDPOINT_ELSEWHERE: Self = Self {
        word: "endpoint_elsewhere",
        title: "The metadata names an endpoint at another origin than the issuer, or without https.",
        looks: "Assistants refuse it, or sign-in ends at an address that only the inside has.",
        change: "MCP_AUTH_<SITE>_ISSUER is the address that people use. Nothing between may rewrite the document (sub_filter).",
    };

    pub(in super::super) const ISSUER_DIFFERS: Self = Self {
        word: "issuer_differs",
        title: "The issuer is not the same text wherever it stands.",
        looks: "\"Issuer mismatch\" before the browser opens, or after sign-in.",
        change: "MCP_AUTH_<SITE>_ISSUER, without a slash at its end, and the MCP server's own authorization_servers the same text.",
    };

    pub(in super::super) const METADATA_LACKS: Self = Self {
        word: "metadata_lacks",
        title: "The metadata lacks what assistants look for before they begin.",
        looks: "\"Incompatible auth server\", or another callback than the one that is allowed.",
        change: "The sidecar says it by itself: let its /.well-known/oauth-authorization-server through unchanged.",
    };

    pub(in super::super) const METADATA_MISSING: Self = Self {
        word: "metadata_missing",
        title: "A document of discovery is not there.",
        looks: "\"Does not support OAuth\", or 404 at /register, /authorize or /token of the origin.",
        change: "At the edge: /.well-known/ must lead to oauth2-proxy or the sidecar. Else MCP_AUTH_<SITE>_RESOURCES lacks this address.",
    };

    pub(in super::super) const NOT_INVITED: Self = Self {
        word: "not_invited",
        title: "An assistant that should connect may not be answered here.",
        looks: "\"invalid_redirect_uri\", or that registration failed, before the browser opens.",
        change: "MCP_AUTH_<SITE>_REDIRECTS: add the word in the line of the assistant below; MCP_AUTH_<SITE>_REGISTRATION=open.",
    };

    pub(in super::super) const REGISTRATION_SHAPE: Self = Self {
        word: "registration_shape",
        title: "The answer to a registration is not what clients take.",
        looks: "\"Invalid client information\", \"ZodError\", before the browser opens.",
        change: "Whoever answers at registration_endpoint: it must be the sidecar's /oauth/register, unchanged.",
    };

    pub(in super::super) const RESOURCE_DIFFERS: Self = Self {
        word: "resource_differs",
        title: "The resource is another text than the address that people type.",
        looks: "\"Protected resource does not match\" in Claude, Claude Code and VS Code, before the browser opens.",
        change: "Give people the address that was seen, letter by letter; or MCP_AUTH_<SITE>_RESOURCES.",
    };
}
