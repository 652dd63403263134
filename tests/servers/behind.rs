//! The servers behind the one sidecar: how it is told of them, and how they are started.

use crate::{
    part::Part,
    server::{self, servers},
    stack::Stack,
};

/// All on the internal site, each with a resource of its own.
pub(crate) fn settings(stack: &Stack) -> Vec<(&'static str, String)> {
    let resources: Vec<_> = servers().iter().map(|server| stack.internal.url(server.resource)).collect();
    let upstreams: Vec<_> =
        servers().iter().map(|server| format!("{}/={}", server.resource, server.origin())).collect();
    vec![("MCP_AUTH_INTERNAL_RESOURCES", resources.join(",")), ("MCP_AUTH_UPSTREAM", upstreams.join(","))]
}

/// Each part with the port and a path where it answers.
pub(crate) fn start(stack: &Stack) -> Vec<(Part, u16, &'static str)> {
    server::start(&stack.folder, |path| path)
}
