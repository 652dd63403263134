//! The server with two sites, one of which has two resources, between the stand-in for the proxy and an MCP server.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::{part::Part, stand_in::StandIn};

const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

/// A client that is known by the address of its own description.
pub(crate) const DOCUMENT_CLIENT: &str = "https://judge.example/oauth/client.json";

#[derive(Debug)]
pub(crate) struct Ground {
    pub public: Site,
    pub internal: Site,
    /// Where everything that was printed lies until the next run.
    pub folder: PathBuf,
    ports: Ports,
    parts: Vec<Part>,
}

#[derive(Debug)]
pub(crate) struct Site {
    pub name: &'static str,
    pub issuer: String,
    pub resource: String,
    pub other_resource: String,
}

#[derive(Debug)]
struct Ports {
    sidecar: u16,
    admin: u16,
    mcp_server: u16,
}

impl Ground {
    pub(crate) async fn start() -> Result<Self, String> {
        the_tools_are_there()?;
        let door = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut ground = Self::on(door.local_addr().unwrap().port());
        let secret = ground.make_secrets();
        ground.parts = ground.start_parts()?;
        tokio::spawn(StandIn::new(ground.ports.sidecar, &secret).serve(door));
        Ok(ground)
    }

    fn on(stand_in: u16) -> Self {
        let (sidecar, admin, mcp_server) = (free_port(), free_port(), free_port());
        let public = format!("http://127.0.0.1:{stand_in}");
        let internal = format!("http://localhost:{stand_in}");
        let at = |origin: &str, path| format!("{origin}{path}");
        Self {
            ports: Ports { sidecar, admin, mcp_server },
            public: Site {
                name: "public",
                resource: at(&public, "/mcp"),
                other_resource: at(&public, "/other"),
                issuer: public.clone(),
            },
            // Its second resource is the public site's, so that tokens can differ in their issuer alone.
            internal: Site {
                name: "internal",
                resource: at(&internal, "/mcp"),
                other_resource: at(&public, "/mcp"),
                issuer: internal,
            },
            folder: fresh_folder(),
            parts: Vec::new(),
        }
    }

    fn make_secrets(&self) -> String {
        let secret = self.run_sidecar(&["secret"]);
        fs::write(self.folder.join("proxy-secret"), &secret).unwrap();
        self.run_sidecar(&["keys", "init"]);
        let document = json!({
            "client_id": DOCUMENT_CLIENT,
            "client_name": "A judge",
            "redirect_uris": ["http://127.0.0.1/callback"],
        });
        fs::create_dir(self.folder.join("documents")).unwrap();
        fs::write(self.folder.join("documents/judge.json"), document.to_string()).unwrap();
        secret
    }

    fn start_parts(&self) -> Result<Vec<Part>, String> {
        let Ports { admin, mcp_server, .. } = self.ports;
        let mut sidecar = self.part("sidecar", &[SIDECAR.to_owned()], &self.environment());
        let mut tools = self.part("mcp-server", &self.mcp_server(), &[]);
        sidecar.wait_until_it_answers(admin, "/readyz")?;
        tools.wait_until_it_answers(mcp_server, "/mcp")?;
        Ok(vec![sidecar, tools])
    }

    /// A program that runs beside the judges; its log lies in the folder.
    pub(crate) fn part(
        &self,
        name: &'static str,
        program: &[String],
        environment: &[(String, String)],
    ) -> Part {
        Part::start(name, self.folder.join(format!("{name}.log")), program, environment)
    }

    fn environment(&self) -> Vec<(String, String)> {
        let Ports { sidecar, admin, mcp_server, .. } = self.ports;
        let file = |name| self.folder.join(name).display().to_string();
        let resources = |site: &Site| format!("{},{}", site.resource, site.other_resource);
        [
            ("MCP_AUTH_SITES", "internal,public".to_owned()),
            ("MCP_AUTH_INTERNAL_ISSUER", self.internal.issuer.clone()),
            ("MCP_AUTH_INTERNAL_RESOURCES", resources(&self.internal)),
            ("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", "pinned".to_owned()),
            ("MCP_AUTH_PUBLIC_ISSUER", self.public.issuer.clone()),
            ("MCP_AUTH_PUBLIC_RESOURCES", resources(&self.public)),
            ("MCP_AUTH_PUBLIC_CLIENT_DOCUMENTS", "pinned".to_owned()),
            ("MCP_AUTH_CLIENT_DOCUMENTS_DIR", file("documents")),
            ("MCP_AUTH_SCOPES", "mcp,files".to_owned()),
            ("MCP_AUTH_LISTEN", format!("127.0.0.1:{sidecar}")),
            ("MCP_AUTH_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
            ("MCP_AUTH_KEYS_DIR", file("keys")),
            ("MCP_AUTH_PROXY_SECRET_FILE", file("proxy-secret")),
            ("MCP_AUTH_EMAIL_DOMAINS", "example.com".to_owned()),
            ("MCP_AUTH_UPSTREAM", format!("http://127.0.0.1:{mcp_server}")),
            ("MCP_AUTH_REGISTER_PER_MINUTE", "0".to_owned()),
            ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    fn mcp_server(&self) -> Vec<String> {
        let jwks = format!("http://127.0.0.1:{}/oauth/jwks", self.ports.sidecar);
        let script = format!("{TESTS}/e2e/parts/mcp_server.py");
        let start = [tool(".venv/bin/python"), script, self.ports.mcp_server.to_string(), jwks];
        start.into_iter().chain([self.internal.issuer.clone(), self.public.issuer.clone()]).collect()
    }

    fn run_sidecar(&self, arguments: &[&str]) -> String {
        let output =
            Command::new(SIDECAR).args(arguments).env_clear().envs(self.environment()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} failed: {said}");
        String::from_utf8(output.stdout).unwrap()
    }
}

pub(crate) fn tool(path: &str) -> String {
    format!("{TESTS}/tools/{path}")
}

/// A file of the folder `parts`.
pub(crate) fn part_file(name: &str) -> String {
    format!("{TESTS}/conformance/parts/{name}")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn the_tools_are_there() -> Result<(), String> {
    let check = Command::new(tool("install.sh")).arg("--check").output().unwrap();
    let complaint = || String::from_utf8_lossy(&check.stderr).trim().to_owned();
    check.status.success().then_some(()).ok_or_else(complaint)
}

fn fresh_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}
