//! What is wrong for clients that are pages in a browser.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Browser {
    #[error("Pages in a browser may not read an answer: Access-Control-Allow-Origin is gone.")]
    CorsLost,
    #[error("Access-Control-Allow-Origin is there twice, which browsers refuse.")]
    CorsTwice,
    #[error("The MCP server takes no calls from web pages (it has no CORS).")]
    NoPages,
    #[error("The question that a browser asks first (OPTIONS) is refused.")]
    PreflightRefused,
}

impl Browser {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::CorsLost => (
                "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
                "At the edge: no proxy_hide_header Access-Control-*; nginx's /mcp needs deploy/nginx/answers.conf in each location.",
            ),
            Self::CorsTwice => (
                "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
                "At the edge: no add_header Access-Control-Allow-Origin for what the sidecar answers, which says it itself.",
            ),
            Self::NoPages => (
                "The Inspector needs its proxy mode; programs and clouds do not care.",
                "Nothing, or CORS in the MCP server; the gateway (MCP_AUTH_UPSTREAM) has it.",
            ),
            Self::PreflightRefused => (
                "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
                "At the edge: OPTIONS must not be guarded (deploy/nginx/site.conf: `if ($request_method = OPTIONS) { return 204; }`).",
            ),
        };
        Words { looks, change }
    }
}
