//! The release binary as a child process, on a folder with its keys and its proxy's secret.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mcp_auth_sidecar::artifact::AccessToken;
use mcp_auth_sidecar::clock::Clock;
use mcp_auth_sidecar::seal::keys_dir::Keys;
use mcp_auth_sidecar::seal::{Sealed, Sealer};
use tempfile::TempDir;

use crate::Outcome;
use crate::process::{Process, until};
use crate::wire::{Wire, request};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_mcp-auth-sidecar");
/// Whom requests name as their `Host`.
pub(crate) const HOST: &str = "mcp.example.com";
pub(crate) const ISSUER: &str = "https://mcp.example.com";

/// What all replicas share.
pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) secret: String,
}

impl Home {
    pub(crate) fn new() -> Outcome<Self> {
        let dir = TempDir::new()?;
        keys(&dir.path().join("keys"), &["init"])?;
        let secret = String::from_utf8(Command::new(BINARY).arg("secret").output()?.stdout)?;
        fs::write(dir.path().join("secret"), &secret)?;
        Ok(Self { dir, secret })
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.dir.path().join("keys")
    }

    /// Where the sidecars write their log lines.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    pub(crate) fn sidecar(&self, settings: &[(&str, &str)]) -> Outcome<Sidecar> {
        let sidecar = self.started(settings)?;
        let jwks = request(&["GET /oauth/jwks", "Host: any"], "");
        until("the sidecar answers", || Wire::to(sidecar.address).ask(&jwks))?;
        Ok(sidecar)
    }

    /// Not waited for.
    pub(crate) fn started(&self, settings: &[(&str, &str)]) -> Outcome<Sidecar> {
        let (address, admin) = (free_address()?, free_address()?);
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(BINARY);
        command
            .env("MCP_AUTH_DEFAULT_ISSUER", ISSUER)
            .env("MCP_AUTH_LISTEN", address.to_string())
            .env("MCP_AUTH_ADMIN_LISTEN", admin.to_string())
            .env("MCP_AUTH_EMAIL_DOMAINS", "example.com")
            .env("MCP_AUTH_PROXY_SECRET_FILE", self.dir.path().join("secret"))
            .env("MCP_AUTH_KEYS_DIR", self.keys())
            .env("MCP_AUTH_REGISTER_PER_MINUTE", "0")
            .env("MCP_AUTH_LOG", "warn")
            .envs(settings.iter().copied())
            .stderr(log);
        Ok(Sidecar { process: Process::start(&mut command)?, address, admin })
    }

    /// The same token signed anew, which no cache has seen.
    pub(crate) fn signed_anew(&self, token: &str, times: u32) -> Outcome<Vec<String>> {
        let sealer = Sealer::new(ISSUER.to_owned().try_into()?, Keys::read(&self.keys())?);
        let claims: AccessToken = sealer.open(&Sealed::new(token), Clock::system().now())?;
        (0..times).map(|_| Ok(sealer.seal(&claims)?.into_text())).collect()
    }
}

pub(crate) struct Sidecar {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// `keys init|stage|…` on a folder.
pub(crate) fn keys(dir: &Path, words: &[&str]) -> Outcome<()> {
    let mut command = Command::new(BINARY);
    let done = command.arg("keys").args(words).arg("--dir").arg(dir).stdout(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(format!("keys {words:?} failed").into()) }
}

pub(crate) fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
