//! A folder with keys and a secret, and the binary run in it with an environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const SECRET: &str = "a-secret-of-the-proxy-and-the-sidecar-0";
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Operator {
    home: TempDir,
}

pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Operator {
    pub(crate) fn new() -> Self {
        let operator = Self::without_keys();
        let made = operator.run(&["keys", "init"], &[]);
        assert_eq!(made.code, Some(0), "{}", made.err);
        operator
    }

    pub(crate) fn without_keys() -> Self {
        let home = TempDir::new().unwrap();
        fs::write(home.path().join("proxy-secret"), format!("{SECRET}\n")).unwrap();
        Self { home }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.path("keys")
    }

    /// Settings that hold, but for these; an empty value takes a setting away.
    pub(crate) fn command(&self, arguments: &[&str], overrides: &[(&str, &str)]) -> Command {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let (keys, secret) = (text(self.keys()), text(self.path("proxy-secret")));
        let vars = [
            ("MCP_AUTH_DEFAULT_ISSUER", "https://mcp.example.com"),
            ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
            ("MCP_AUTH_LISTEN", "127.0.0.1:0"),
            ("MCP_AUTH_ADMIN_LISTEN", "127.0.0.1:0"),
            ("MCP_AUTH_KEYS_DIR", &keys),
            ("MCP_AUTH_PROXY_SECRET_FILE", &secret),
        ];
        let untouched = vars.iter().filter(|(name, _)| overrides.iter().all(|(other, _)| other != name));
        let set = overrides.iter().filter(|(_, value)| !value.is_empty());
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        command.env_clear().current_dir(self.home.path()).args(arguments);
        command.envs(untouched.chain(set).copied());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str], overrides: &[(&str, &str)]) -> Said {
        Said::of(self.command(arguments, overrides))
    }
}

impl Said {
    pub(crate) fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::from(patiently(command.spawn().unwrap()))
    }

    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Waits for the end, but not for ever: what should have ended may have begun to serve.
pub(crate) fn patiently(mut child: Child) -> Output {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

/// Asks until the answer is yes.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(10));
    }
}

pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
