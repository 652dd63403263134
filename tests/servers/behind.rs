//! The servers behind the one sidecar: what they are made with, how they are reached, and how they are started.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{
    part::Part,
    rust_sdk,
    stack::{Stack, tool},
};

/// One endpoint of one server.
#[derive(Debug)]
pub(crate) struct Server {
    pub name: &'static str,
    /// The package as the manifests of the test tools pin it.
    pub package: &'static str,
    pub transport: Transport,
    /// The path of its resource; empty for a server whose paths nobody can choose, which gets the bare origin.
    pub resource: &'static str,
    /// What is typed into a client.
    pub path: &'static str,
    pub port: u16,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Transport {
    /// One path, sessions or none.
    Streamable,
    /// A stream of events that names another path, where messages are posted.
    Legacy,
}

pub(crate) fn servers() -> &'static [Server] {
    static SERVERS: OnceLock<Vec<Server>> = OnceLock::new();
    SERVERS.get_or_init(|| {
        use Transport::{Legacy, Streamable};
        // Bound all at once, so that they differ.
        let held: [_; 9] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let ports = held.map(|listener| listener.local_addr().unwrap().port());
        let [
            python,
            python_sse,
            fastmcp,
            fastmcp_sse,
            typescript,
            typescript_sse,
            typescript_2,
            rust,
            bridge,
        ] = ports;
        let server = |(name, package), transport, path, port| {
            let resource = if path == "/sse" { "" } else { path };
            Server { name, package, transport, resource, path, port }
        };
        let python_sdk = ("Python SDK", "mcp");
        let typescript_sdk = ("TypeScript SDK", "@modelcontextprotocol/sdk");
        let typescript_sdk_2 = ("TypeScript SDK", "@modelcontextprotocol/server");
        let bridged = ("stdio behind a bridge", "mcp-proxy");
        vec![
            server(python_sdk, Streamable, "/python", python),
            server(python_sdk, Legacy, "/python-sse", python_sse),
            server(("FastMCP", "fastmcp"), Streamable, "/fastmcp", fastmcp),
            server(("FastMCP", "fastmcp"), Legacy, "/fastmcp-sse", fastmcp_sse),
            server(typescript_sdk, Streamable, "/typescript", typescript),
            server(typescript_sdk, Legacy, "/typescript-sse", typescript_sse),
            server(typescript_sdk_2, Streamable, "/typescript-2", typescript_2),
            server(("Rust SDK", "rmcp"), Streamable, "/rust", rust),
            server(bridged, Streamable, "/bridge", bridge),
            server(bridged, Legacy, "/sse", bridge),
        ]
    })
}

impl Server {
    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// All on the internal site, each with a resource of its own.
pub(crate) fn settings(stack: &Stack) -> Vec<(&'static str, String)> {
    let resources: Vec<_> = servers().iter().map(|server| stack.internal.url(server.resource)).collect();
    let upstreams: Vec<_> =
        servers().iter().map(|server| format!("{}/={}", server.resource, server.origin())).collect();
    vec![("MCP_AUTH_INTERNAL_RESOURCES", resources.join(",")), ("MCP_AUTH_UPSTREAM", upstreams.join(","))]
}

/// Each part with the port and a path where it answers.
pub(crate) fn start(stack: &Stack) -> Vec<(Part, u16, &'static str)> {
    let folder = FOLDER.get_or_init(|| stack.folder.clone());
    rust_sdk::start(at("/rust").port, folder);
    let script =
        |interpreter, script| vec![tool(interpreter), part_file(script), folder.display().to_string()];
    let python = |name| script(".venv/bin/python", name);
    let node = |name| script("node_modules/.bin/node", name);
    let started =
        |name, program: &[Vec<String>], path| (stack.part(name, &program.concat(), &[]), at(path).port, path);
    let both = |path, legacy| [address(path), address(legacy)].concat();
    vec![
        started("python-sdk", &[python("python_sdk.py"), both("/python", "/python-sse")], "/python"),
        started("fastmcp", &[python("fastmcp_server.py"), both("/fastmcp", "/fastmcp-sse")], "/fastmcp"),
        started(
            "typescript-sdk",
            &[node("typescript_sdk.mjs"), both("/typescript", "/typescript-sse")],
            "/typescript",
        ),
        started(
            "typescript-sdk-2",
            &[node("typescript_sdk_2.mjs"), address("/typescript-2")],
            "/typescript-2",
        ),
        started("bridge", &[bridge(), python("python_sdk.py")], "/bridge"),
    ]
}

/// Where the tools of the servers look for files, and leave some.
pub(crate) fn folder() -> &'static Path {
    FOLDER.get().unwrap()
}

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// As the scripts are told of it.
fn address(path: &str) -> Vec<String> {
    vec![at(path).port.to_string(), path.to_owned()]
}

/// What puts a server on HTTP that speaks on its standard input and output.
fn bridge() -> Vec<String> {
    let port = at("/bridge").port.to_string();
    let program = [tool("node_modules/.bin/node"), tool("node_modules/.bin/mcp-proxy")];
    let options = ["--host", "127.0.0.1", "--port", &port, "--streamEndpoint", "/bridge", "--"];
    program.into_iter().chain(options.map(str::to_owned)).collect()
}

/// A file of the folder `parts`.
pub(crate) fn part_file(name: &str) -> String {
    format!("{}/tests/servers/parts/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn at(path: &str) -> &'static Server {
    servers().iter().find(|server| server.path == path).unwrap()
}
