//! The parts of one topology, started from its folder in `deploy/`: `localhost` is the internal site, `127.0.0.1` the public one.

use std::{fs, os::unix::fs::PermissionsExt, panic, path::PathBuf, process::Command, thread};

use crate::{
    folder,
    part::{self, Part},
    ports::Ports,
    program::{Program, test_file, tool},
    secrets,
    shipped::{Substitutions, on_loopback},
    wire::Wire,
};

pub(crate) const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");

pub(crate) type Environment = Vec<(String, String)>;

#[derive(Debug)]
pub(crate) struct Stack {
    pub internal: Site,
    pub public: Site,
    pub ports: Ports,
    pub folder: PathBuf,
    pub proxy_secret: String,
    /// What the MCP server is called by.
    pub wire: Wire,
    /// The same before the sidecar, where a topology leads over it.
    pub sidecar_wire: Wire,
    /// Has another MCP server the whole origin, beside the one at `/mcp`?
    pub origin_is_a_resource: bool,
    topology: &'static str,
    parts: Vec<Part>,
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

    pub(crate) fn port(&self) -> u16 {
        self.host().split_once(':').unwrap().1.parse().unwrap()
    }
}

impl Stack {
    /// Nothing runs yet but what every topology needs: its provider.
    pub(crate) fn of(topology: &'static str, ports: Ports) -> Result<Self, String> {
        Self::within(folder::of_our_own(topology), topology, ports)
    }

    pub(crate) fn within(folder: PathBuf, topology: &'static str, ports: Ports) -> Result<Self, String> {
        the_tools_are_there()?;
        let mut stack = Self {
            internal: Site { issuer: format!("http://localhost:{}", ports.internal) },
            public: Site { issuer: format!("http://127.0.0.1:{}", ports.public) },
            folder,
            proxy_secret: secrets::noted(sidecar(&["secret"], &[])),
            wire: Wire::to(ports.mcp_server),
            sidecar_wire: Wire::to(ports.sidecar),
            origin_is_a_resource: false,
            topology,
            ports,
            parts: Vec::new(),
        };
        stack.write("proxy-secret", &stack.proxy_secret);
        stack.write("cookie-secret", &sidecar(&["secret"], &[]));
        stack.write("client-secret", &sidecar(&["secret"], &[]));
        let provider = stack.ports.provider;
        let program =
            [tool("node_modules/.bin/node"), test_file("e2e/parts/provider.mjs"), provider.to_string()];
        stack.start("provider", &program, &[], (provider, "/.well-known/openid-configuration"))?;
        Ok(stack)
    }

