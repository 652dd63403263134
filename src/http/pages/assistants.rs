//! How each assistant is connected to this very site: what to type, to paste, or to fill into a form.

use serde_json::{Map, Value, json};

use super::super::{authorize, token};
use crate::flow::Authority;
use crate::oauth::{RedirectUri, Resource};
use crate::site::{Registration, Site};

/// One assistant, in the order of what a person does.
pub(super) struct Way {
    pub(super) assistant: &'static str,
    pub(super) steps: &'static str,
    pub(super) texts: Vec<Text>,
}

/// Something to copy, and the field it is for.
pub(super) struct Text {
    pub(super) field: &'static str,
    pub(super) text: String,
}

/// A resource with the name that it gets in an assistant's list.
struct Named<'a> {
    name: String,
    url: &'a str,
}

struct Assistant {
    name: &'static str,
    steps: &'static str,
    /// Where it wants to be answered.
    callback: &'static str,
    /// It need not register itself where its document is known.
    has_document: bool,
    texts: fn(&[Named]) -> Vec<Text>,
}

/// Those that run on a person's own machine.
const LOCAL: [Assistant; 7] = [
    Assistant {
        name: "Claude Code",
        steps: "Type this in a terminal, one after the other. Older versions sign in with /mcp in a session. It is for the \
                folder you are in; with --scope user it is for all.",
        callback: "http://localhost:1/callback",
        has_document: true,
        texts: |all| {
            commands(all, |to| {
                let add = format!("claude mcp add --transport http {} {}", to.name, word(to.url));
                vec![add, format!("claude mcp login {}", to.name)]
            })
        },
    },
    Assistant {
        name: "Cursor",
        steps: "Put this into ~/.cursor/mcp.json, beside what is there. It goes through mcp-remote, which needs Node.js and \
                opens the browser. Claude Desktop takes the same in claude_desktop_config.json.",
        callback: "http://localhost:3335/oauth/callback",
        has_document: false,
        texts: |all| file("mcpServers", all, through_mcp_remote),
    },
    Assistant {
        name: "VS Code",
        steps: "Choose MCP: Open User Configuration in the command palette, and put this there, beside what is there. Then \
                MCP: List Servers, its name, and Start Server.",
        callback: "http://127.0.0.1:33418/",
        has_document: true,
        texts: |all| file("servers", all, |to| json!({"type": "http", "url": to.url})),
    },
    Assistant {
        name: "Gemini CLI",
        steps: "Type this in a terminal, then /mcp auth and the same name in a session, and say yes.",
        callback: "http://localhost:1/oauth/callback",
        has_document: false,
        // Without a scope it is for the folder that the terminal happens to be in.
        texts: |all| {
            commands(all, |to| {
                let (name, url) = (&to.name, word(to.url));
                vec![format!("gemini mcp add --scope user --transport http {name} {url}")]
            })
        },
    },
    Assistant {
        name: "Codex",
        steps: "Type this in a terminal. If no browser opens, type codex mcp login and the same name.",
        callback: "http://127.0.0.1:1/callback",
        has_document: true,
        texts: |all| commands(all, |to| vec![format!("codex mcp add {} --url {}", to.name, word(to.url))]),
    },
    Assistant {
        name: "GitHub Copilot CLI",
        steps: "Type this in a terminal. At its next start it signs in by itself; if not, type /mcp auth and the same name.",
        callback: "http://127.0.0.1:1/",
        has_document: false,
        texts: |all| {
            commands(all, |to| vec![format!("copilot mcp add --transport http {} {}", to.name, word(to.url))])
        },
    },
    Assistant {
        name: "opencode",
        steps: "Type this in a terminal, one after the other.",
        callback: "http://127.0.0.1:19876/mcp/oauth/callback",
        has_document: false,
        texts: |all| {
            commands(all, |to| {
                let add = format!("opencode mcp add {} --url {}", to.name, word(to.url));
                vec![add, format!("opencode mcp auth {}", to.name)]
            })
        },
    },
];

/// Those that run in a vendor's cloud.
const HOSTED: [Assistant; 3] = [
    Assistant {
        name: "Claude, on the desktop and on the web",
        steps: "Settings, Connectors, Add custom connector. Leave the advanced settings empty, then choose Connect. In an \
                organization’s plan an owner adds it first.",
        callback: "https://claude.ai/api/mcp/auth_callback",
        has_document: true,
        texts: |all| addresses(all, "Remote MCP server URL"),
    },
    Assistant {
        name: "ChatGPT",
        steps: "In developer mode: Settings, Apps and Connectors, Create. Choose OAuth.",
        callback: "https://chatgpt.com/connector_platform_oauth_redirect",
        has_document: true,
        texts: |all| addresses(all, "MCP Server URL"),
    },
    Assistant {
        name: "Cursor Cloud Agents",
        steps: "An admin of the Cursor team adds it in the dashboard, under MCP servers, as HTTP.",
        callback: "https://www.cursor.com/agents/mcp/oauth/callback",
        has_document: false,
        texts: |all| addresses(all, "URL"),
    },
];

