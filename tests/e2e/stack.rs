//! The parts, started once for all tests, and the two sites they make: `localhost` is the internal one, `127.0.0.1` the public one.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    ops::Deref,
    os::unix::fs::PermissionsExt,
    panic,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    thread,
};

use serde_json::Value;

use crate::{behind, part::Part, run_folder::fresh_folder, secrets};

pub(crate) const OIDC_CLIENT: &str = "e2e.apps.example";
const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
pub(crate) const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e");
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools");

/// The stack for one test; when the test is over, the sidecar's log must have kept its secrets.
pub(crate) fn stack() -> Watched {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    match STACK.get_or_init(Stack::start) {
        Ok(stack) => Watched(stack),
        Err(sentence) => panic!("{sentence}"),
    }
}

pub(crate) struct Watched(&'static Stack);

impl Deref for Watched {
    type Target = Stack;

    fn deref(&self) -> &Stack {
        self.0
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.0.assert_the_log_keeps_secrets();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Stack {
    pub ports: Ports,
    pub internal: Site,
    pub public: Site,
    pub folder: PathBuf,
    pub proxy_secret: String,
    sidecar_log: PathBuf,
    parts: Vec<Part>,
}

#[derive(Debug)]
pub(crate) struct Ports {
    pub proxy: u16,
    pub sidecar: u16,
    pub admin: u16,
    pub provider: u16,
    pub mcp_server: u16,
    /// Kept for the one client that wants to be told where to listen.
    pub callback: u16,
}

#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub issuer: String,
}

impl Site {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    pub(crate) fn host(&self) -> &str {
        self.issuer.trim_start_matches("http://")
    }
}

impl Stack {
    pub(crate) fn provider(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.provider)
    }

    /// `client mint`, as the operator runs it beside the running sidecar.
    pub(crate) fn mint(&self, arguments: &[&str]) -> (String, String) {
        let minted = self.run_sidecar(&[&["client", "mint", "--json"], arguments].concat());
        let minted: Value = serde_json::from_str(&minted).unwrap();
        let text = |member: &str| minted[member].as_str().unwrap().to_owned();
        (text("client_id"), secrets::noted(text("client_secret")))
    }

    pub(crate) fn assert_the_log_keeps_secrets(&self) {
        let log = fs::read(&self.sidecar_log).unwrap();
        let leak = secrets::leaking_line(&String::from_utf8_lossy(&log));
        assert_eq!(leak, None, "the sidecar's log holds a secret");
    }

    fn start() -> Result<Self, String> {
        the_tools_are_there()?;
        let folder = fresh_folder("e2e");
        let ports = Ports::free();
        let site = |host| Site { issuer: format!("http://{host}:{}", ports.proxy) };
        let mut stack = Self {
            internal: site("localhost"),
            public: site("127.0.0.1"),
            proxy_secret: String::new(),
            sidecar_log: folder.join("sidecar.log"),
            parts: Vec::new(),
            folder,
            ports,
        };
        stack.make_secrets();
        stack.parts = stack.start_parts()?;
        stack.show_the_logs_when_a_test_fails();
        Ok(stack)
    }

    fn make_secrets(&mut self) {
        self.proxy_secret = secrets::noted(self.run_sidecar(&["secret"]));
        self.write("upstream-secret", &self.proxy_secret);
        self.write("cookie-secret", &self.run_sidecar(&["secret"]));
        self.write("client-secret", &self.run_sidecar(&["secret"]));
        self.run_sidecar(&["keys", "init"]);
    }

    fn start_parts(&self) -> Result<Vec<Part>, String> {
        let Ports { proxy, admin, provider, .. } = self.ports;
        let mut behind = behind::start(self);
        let mut provider_part = self.part("provider", &node("provider.mjs", &[provider.to_string()]), &[]);
        provider_part.wait_until_it_answers(provider, "/.well-known/openid-configuration")?;
        let mut sidecar_part =
            self.part("sidecar", &[SIDECAR.to_owned(), "serve".to_owned()], &self.environment());
        let mut proxy_part = self.part("oauth2-proxy", &self.proxy(), &[]);
        sidecar_part.wait_until_it_answers(admin, "/readyz")?;
        proxy_part.wait_until_it_answers(proxy, "/ping")?;
        behind.iter_mut().try_for_each(|(part, port, path)| part.wait_until_it_answers(*port, path))?;
        let behind = behind.into_iter().map(|(part, ..)| part);
        Ok([proxy_part, sidecar_part, provider_part].into_iter().chain(behind).collect())
    }

    pub(crate) fn part(
        &self,
        name: &'static str,
        program: &[String],
        environment: &[(String, String)],
    ) -> Part {
        Part::start(name, self.folder.join(format!("{name}.log")), program, environment)
    }

    fn environment(&self) -> Vec<(String, String)> {
        let Ports { sidecar, admin, .. } = self.ports;
        let file = |name| self.folder.join(name).display().to_string();
        let settings = [
            ("MCP_AUTH_SITES", "internal,public".to_owned()),
            ("MCP_AUTH_INTERNAL_ISSUER", self.internal.issuer.clone()),
            ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback,cursor,vscode".to_owned()),
            ("MCP_AUTH_PUBLIC_ISSUER", self.public.issuer.clone()),
            ("MCP_AUTH_PUBLIC_REDIRECTS", "claude,cursor".to_owned()),
            ("MCP_AUTH_LISTEN", format!("127.0.0.1:{sidecar}")),
            ("MCP_AUTH_ADMIN_LISTEN", format!("127.0.0.1:{admin}")),
            ("MCP_AUTH_KEYS_DIR", file("keys")),
            ("MCP_AUTH_PROXY_SECRET_FILE", file("upstream-secret")),
            ("MCP_AUTH_ID_TOKEN_ISSUER", self.provider()),
            ("MCP_AUTH_ID_TOKEN_AUDIENCE", OIDC_CLIENT.to_owned()),
            ("MCP_AUTH_EMAIL_DOMAINS", "example.com".to_owned()),
            ("MCP_AUTH_REGISTER_PER_MINUTE", "0".to_owned()),
            ("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0".to_owned()),
            ("MCP_AUTH_LOG", "debug".to_owned()),
        ];
        let all = settings.into_iter().chain(behind::settings(self));
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// The configurations in the folder `parts` are the ones an operator would use, in their form for plain http on loopback.
    fn proxy(&self) -> Vec<String> {
        let filled = |text: &str| {
            text.replace("@FOLDER@", &self.folder.display().to_string())
                .replace("@PROXY@", &self.ports.proxy.to_string())
                .replace("@SIDECAR@", &self.ports.sidecar.to_string())
                .replace("@PROVIDER@", &self.provider())
                .replace("@CLIENT@", OIDC_CLIENT)
        };
        self.write("core.cfg", &filled(include_str!("parts/core.cfg")));
        self.write("alpha.yaml", &filled(include_str!("parts/alpha.yaml")));
        let file = |name| self.folder.join(name).display().to_string();
        vec![
            tool("bin/oauth2-proxy"),
            format!("--config={}", file("core.cfg")),
            format!("--alpha-config={}", file("alpha.yaml")),
        ]
    }

    fn run_sidecar(&self, arguments: &[&str]) -> String {
        let output =
            Command::new(SIDECAR).args(arguments).env_clear().envs(self.environment()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?} failed: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn show_the_logs_when_a_test_fails(&self) {
        let logs: Vec<_> = self.parts.iter().map(|part| (part.name, part.log.clone())).collect();
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            usual(info);
            for (name, log) in &logs {
                eprintln!("--- the end of {name}'s log ({})\n{}", log.display(), crate::part::tail(log));
            }
        }));
    }
}

impl Ports {
    /// Bound all at once, so that they differ.
    fn free() -> Self {
        let held: [_; 6] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [proxy, sidecar, admin, provider, mcp_server, callback] =
            held.map(|listener| listener.local_addr().unwrap().port());
        Self { proxy, sidecar, admin, provider, mcp_server, callback }
    }
}

/// The command line of a Node script in the folder `parts`.
pub(crate) fn node(script: &str, arguments: &[String]) -> Vec<String> {
    let start = [tool("node_modules/.bin/node"), part_file(script)];
    start.into_iter().chain(arguments.iter().cloned()).collect()
}

pub(crate) fn tool(path: &str) -> String {
    format!("{TOOLS}/{path}")
}

pub(crate) fn part_file(name: &str) -> String {
    format!("{HERE}/parts/{name}")
}

fn the_tools_are_there() -> Result<(), String> {
    let check = Command::new(format!("{TOOLS}/install.sh")).arg("--check").output().unwrap();
    if check.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&check.stderr).trim().to_owned())
    }
}
