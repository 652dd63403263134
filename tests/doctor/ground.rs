//! A healthy deployment: `localhost` is its internal site, `127.0.0.1` its public one, both behind the real oauth2-proxy.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::Command,
    sync::OnceLock,
};

use crate::{part::Part, run_folder::fresh_folder};

pub(crate) const SIDECAR: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

#[derive(Debug)]
pub(crate) struct Ground {
    pub folder: PathBuf,
    pub proxy: u16,
    pub sidecar: u16,
    pub admin: u16,
    pub provider: u16,
    pub parts: Vec<Part>,
}

pub(crate) fn ground() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(Ground::start)
}

impl Ground {
    fn start() -> Self {
        the_tools_are_there();
        let [proxy, sidecar, admin, provider] = free_ports();
        let mut ground =
            Self { folder: fresh_folder("doctor"), proxy, sidecar, admin, provider, parts: Vec::new() };
        for name in ["proxy-secret", "cookie-secret", "client-secret"] {
            ground.write(name, &operator(&["secret"], &[]));
        }
        operator(&["keys", "init", "--dir", &ground.file("keys")], &[]);
        let program =
            [tool("node_modules/.bin/node"), format!("{HERE}/e2e/parts/provider.mjs"), provider.to_string()];
        let mut part = Part::start("provider", ground.folder.join("provider.log"), &program, &[]);
        part.wait_until_it_answers(provider, "/.well-known/openid-configuration").unwrap();
        ground.parts.push(part);
        let part = ground.start_sidecar("sidecar", [sidecar, admin], &[]);
        ground.parts.push(part);
        let part = ground.start_proxy("oauth2-proxy", proxy, ground.proxy_files());
        ground.parts.push(part);
        ground
    }

    /// As people type it: of the internal site.
    pub(crate) fn internal(&self) -> String {
        format!("http://localhost:{}/mcp", self.proxy)
    }

    pub(crate) fn public(&self) -> String {
        format!("http://127.0.0.1:{}/mcp", self.proxy)
    }

    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Its address in the folder, where nobody else reads it.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    }
}

/// The binary as an operator runs it.
pub(crate) fn operator(arguments: &[&str], environment: &[(String, String)]) -> String {
    let environment = environment.iter().cloned();
    let output = Command::new(SIDECAR).args(arguments).env_clear().envs(environment).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?} failed: {said}");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn tool(path: &str) -> String {
    format!("{HERE}/tools/{path}")
}

/// Bound all at once, so that they differ.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let held: [_; N] = std::array::from_fn(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn the_tools_are_there() {
    let check = Command::new(tool("install.sh")).arg("--check").output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr).trim());
}
