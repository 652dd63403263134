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
