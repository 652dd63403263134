//! A folder with keys and a secret, and the binary run in it with an environment of its own.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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

    /// The same with something on standard input.
    pub(crate) fn told(&self, arguments: &[&str], overrides: &[(&str, &str)], input: &str) -> Said {
        let file = self.path("input");
        fs::write(&file, input).unwrap();
        Said::with(self.command(arguments, overrides), File::open(file).unwrap().into())
    }
}

impl Said {
    pub(crate) fn of(command: Command) -> Self {
        Self::with(command, Stdio::null())
    }

    fn with(mut command: Command, input: Stdio) -> Self {
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
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

/// A server that serves. It ends with its handle.
pub(crate) struct Running {
    pub(crate) listen: String,
    pub(crate) admin: String,
    server: Child,
    log: PathBuf,
}

impl Running {
    /// On ports that are free, unless the settings say where.
    pub(crate) fn start(operator: &Operator, settings: &[(&str, &str)]) -> Self {
        let set = |name: &str| settings.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        let (listen, admin) = (free_address(), free_address());
        let listen = set("MCP_AUTH_LISTEN").map_or(listen, str::to_owned);
        let own = [("MCP_AUTH_LISTEN", listen.as_str()), ("MCP_AUTH_ADMIN_LISTEN", admin.as_str())];
        let own = own.into_iter().filter(|(name, _)| set(name).is_none());
        let mut command = operator.command(&[], &settings.iter().copied().chain(own).collect::<Vec<_>>());
        // A file, because a pipe that nobody reads would hold the server up.
        let log = operator.path("log");
        let file = File::create(&log).unwrap();
        let server = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let running = Self { listen, admin, server, log };
        until("ready", || running.asked_admin("/readyz").contains("200 OK"));
        running
    }

    pub(crate) fn asked(&self, path: &str) -> String {
        asked(&self.listen, path)
    }

    pub(crate) fn asked_admin(&self, path: &str) -> String {
        asked(&self.admin, path)
    }

    /// Told to end, as an operator would; what it said meanwhile.
    pub(crate) fn ended(mut self) -> Said {
        let told = Command::new("kill").arg(self.server.id().to_string()).status().unwrap();
        assert!(told.success());
        wait(&mut self.server);
        let mut out = String::new();
        self.server.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let code = self.server.wait().unwrap().code();
        Said { code, out, err: fs::read_to_string(&self.log).unwrap() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Another process may take it before we do, but not often.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn asked(address: &str, path: &str) -> String {
    TcpStream::connect(address).map(|stream| spoken(stream, path)).unwrap_or_default()
}

pub(crate) fn spoken(mut stream: impl Read + Write, path: &str) -> String {
    let mut answer = String::new();
    let request = format!("GET {path} HTTP/1.1\r\nHost: mcp.example.com\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    answer
}

/// Waits for the end, but not for ever: what should have ended may have begun to serve.
fn patiently(mut child: Child) -> Output {
    wait(&mut child);
    child.wait_with_output().unwrap()
}

fn wait(child: &mut Child) {
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
        }
        sleep(Duration::from_millis(5));
    }
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
