//! The Redis that replicas share, started for real by the command of its container.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::containers::{SIDECAR, environment, made_by_hand};
use super::overlay::{Overlay, succeeded};

struct Redis {
    server: Child,
    folder: TempDir,
    port: u16,
}

impl Redis {
    fn start(overlay: &Overlay) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let below = |path: &str| folder.path().join(path).display().to_string();
        for path in ["data", "run", "etc"] {
            fs::create_dir(below(path)).unwrap();
        }
        fs::write(below("etc/password"), &made_by_hand("mcp-redis")["password"]).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let container = &overlay.one("StatefulSet", "mcp-redis")["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["command"].to_string(), r#"["sh","-ec"]"#);
        let script = container["args"][0].as_str().unwrap();
        let mut script = script.to_owned();
        for (theirs, ours) in [
            ("/etc/redis/", below("etc/")),
            ("/run/redis/", below("run/")),
            ("/data", format!("{} --bind 127.0.0.1 --port {port}", below("data"))),
        ] {
            assert!(script.contains(theirs));
            script = script.replace(theirs, &ours);
        }
        let server = Command::new("sh").args(["-ec", &script]).stdout(Stdio::null()).spawn().unwrap();
        let redis = Self { server, folder, port };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(began.elapsed() < Duration::from_mins(1), "Redis does not answer");
            thread::sleep(Duration::from_millis(30));
        }
        redis
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// `check` asks Redis and prints a note for each thing that is not as it must be.
#[test]
fn the_redis_of_the_replicas_forgets_nothing_and_knows_its_password() {
    let overlay = Overlay::of("public", "httproute");
    let redis = Redis::start(&overlay);
    let notes = |password: &str| {
        let (mut variables, _files) = environment(&overlay);
        variables.retain(|(name, _)| !name.starts_with("MCP_AUTH_STORE"));
        fs::write(redis.folder.path().join("given"), password).unwrap();
        let given = redis.folder.path().join("given").display().to_string();
        variables.push(("MCP_AUTH_STORE".into(), format!("redis://127.0.0.1:{}", redis.port)));
        variables.push(("MCP_AUTH_STORE_PASSWORD_FILE".into(), given));
        let said =
            succeeded(Command::new(SIDECAR).arg("check").env_clear().envs(variables).output().unwrap());
        String::from_utf8(said).unwrap().lines().filter(|line| line.starts_with("note: ")).count()
    };
    let password = fs::read_to_string(redis.folder.path().join("etc/password")).unwrap();
    assert_eq!((notes(&password), notes("another password") > 0), (0, true));
    let command = fs::read(format!("/proc/{}/cmdline", redis.server.id())).unwrap();
    assert!(!String::from_utf8_lossy(&command).contains(&password));
}
