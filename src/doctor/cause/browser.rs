//! What is wrong for clients that are pages in a browser.

use super::Cause;

impl Cause {
    pub(in super::super) const CORS_LOST: Self = Self {
        word: "cors_lost",
        title: "Pages in a browser may not read an answer: Access-Control-Allow-Origin is gone.",
        looks: "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
        change: "At the edge: no proxy_hide_header Access-Control-*; nginx's /mcp needs deploy/nginx/answers.conf in each location.",
    };

    pub(in super::super) const CORS_TWICE: Self = Self {
        word: "cors_twice",
        title: "Access-Control-Allow-Origin is there twice, which browsers refuse.",
        looks: "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
        change: "At the edge: no add_header Access-Control-Allow-Origin for what the sidecar answers, which says it itself.",
    };

    pub(in super::super) const NO_PAGES: Self = Self {
        word: "no_pages",
        title: "The MCP server takes no calls from web pages (it has no CORS).",
        looks: "The Inspector needs its proxy mode; programs and clouds do not care.",
        change: "Nothing, or CORS in the MCP server; the gateway (MCP_AUTH_UPSTREAM) has it.",
    };

    pub(in super::super) const PREFLIGHT_REFUSED: Self = Self {
        word: "preflight_refused",
        title: "The question that a browser asks first (OPTIONS) is refused.",
        looks: "\"Failed to fetch\" in the Inspector and other clients that are web pages.",
        change: "At the edge: OPTIONS must not be guarded (deploy/nginx/site.conf: `if ($request_method = OPTIONS) { return 204; }`).",
    };
}
