//! What stands behind the gateway here: a `FastMCP` server that verifies each token once more.

use crate::{
    part::Part,
    stack::{Stack, part_file, tool},
};

/// What the sidecar is told of it.
pub(crate) fn settings(stack: &Stack) -> Vec<(&'static str, String)> {
    vec![("MCP_AUTH_UPSTREAM", format!("http://127.0.0.1:{}", stack.ports.mcp_server))]
}

/// Each part with the port and the path where it answers.
pub(crate) fn start(stack: &Stack) -> Vec<(Part, u16, &'static str)> {
    let port = stack.ports.mcp_server;
    let jwks = format!("http://127.0.0.1:{}/oauth/jwks", stack.ports.sidecar);
    let issuers = [stack.internal.issuer.clone(), stack.public.issuer.clone()];
    let start = [tool(".venv/bin/python"), part_file("mcp_server.py"), port.to_string(), jwks];
    let program: Vec<_> = start.into_iter().chain(issuers).collect();
    vec![(stack.part("mcp-server", &program, &[]), port, "/mcp")]
}
