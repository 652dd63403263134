//! The assistants, one file for each: what it asks, in which order, and what it does not forgive.

mod chatgpt;
mod claude_code;
mod claude_desktop;
mod cursor;
mod cursor_cloud_agents;
mod gemini_enterprise;
mod inspector;
mod mcp_remote;
mod vs_code;

use super::cause::Finding;
use super::documents::{ResourceMetadata, ServerMetadata};
use super::road::{Client, Road};

/// Whose way is walked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assistant {
    ClaudeCode,
    Cursor,
    McpRemote,
    ClaudeDesktop,
    GeminiEnterprise,
    CursorCloudAgents,
    VsCode,
    Chatgpt,
    Inspector,
}

/// What is said of an assistant.
struct Card {
    name: &'static str,
    /// As it is written on a command line, and read by scripts.
    word: &'static str,
    /// The word of `MCP_AUTH_<SITE>_REDIRECTS` that lets it be answered.
    preset: &'static str,
    /// What it takes beside: the end of "would connect".
    provided: &'static str,
}

/// Of one that calls from a cloud of its vendor's, which sees no VPN.
const HOSTED: &str = ", if its vendor's cloud reaches this address";

/// Where a way ends that meets no obstacle.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It registered, and the sign-in would begin.
    Connects(Client),
    /// The same without registering: by its document, or because the operator minted its client.
    Known,
    /// Its callback may not be registered here.
    NotInvited,
}

/// The rest of the way of one that has a document: it need not register where documents are known. What becomes of a
/// registration shows whether its callbacks are admitted; whatever else is wrong there does not concern it.
async fn documented(
    road: Road<'_>,
    server: &ServerMetadata,
    callbacks: &[&str],
    usable: &[&str],
) -> Result<Outcome, Finding> {
    if !server.knows_documents() {
        return road.onward(server, callbacks, usable).await;
    }
    server.is_for_public_clients()?;
    let registers = server.registration_endpoint().is_some();
    let refused = registers && matches!(road.registered(server, callbacks, usable).await, Ok(None));
    Ok(if refused { Outcome::NotInvited } else { Outcome::Known })
}

impl Assistant {
    pub const ALL: [Self; 9] = [
        Self::ClaudeCode,
        Self::Cursor,
        Self::McpRemote,
        Self::ClaudeDesktop,
        Self::GeminiEnterprise,
        Self::CursorCloudAgents,
        Self::VsCode,
        Self::Chatgpt,
        Self::Inspector,
    ];

    pub fn word(self) -> &'static str {
        self.card().word
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assistant| assistant.word() == word)
    }

    pub(super) fn name(self) -> &'static str {
        self.card().name
    }

    pub(super) fn preset(self) -> &'static str {
        self.card().preset
    }

    pub(super) fn provided(self) -> &'static str {
        self.card().provided
    }

    fn card(self) -> Card {
        match self {
            Self::Chatgpt => chatgpt::CARD,
            Self::ClaudeCode => claude_code::CARD,
            Self::ClaudeDesktop => claude_desktop::CARD,
            Self::Cursor => cursor::CARD,
            Self::CursorCloudAgents => cursor_cloud_agents::CARD,
            Self::GeminiEnterprise => gemini_enterprise::CARD,
            Self::Inspector => inspector::CARD,
            Self::McpRemote => mcp_remote::CARD,
            Self::VsCode => vs_code::CARD,
        }
    }

    pub(super) async fn walk(self, road: Road<'_>) -> Result<Outcome, Finding> {
        match self {
            Self::Chatgpt => chatgpt::walk(road).await,
            Self::ClaudeCode => claude_code::walk(road).await,
            Self::ClaudeDesktop => claude_desktop::walk(road).await,
            Self::Cursor => cursor::walk(road).await,
            Self::CursorCloudAgents => cursor_cloud_agents::walk(road).await,
            Self::GeminiEnterprise => gemini_enterprise::walk(road).await,
            Self::Inspector => inspector::walk(road).await,
            Self::McpRemote => mcp_remote::walk(road).await,
            Self::VsCode => vs_code::walk(road).await,
        }
    }
}
