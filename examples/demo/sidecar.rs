//! The real binary as a child process: its keys, its secret, its settings.

use std::{
    env, fs, io,
    net::SocketAddr,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Failure,
    running::{Running, free_addresses},
};

pub(crate) struct Sidecar {
    binary: PathBuf,
    home: PathBuf,
    settings_file: PathBuf,
    secret: String,
    address: SocketAddr,
    admin: SocketAddr,
    running: Running,
}

impl Sidecar {
    pub(crate) async fn start(
        port: u16,
        tools: SocketAddr,
        of_the_proxy: Vec<(&'static str, String)>,
    ) -> Result<Self, Failure> {
        let (binary, home) = places(port)?;
        if !binary.exists() {
            return Err(Failure::NotBuilt(binary.display().to_string()));
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
        make_keys(&binary, &home)?;
        let secret = secret(&binary, &home, "proxy-secret")?;

        let [address, admin] = free_addresses()?;
        let settings = [settings(port, &home, address, admin, tools), of_the_proxy].concat();
        let settings_file = home.join("settings.env");
        fs::write(&settings_file, shell_lines(&settings))?;
        let mut running =
            Running::start("The sidecar", Command::new(&binary).envs(settings), "above".to_owned())?;
        running.until_it_answers(format!("http://{admin}/readyz")).await?;
        Ok(Self { binary, home, settings_file, secret, address, admin, running })
    }

    pub(crate) async fn ended(&mut self) -> Failure {
        self.running.ended().await
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

    /// Where the demo's files lie.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A file in there that holds a secret of this name.
    pub(crate) fn make_secret(&self, name: &str) -> Result<PathBuf, Failure> {
        secret(&self.binary, &self.home, name)?;
        Ok(self.home.join(name))
    }

    /// One line for any shell, from any directory.
    pub(crate) fn command_line(&self, arguments: &str) -> String {
        let (settings, binary) = (quoted(&self.settings_file), quoted(&self.binary));
        format!("(set -a; . {settings}; {binary} {arguments})")
    }
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

fn secret(binary: &Path, home: &Path, name: &str) -> Result<String, Failure> {
    let file = home.join(name);
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
