//! The servers, each a real one: what they are made with, where they stand, and how they are started.

use std::{
    array,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::{part::Part, ports::free_port, rust_sdk, tool};

/// One endpoint of one server.
#[derive(Debug)]
pub(crate) struct Server {
    pub name: &'static str,
    /// The package as the manifests of the test tools pin it.
    pub package: &'static str,
    pub transport: Transport,
    /// The path of its resource; empty for a server whose paths nobody can choose, which gets the bare origin.
    pub resource: &'static str,
    /// Where it stands beside the others, and what is typed into a client.
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
        ] = array::from_fn(|_| free_port());
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

    /// Its paths are its own, and not all below one.
    pub(crate) const fn needs_the_origin(&self) -> bool {
        self.resource.is_empty()
    }

    /// The name, the package with its version as it is pinned, and the transport: how a line of a table begins.
    pub(crate) fn label(&self) -> String {
        let Self { name, package, transport, .. } = self;
        let transport = match transport {
            Transport::Streamable => "streamable HTTP",
            Transport::Legacy => "HTTP with SSE",
        };
        format!("{name}, `{package}` {} | {transport}", version(package))
    }
}

/// Each part with the port and a path where it answers. Servers stand where `placed` puts them, but for those whose paths
/// nobody can choose; `folder` is where their tools look for files, and leave some.
pub(crate) fn start(
    folder: &Path,
    placed: fn(&'static str) -> &'static str,
) -> Vec<(Part, u16, &'static str)> {
    let folder = FOLDER.get_or_init(|| folder.to_owned());
    rust_sdk::start(at("/rust").port, placed("/rust"), folder);
    let script =
        |interpreter, script| vec![tool(interpreter), part_file(script), folder.display().to_string()];
    let python = |name| script(".venv/bin/python", name);
    let node = |name| script("node_modules/.bin/node", name);
    let address = |path| vec![at(path).port.to_string(), placed(path).to_owned()];
    let both = |path, legacy| [address(path), address(legacy)].concat();
    let started = |name, program: &[Vec<String>], path| {
        let log = folder.join(format!("{name}.log"));
        (Part::start(name, log, &program.concat(), &[]), at(path).port, placed(path))
    };
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
        started("bridge", &[bridge(placed("/bridge")), python("python_sdk.py")], "/bridge"),
    ]
}

pub(crate) fn folder() -> &'static Path {
    FOLDER.get().unwrap()
}

static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// What puts a server on HTTP that speaks on its standard input and output.
fn bridge(path: &str) -> Vec<String> {
    let port = at("/bridge").port.to_string();
    let program = [tool("node_modules/.bin/node"), tool("node_modules/.bin/mcp-proxy")];
    let options = ["--host", "127.0.0.1", "--port", &port, "--streamEndpoint", path, "--"];
    program.into_iter().chain(options.map(str::to_owned)).collect()
}

/// A file of the folder `parts`.
pub(crate) fn part_file(name: &str) -> String {
    format!("{ROOT}/tests/servers/parts/{name}")
}

fn at(path: &str) -> &'static Server {
    servers().iter().find(|server| server.path == path).unwrap()
}

/// As the manifests of the test tools pin it.
fn version(package: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(format!("{ROOT}/{path}")).unwrap();
    let after = |text: &str, start: &str| {
        let (_, rest) = text.split_once(start)?;
        Some(rest.split(['"', '\n']).next().unwrap().to_owned())
    };
    after(&read("tests/tools/requirements.txt"), &format!("\n{package}=="))
        .or_else(|| after(&read("tests/tools/package.json"), &format!("\"{package}\": \"")))
        .or_else(|| after(&read("Cargo.lock"), &format!("name = \"{package}\"\nversion = \"")))
        .unwrap()
}

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
