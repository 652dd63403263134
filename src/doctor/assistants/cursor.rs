//! Cursor on the person's machine: by itself it may register and never open a browser, so people connect it through mcp-remote.

use super::Card;
pub(super) use super::mcp_remote::walk;

pub(super) const CARD: Card =
    Card { name: "Cursor", word: "cursor", preset: "loopback", provided: ", through mcp-remote" };
