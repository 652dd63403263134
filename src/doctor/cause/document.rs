//! What is wrong in the documents of discovery, in the keys, and at the endpoints that they name.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Document {
    #[error("A client that has just registered is unknown: replicas have different keys.")]
    ClientForgotten,
    #[error("The metadata names an endpoint at another origin than the issuer, or without https.")]
    EndpointElsewhere,
    #[error("The issuer is not the same text wherever it stands.")]
    IssuerDiffers,
    #[error("The published keys hold a private part: whoever read them can make tokens.")]
    JwksPrivate,
    #[error("The keys are kept for longer than a new one waits before it signs (24 h).")]
    JwksStale,
    #[error("The keys cannot be read, or none of them is one for ES256 with a name.")]
    JwksUnusable,
    #[error("The keys change from one request to the next: replicas have different ones.")]
    KeysDiffer,
    #[error("The metadata lacks what assistants look for before they begin.")]
    MetadataLacks,
    #[error("A document of discovery is not there.")]
    MetadataMissing,
    #[error("An assistant that should connect may not be answered here.")]
    NotInvited,
    #[error("The answer to a registration is not what clients take.")]
    RegistrationShape,
    #[error("The resource is another text than the address that people type.")]
    ResourceDiffers,
}

impl Document {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::ClientForgotten => (
                "Sign-in fails now and then with \"invalid_client\", and works the next time.",
                "All replicas must read the same MCP_AUTH_KEYS_DIR (one Secret, one volume), and MCP_AUTH_SITES the same settings.",
            ),
            Self::EndpointElsewhere => (
                "Assistants refuse it, or sign-in ends at an address that only the inside has.",
                "MCP_AUTH_<SITE>_ISSUER is the address that people use. Nothing between may rewrite the document (sub_filter).",
            ),
            Self::IssuerDiffers => (
                "\"Issuer mismatch\" before the browser opens, or after sign-in.",
                "MCP_AUTH_<SITE>_ISSUER, without a slash at its end, and the MCP server's own authorization_servers the same text.",
            ),
            Self::JwksPrivate => (
                "Nobody notices; every token may be forged.",
                "Whoever serves this file: it is MCP_AUTH_KEYS_DIR's, and not for the world. Then `keys stage access`, `keys promote access --force`, `keys retire access --force`.",
            ),
            Self::JwksStale => (
                "Once in a rotation every token is refused until the cache forgets.",
                "At the edge or CDN: no proxy_cache, expires or cache rule for /oauth/jwks; the sidecar says max-age=300.",
            ),
            Self::JwksUnusable => (
                "People sign in, and the MCP server refuses their tokens.",
                "Whoever answers at jwks_uri: it must be the sidecar's /oauth/jwks, unchanged.",
            ),
            Self::KeysDiffer => (
                "Tokens are refused now and then.",
                "All replicas must read the same MCP_AUTH_KEYS_DIR; a roll-out of keys takes MCP_AUTH_KEYS_POLL_SECS and the volume's own time.",
            ),
            Self::MetadataLacks => (
                "\"Incompatible auth server\", or another callback than the one that is allowed.",
                "The sidecar says it by itself: let its /.well-known/oauth-authorization-server through unchanged.",
            ),
            Self::MetadataMissing => (
                "\"Does not support OAuth\", or 404 at /register, /authorize or /token of the origin.",
                "At the edge: /.well-known/ must lead to oauth2-proxy or the sidecar. Else MCP_AUTH_<SITE>_RESOURCES lacks this address.",
            ),
            Self::NotInvited => (
                "\"invalid_redirect_uri\", or that registration failed, before the browser opens.",
                "MCP_AUTH_<SITE>_REDIRECTS: add the word in the line of the assistant below; MCP_AUTH_<SITE>_REGISTRATION=open.",
            ),
            Self::RegistrationShape => (
                "\"Invalid client information\", \"ZodError\", before the browser opens.",
                "Whoever answers at registration_endpoint: it must be the sidecar's /oauth/register, unchanged.",
            ),
            Self::ResourceDiffers => (
                "\"Protected resource does not match\" in Claude, Claude Code and VS Code, before the browser opens.",
                "Give people the address that was seen, letter by letter; or MCP_AUTH_<SITE>_RESOURCES.",
            ),
        };
        Words { looks, change }
    }
}
