//! The assistants, one file for each: what it asks, in which order, and what it does not forgive.

mod chatgpt;
mod claude_code;
mod claude_desktop;
mod cursor;
mod gemini_enterprise;
mod inspector;
mod mcp_remote;
mod vs_code;

use super::cause::Finding;
use super::documents::ServerMetadata;
use super::road::{Client, Road};

/// Whose way is walked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Assistant {
    ClaudeCode,
    Cursor,
    McpRemote,
    ClaudeDesktop,
    GeminiEnterprise,
    VsCode,
    Chatgpt,
    Inspector,
}

/// Where a way ends that meets no obstacle.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It registered, and the sign-in would begin.
    Connects(Client),
    /// It is known by its document, and the sign-in would begin.
    Documented,
    /// The operator mints its client.
    Minted,
    /// Its callback may not be registered here.
    NotInvited,
}

/// The rest of the way of one that has a document: it need not register where documents are known.
async fn documented(road: Road<'_>, server: &ServerMetadata, callbacks: &[&str]) -> Result<Outcome, Finding> {
    server.is_for_public_clients()?;
    if server.knows_documents() {
        return Ok(Outcome::Documented);
    }
    road.onward(server, callbacks, callbacks).await
}

impl Assistant {
    pub const ALL: [Self; 8] = [
        Self::ClaudeCode,
        Self::Cursor,
        Self::McpRemote,
        Self::ClaudeDesktop,
        Self::GeminiEnterprise,
        Self::VsCode,
        Self::Chatgpt,
        Self::Inspector,
    ];

    /// As it is written on a command line, and read by scripts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Chatgpt => "chatgpt",
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Cursor => "cursor",
            Self::GeminiEnterprise => "gemini-enterprise",
            Self::Inspector => "inspector",
            Self::McpRemote => "mcp-remote",
            Self::VsCode => "vs-code",
        }
    }

    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assistant| assistant.word() == word)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Chatgpt => chatgpt::NAME,
            Self::ClaudeCode => claude_code::NAME,
            Self::ClaudeDesktop => claude_desktop::NAME,
            Self::Cursor => cursor::NAME,
            Self::GeminiEnterprise => gemini_enterprise::NAME,
            Self::Inspector => inspector::NAME,
            Self::McpRemote => mcp_remote::NAME,
            Self::VsCode => vs_code::NAME,
        }
    }

    /// The word of `MCP_AUTH_<SITE>_REDIRECTS` that lets it be answered.
    pub(super) fn preset(self) -> &'static str {
        match self {
            Self::Chatgpt => "chatgpt",
            Self::ClaudeCode | Self::Inspector | Self::McpRemote => "loopback",
            Self::ClaudeDesktop => "claude",
            Self::Cursor => "cursor",
            Self::GeminiEnterprise => "",
            Self::VsCode => "vscode",
        }
    }

    /// It calls from a cloud of its vendor's, which sees no VPN.
    pub(super) fn is_hosted(self) -> bool {
        matches!(self, Self::Chatgpt | Self::ClaudeDesktop)
    }

    pub(super) async fn walk(self, road: Road<'_>) -> Result<Outcome, Finding> {
        match self {
            Self::Chatgpt => chatgpt::walk(road).await,
            Self::ClaudeCode => claude_code::walk(road).await,
            Self::ClaudeDesktop => claude_desktop::walk(road).await,
            Self::Cursor => cursor::walk(road).await,
            Self::GeminiEnterprise => gemini_enterprise::walk(road).await,
            Self::Inspector => inspector::walk(road).await,
            Self::McpRemote => mcp_remote::walk(road).await,
            Self::VsCode => vs_code::walk(road).await,
        }
    }
}