/// The assistants on people's own machines that this site answers.
pub(super) fn local(site: &Site, product: Option<&str>) -> Vec<Way> {
    answered(&LOCAL, site, product)
}

/// The same of vendors' clouds.
pub(super) fn hosted(site: &Site, product: Option<&str>) -> Vec<Way> {
    answered(&HOSTED, site, product)
}

/// What a form asks for beside the client ID and the secret.
pub(super) fn form(here: &Authority) -> Way {
    let issuer = &here.site.issuer;
    let mut texts = addresses(&named(&here.site, None), "MCP server URL");
    texts.extend([
        Text { field: "Authorization URL", text: issuer.at(authorize::PATH) },
        Text { field: "Token URL", text: issuer.at(token::PATH) },
        Text { field: "Scopes", text: here.scopes().iter().collect::<Vec<_>>().join(" ") },
    ]);
    Way {
        assistant: "Gemini Enterprise, and any other that asks for a client ID and a secret",
        steps: "Get the client ID and the secret from the people who run this server; an admin fills in the form.",
        texts,
    }
}

fn answered(assistants: &[Assistant], site: &Site, product: Option<&str>) -> Vec<Way> {
    let all = named(site, product);
    let ours = assistants.iter().filter(|assistant| assistant.is_answered(site));
    ours.map(|of| Way { assistant: of.name, steps: of.steps, texts: (of.texts)(&all) }).collect()
}

impl Assistant {
    fn is_answered(&self, site: &Site) -> bool {
        let is_known =
            site.registration == Registration::Open || (self.has_document && site.knows_documents());
        let callback = RedirectUri::try_from(self.callback.to_owned());
        is_known && callback.is_ok_and(|uri| site.redirects.admits(&uri))
    }
}

/// Several resources are told apart by what stands before the last segment of their paths.
fn named<'a>(site: &'a Site, product: Option<&str>) -> Vec<Named<'a>> {
    let product = product.map(slug).filter(|slug| !slug.is_empty()).unwrap_or_else(|| "tools".to_owned());
    let name = |resource: &Resource| match slug(resource.path().trim_end_matches("/mcp")) {
        path if path.is_empty() || site.resources.single().is_some() => product.clone(),
        path => format!("{product}-{path}"),
    };
    site.resources.iter().map(|resource| Named { name: name(resource), url: resource.as_str() }).collect()
}

/// Letters and digits of ASCII in lower case, with hyphens between them: every assistant takes such a name.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// A word of a POSIX shell.
fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/%@+,=".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// Each line by itself: of two that are pasted at once the first program may swallow the second, as Claude Code does.
fn commands(all: &[Named], lines: fn(&Named) -> Vec<String>) -> Vec<Text> {
    all.iter().flat_map(lines).map(|text| Text { field: "", text }).collect()
}

fn addresses(all: &[Named], field: &'static str) -> Vec<Text> {
    all.iter().map(|to| Text { field, text: to.url.to_owned() }).collect()
}

/// Node.js knows an organization's own authority only where it is told to ask the machine; older ones do not read this.
fn through_mcp_remote(to: &Named) -> Value {
    json!({"command": "npx", "args": ["-y", "mcp-remote@latest", to.url], "env": {"NODE_USE_SYSTEM_CA": "1"}})
}

/// What belongs into a file of settings, under this member of it.
fn file(member: &str, all: &[Named], server: fn(&Named) -> Value) -> Vec<Text> {
    let servers: Map<String, Value> = all.iter().map(|to| (to.name.clone(), server(to))).collect();
    vec![Text {
        field: "",
        text: serde_json::to_string_pretty(&json!({ member: servers })).unwrap_or_default(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_made_of_letters_digits_and_hyphens() {
        for (text, made) in
            [("Example Corp Tools & Data", "example-corp-tools-data"), ("/reports/", "reports"), ("日本", "")]
        {
            assert_eq!(slug(text), made);
        }
    }

    #[test]
    fn a_word_of_the_shell_stays_one_word() {
        for (text, written) in [
            ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
            ("https://mcp.example.com/a;b", "'https://mcp.example.com/a;b'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(word(text), written);
        }
    }
}
