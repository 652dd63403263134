//! What is behind the gateway, and where this deployment differs from that of the end-to-end tests: at the public site nobody may
//! register, but the assistants' own documents are known.

pub(crate) use crate::e2e::behind::start;
use crate::{e2e::behind, stack::Stack};

pub(crate) fn settings(stack: &Stack) -> Vec<(&'static str, String)> {
    let by_documents = [
        ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback"),
        ("MCP_AUTH_PUBLIC_REGISTRATION", "off"),
        ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned"),
    ];
    let by_documents = by_documents.map(|(name, value)| (name, value.to_owned()));
    [behind::settings(stack), by_documents.to_vec()].concat()
}
