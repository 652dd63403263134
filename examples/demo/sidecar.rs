//! The real binary as a child process: its keys, its secret, its settings, its end.

use std::{
    env, fs, io,
    net::{SocketAddr, TcpListener},
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use crate::{Failure, local};

const PATIENCE_SECS: u64 = 30;

pub(crate) struct Sidecar {
    binary: PathBuf,
    settings_file: PathBuf,
    secret: String,
    address: SocketAddr,
    admin: SocketAddr,
    running: Running,
}

impl Sidecar {
    pub(crate) async fn start(port: u16, tools: SocketAddr) -> Result<Self, Failure> {
        let (binary, home) = places(port)?;
        if !binary.exists() {
            return Err(Failure::NotBuilt(binary.display().to_string()));
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
        make_keys(&binary, &home)?;
        let secret = make_secret(&binary, &home)?;

        let [address, admin] = free_addresses()?;
        let settings = settings(port, &home, address, admin, tools);
        let settings_file = home.join("settings.env");
        fs::write(&settings_file, shell_lines(&settings))?;
        // A Ctrl-C at the terminal would otherwise reach the sidecar too, and look like a failure of its own.
        let child = Command::new(&binary).envs(settings).stdin(Stdio::null()).process_group(0).spawn()?;
        let mut sidecar = Self { binary, settings_file, secret, address, admin, running: Running(child) };
        sidecar.until_ready().await?;
        Ok(sidecar)
    }

    pub(crate) async fn ended(&mut self) -> Failure {
        self.running.ended().await.map_or_else(Failure::Io, Failure::SidecarEnded)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// One line for any shell, from any directory.
    pub(crate) fn command_line(&self, arguments: &str) -> String {
        let (settings, binary) = (quoted(&self.settings_file), quoted(&self.binary));
        format!("(set -a; . {settings}; {binary} {arguments})")
    }

    async fn until_ready(&mut self) -> Result<(), Failure> {
        let ready = answers(format!("http://{}/readyz", self.admin));
        tokio::select! {
            ready = tokio::time::timeout(Duration::from_secs(PATIENCE_SECS), ready) => {
                ready.map_err(|_| Failure::NotReady(PATIENCE_SECS))?
            }
            failure = self.ended() => Err(failure),
        }
    }
}

/// Whatever ends the demo, a panic included, ends the sidecar first; it keeps nothing that a kill could break.
struct Running(Child);

impl Running {
    async fn ended(&mut self) -> io::Result<ExitStatus> {
        loop {
            match self.0.try_wait()? {
                Some(status) => return Ok(status),
                None => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn answers(url: String) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    while !client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Cargo builds the sidecar beside `examples/`; each port keeps its own keys, for its issuers are its own.
fn places(port: u16) -> io::Result<(PathBuf, PathBuf)> {
    let target = env::current_exe()?.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    Ok((target.join("mcp-auth-sidecar"), target.with_file_name("demo").join(port.to_string())))
}

/// Keys outlive a restart, and with them every assistant's registration.
fn make_keys(binary: &Path, home: &Path) -> Result<(), Failure> {
    let keys = home.join("keys");
    if !keys.join("access.json").exists() {
        fs::create_dir_all(&keys)?;
        output(Command::new(binary).args(["keys", "init", "--dir"]).arg(&keys), "keys init")?;
    }
    Ok(())
}

fn make_secret(binary: &Path, home: &Path) -> Result<String, Failure> {
    let file = home.join("proxy-secret");
    if !file.exists() {
        let secret = output(Command::new(binary).arg("secret"), "secret")?;
        fs::write(&file, secret)?;
    }
    Ok(fs::read_to_string(file)?)
}

fn output(command: &mut Command, name: &'static str) -> Result<Vec<u8>, Failure> {
    let done = command.output()?;
    let complaint = || String::from_utf8_lossy(&done.stderr).trim().to_owned();
    done.status.success().then_some(()).ok_or_else(|| Failure::Command(name, complaint()))?;
    Ok(done.stdout)
}

/// Held together, so that they differ.
fn free_addresses() -> io::Result<[SocketAddr; 2]> {
    let (one, other) = (TcpListener::bind(local(0))?, TcpListener::bind(local(0))?);
    Ok([one.local_addr()?, other.local_addr()?])
}

fn settings(
    port: u16,
    home: &Path,
    address: SocketAddr,
    admin: SocketAddr,
    tools: SocketAddr,
) -> Vec<(&'static str, String)> {
    let file = |name| home.join(name).display().to_string();
    vec![
        ("MCP_AUTH_SITES", "internal,public".to_owned()),
        ("MCP_AUTH_INTERNAL_ISSUER", format!("http://localhost:{port}")),
        ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback,cursor,vscode".to_owned()),
        ("MCP_AUTH_PUBLIC_ISSUER", format!("http://127.0.0.1:{port}")),
        ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback,claude,cursor,chatgpt".to_owned()),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com".to_owned()),
        ("MCP_AUTH_UPSTREAM", format!("http://{tools}")),
        ("MCP_AUTH_LISTEN", address.to_string()),
        ("MCP_AUTH_ADMIN_LISTEN", admin.to_string()),
        ("MCP_AUTH_KEYS_DIR", file("keys")),
        ("MCP_AUTH_PROXY_SECRET_FILE", file("proxy-secret")),
        ("MCP_AUTH_LOG_FORMAT", "text".to_owned()),
    ]
}

fn shell_lines(settings: &[(&str, String)]) -> String {
    let line = |(name, value): &(&str, String)| {
        format!(
            "{name}={}
",
            quoted(Path::new(value))
        )
    };
    settings.iter().map(line).collect::<Vec<_>>().concat()
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