    pub(crate) fn provider(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.provider)
    }

    /// What a server that verifies by itself is told: the keys' address, and an issuer for each site.
    pub(crate) fn sites(&self) -> [String; 3] {
        let jwks_uri = format!("http://127.0.0.1:{}/jwks", self.ports.admin);
        [jwks_uri, self.internal.issuer.clone(), self.public.issuer.clone()]
    }

    pub(crate) fn start(
        &mut self,
        name: &'static str,
        program: &[String],
        environment: &[(String, String)],
        (port, path): (u16, &str),
    ) -> Result<(), String> {
        let mut started = Part::start(name, self.folder.join(format!("{name}.log")), program, environment);
        started.wait_until_it_answers(port, path)?;
        self.keep(started);
        Ok(())
    }

    /// Until the end of the tests.
    pub(crate) fn keep(&mut self, part: Part) {
        self.parts.push(part);
    }

    pub(crate) fn start_sidecar(&mut self, more: Substitutions<'_>) -> Result<(), String> {
        let environment = self.environment(more);
        sidecar(&["keys", "init"], &environment);
        sidecar(&["check"], &environment);
        self.start("sidecar", &[SIDECAR.to_owned()], &environment, (self.ports.admin, "/readyz"))
    }

    /// What the sidecar is told.
    pub(crate) fn environment(&self, more: Substitutions<'_>) -> Environment {
        let text = on_loopback(&self.shipped("sidecar.env"), &[self.for_the_sidecar(), more].concat());
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .chain(self.origin_is_a_resource.then(|| self.both_resources()))
            .collect()
    }

    pub(crate) fn start_proxy(
        &mut self,
        core: Substitutions<'_>,
        alpha: Substitutions<'_>,
    ) -> Result<(), String> {
        let program = self.proxy(core, alpha);
        self.start("oauth2-proxy", &program, &[], (self.ports.proxy, "/ping"))
    }

    /// Its command line, when its files are in the folder.
    pub(crate) fn proxy(&self, core: Substitutions<'_>, alpha: Substitutions<'_>) -> Vec<String> {
        let core = on_loopback(&self.shipped("core.cfg"), &[self.for_the_core(), core].concat());
        let alpha = on_loopback(&self.shipped("alpha.yaml"), &[self.for_alpha(), alpha].concat());
        vec![
            tool("bin/oauth2-proxy"),
            format!("--config={}", self.write("core.cfg", &core)),
            format!("--alpha-config={}", self.write("alpha.yaml", &alpha)),
        ]
    }

    /// On the other side of the wire.
    pub(crate) fn start_mcp_server(&mut self, program: &Program, ready: &str) -> Result<(), String> {
        let port = self.ports.mcp_server;
        self.start("mcp-server", &program.on(port), &[], (port, ready))
    }

    /// Its address in the folder, where nobody else reads it.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }

    pub(crate) fn shipped(&self, file: &str) -> String {
        format!("{}/{file}", self.topology)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub(crate) fn the_logs_keep_secrets(&self) {
        let files = fs::read_dir(&self.folder).unwrap().map(|file| file.unwrap().path());
        let logs: Vec<_> = files.filter(|path| path.extension().is_some_and(|kind| kind == "log")).collect();
        assert!(logs.len() >= self.parts.len(), "{logs:?}");
        for log in logs {
            let text = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
            assert_eq!(secrets::leaking_line(&text), None, "{} holds a secret", log.display());
        }
    }

    pub(crate) fn shows_its_logs_when_a_test_fails(self) -> Self {
        let logs: Vec<_> = self.parts.iter().map(|part| (part.name, part.log.clone())).collect();
        let (usual, topology) = (panic::take_hook(), self.topology);
        panic::set_hook(Box::new(move |info| {
            usual(info);
            if !thread::current().name().is_some_and(|test| test.starts_with(topology)) {
                return;
            }
            for (name, log) in &logs {
                eprintln!("--- {topology}: the end of {name}'s log ({})\n{}", log.display(), part::tail(log));
            }
        }));
        self
    }

    /// A sidecar that the proxy reaches by a port, and proves itself to with a secret.
    pub(crate) fn by_port(&self) -> Substitutions<'static> {
        vec![
            ("127.0.0.1:8080", format!("127.0.0.1:{}", self.ports.sidecar)),
            ("/etc/mcp-auth/proxy-secret", self.file("proxy-secret")),
        ]
    }

    fn both_resources(&self) -> (String, String) {
        let issuer = &self.internal.issuer;
        ("MCP_AUTH_INTERNAL_RESOURCES".to_owned(), format!("{issuer}/mcp,{issuer}"))
    }

    fn for_the_sidecar(&self) -> Substitutions<'static> {
        vec![
            ("https://mcp.internal.example", self.internal.issuer.clone()),
            ("https://mcp.example.com", self.public.issuer.clone()),
            ("127.0.0.1:8081", format!("127.0.0.1:{}", self.ports.admin)),
            ("/etc/mcp-auth/keys", self.file("keys")),
            ("https://accounts.google.com", self.provider()),
        ]
    }

    fn for_the_core(&self) -> Substitutions<'static> {
        vec![
            (r#""__Host-mcp_auth""#, r#""mcp_auth""#.to_owned()),
            ("cookie_secure        = true", "cookie_secure        = false".to_owned()),
            ("/etc/oauth2-proxy/cookie-secret", self.file("cookie-secret")),
        ]
    }

    fn for_alpha(&self) -> Substitutions<'static> {
        vec![
            (":4180", format!(":{}", self.ports.proxy)),
            ("/etc/oauth2-proxy/client-secret", self.file("client-secret")),
            ("https://accounts.google.com", self.provider()),
        ]
    }
}

fn sidecar(arguments: &[&str], environment: &[(String, String)]) -> String {
    let environment = environment.iter().cloned();
    let output = Command::new(SIDECAR).args(arguments).env_clear().envs(environment).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn the_tools_are_there() -> Result<(), String> {
    let check = Command::new(tool("install.sh")).arg("--check").output().unwrap();
    let complaint = || String::from_utf8_lossy(&check.stderr).trim().to_owned();
    check.status.success().then_some(()).ok_or_else(complaint)
}
