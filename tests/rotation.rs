//! The nightly job on a plain host: the script that `deploy/` ships, run for real on a directory of rings.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

#[path = "rotation/api_server.rs"]
mod api_server;
#[path = "rotation/secret.rs"]
mod secret;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

const DAY: i64 = 86_400;

/// A directory of rings, whose time is moved by moving its keys into the past.
struct Rings(TempDir);

impl Rings {
    fn new() -> Self {
        let rings = Self(tempfile::tempdir().unwrap());
        let made = rings.keys(&["init"]);
        assert!(made.status.success(), "{}", said(&made));
        rings
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn keys(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        command.arg("keys").args(args).arg("--dir").arg(self.path()).env_clear().output().unwrap()
    }

    fn nightly_job(&self) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/rotate-keys.sh");
        Command::new(script)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("SIDECAR", env!("CARGO_BIN_EXE_mcp-auth-sidecar"))
            .env("MCP_AUTH_KEYS_DIR", self.path())
            .output()
            .unwrap()
    }

    fn ring(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path().join(format!("{name}.json"))).unwrap()).unwrap()
    }

    /// As if everything had happened so much earlier.
    fn age(&self, name: &str, secs: i64) {
        let ring = api_server::aged(self.ring(name), secs);
        fs::write(self.path().join(format!("{name}.json")), ring.to_string()).unwrap();
    }

    fn states(&self, name: &str) -> Vec<String> {
        let ring = self.ring(name);
        let keys = ring["keys"].as_array().unwrap().iter();
        keys.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn night_after_night_the_job_stages_promotes_and_retires() {
    let rings = Rings::new();
    let night = |done: &str, states: &[&str]| {
        let output = rings.nightly_job();
        assert!(output.status.success(), "{}", said(&output));
        assert!(said(&output).contains(&format!("access: {done}")), "{}", said(&output));
        assert_eq!(rings.states("access"), states, "{done}");
    };
    night("nothing is due", &["active"]);
    rings.age("access", 29 * DAY);
    night("a key is staged", &["active", "next"]);
    night("nothing is due", &["active", "next"]);
    rings.age("access", DAY);
    night("the staged key seals", &["active", "retired"]);
    night("nothing is due", &["active", "retired"]);
    rings.age("access", DAY);
    night("retired keys are forgotten", &["active"]);
}

#[test]
fn jobs_that_run_at_the_same_time_take_turns() {
    let rings = Rings::new();
    rings.age("access", 29 * DAY);
    let outputs: Vec<Output> = thread::scope(|all| {
        let jobs: Vec<_> = (0..8).map(|_| all.spawn(|| rings.nightly_job())).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });
    let staged = outputs.iter().filter(|output| said(output).contains("access: a key is staged")).count();
    assert!(outputs.iter().all(|output| output.status.success()));
    assert_eq!((staged, rings.states("access").len()), (1, 2));
}

/// A ring is written aside, renamed and synced: whatever a job leaves behind when it dies between two of these, the
/// rings are whole, and the next job turns them.
#[test]
fn a_job_that_died_between_any_two_steps_is_taken_up_by_the_next() {
    let staged = {
        let rings = Rings::new();
        rings.age("access", 29 * DAY);
        assert!(rings.nightly_job().status.success());
        fs::read(rings.path().join("access.json")).unwrap()
    };
    for written in [0, 1, staged.len() / 2, staged.len()] {
        let rings = Rings::new();
        rings.age("access", 29 * DAY);
        fs::write(rings.path().join(".access.new"), &staged[..written]).unwrap();
        assert!(rings.keys(&["status"]).status.success(), "{written} bytes aside");
        assert_eq!(rings.states("access"), ["active"]);
        assert!(rings.nightly_job().status.success(), "{written} bytes aside");
        assert_eq!(rings.states("access"), ["active", "next"]);
        assert!(!rings.path().join(".access.new").exists());
    }
}

/// The same with real kills, at whatever moment they come.
#[test]
fn a_job_that_is_killed_leaves_rings_that_are_whole() {
    let rings = Rings::new();
    for pause in 0..40 {
        rings.age("session", 8 * DAY);
        let mut job = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"))
            .args(["keys", "tick", "--dir"])
            .arg(rings.path())
            .env_clear()
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(std::time::Duration::from_micros(pause * 150));
        job.kill().unwrap();
        job.wait().unwrap();
        let status = rings.keys(&["status"]);
        assert!(status.status.success(), "after {pause} × 150 µs: {}", said(&status));
    }
}

#[test]
fn a_job_says_nothing_that_a_thief_could_use() {
    let rings = Rings::new();
    rings.age("session", 60 * DAY);
    let outputs = [rings.nightly_job(), rings.keys(&["status"]), rings.keys(&["status", "--json"])];
    let ring = rings.ring("session");
    for key in ring["keys"].as_array().unwrap() {
        for secret in ["d", "k"] {
            let secret = key[secret].as_str().unwrap();
            assert!(outputs.iter().all(|output| !said(output).contains(secret)));
        }
    }
}

#[test]
fn a_step_that_would_cut_off_what_is_alive_is_refused_and_says_until_when() {
    let rings = Rings::new();
    for (args, sentence) in
        [(["promote", "session"], "no staged key"), (["retire", "session"], "no retired key")]
    {
        let output = rings.keys(&args);
        assert!(!output.status.success() && said(&output).contains(sentence), "{}", said(&output));
    }
    assert!(rings.keys(&["stage", "session"]).status.success());
    let early = rings.keys(&["promote", "session"]);
    assert!(!early.status.success() && said(&early).contains("before 20"), "{}", said(&early));
    let forced = rings.keys(&["promote", "session", "--force"]);
    assert!(said(&forced).starts_with("cost: "), "{}", said(&forced));
    let needed = rings.keys(&["retire", "session"]);
    assert!(!needed.status.success() && said(&needed).contains("needed until 20"), "{}", said(&needed));
    assert_eq!(rings.states("session"), ["active", "retired"]);
}

#[test]
fn the_timer_runs_the_script_on_the_servers_own_settings() {
    let units = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/systemd");
    let service = fs::read_to_string(units.join("mcp-auth-keys.service")).unwrap();
    let lines: Vec<&str> = service.lines().collect();
    assert!(lines.contains(&"ExecStart=/usr/local/lib/mcp-auth/rotate-keys.sh"));
    assert!(lines.contains(&"EnvironmentFile=/etc/mcp-auth/sidecar.env"));
    assert!(fs::read_to_string(units.join("mcp-auth-keys.timer")).unwrap().contains("OnCalendar="));
}
