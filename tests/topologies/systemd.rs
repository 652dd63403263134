//! `deploy/systemd/`: the units of the gateway's topology on a plain host, as systemd's own judge reads them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{program::test_file, stack::SIDECAR};

const UNITS: [&str; 4] =
    ["mcp-auth-sidecar.service", "oauth2-proxy.service", "mcp-auth-keys.service", "mcp-auth-keys.timer"];
/// In tenths, as the judge counts: what a server that has to reach the network can come down to.
const EXPOSURE: &str = "--threshold=15";

fn shipped(path: &str) -> String {
    fs::read_to_string(test_file(&format!("../deploy/{path}"))).unwrap()
}

/// A host with the units and what they start.
fn host() -> TempDir {
    let host = tempfile::tempdir().unwrap();
    for unit in UNITS {
        put(host.path(), &format!("etc/systemd/system/{unit}"), &shipped(&format!("systemd/{unit}")));
    }
    for program in [
        "bin/kill",
        "usr/local/bin/mcp-auth-sidecar",
        "usr/local/bin/oauth2-proxy",
        "usr/local/lib/mcp-auth/rotate-keys.sh",
    ] {
        put(host.path(), program, "#!/bin/sh\n");
        fs::set_permissions(host.path().join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    host
}

fn put(host: &Path, path: &str, text: &str) {
    let path = host.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn judged(arguments: &[&str], host: &Path, unit: &str) -> Output {
    let root = format!("--root={}", host.display());
    let mut judge = Command::new("systemd-analyze");
    judge.args(arguments).args([&root, "--no-pager"]);
    if arguments[0] == "verify" {
        judge.arg(host.join("etc/systemd/system").join(unit))
    } else {
        judge.arg(unit)
    };
    judge.output().expect("systemd-analyze is missing: run `make tools`")
}

fn said(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].concat().iter().map(|byte| char::from(*byte)).collect()
}

#[test]
fn systemd_understands_every_line() {
    let verified =
        |host: &Path, unit| said(&judged(&["verify", "--man=no", "--recursive-errors=no"], host, unit));
    for unit in UNITS {
        assert_eq!(verified(host().path(), unit), "", "{unit}");
        let host = host();
        let text = shipped(&format!("systemd/{unit}")).replacen("]\n", "]\nProtectEverything=yes\n", 1);
        put(host.path(), &format!("etc/systemd/system/{unit}"), &text);
        assert!(verified(host.path(), unit).contains("ProtectEverything"), "{unit}");
    }
}

#[test]
fn what_runs_is_shut_in() {
    let services = UNITS.iter().filter(|unit| unit.ends_with(".service"));
    for unit in services {
        let exposed = |host: &Path| judged(&["security", "--offline=yes", EXPOSURE], host, unit);
        let judge = exposed(host().path());
        assert!(judge.status.success(), "{unit}: {}", said(&judge));
        let host = host();
        let text = shipped(&format!("systemd/{unit}"));
        let open: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("Protect") && !line.starts_with("Restrict"))
            .collect();
        put(host.path(), &format!("etc/systemd/system/{unit}"), &open.join("\n"));
        assert!(!exposed(host.path()).status.success(), "{unit} may be as open as one likes");
    }
}

#[test]
fn the_units_start_what_the_gateways_files_are_for() {
    let lines =
        |unit: &str| shipped(&format!("systemd/{unit}")).lines().map(str::to_owned).collect::<Vec<_>>();
    let sidecar = lines("mcp-auth-sidecar.service");
    for line in ["ExecStart=/usr/local/bin/mcp-auth-sidecar", "EnvironmentFile=/etc/mcp-auth/sidecar.env"] {
        assert!(sidecar.contains(&line.to_owned()), "{line}");
    }
    let core = shipped("gateway/core.cfg");
    let command = core.lines().next().unwrap().strip_prefix("# ").unwrap();
    assert!(lines("oauth2-proxy.service").contains(&format!("ExecStart=/usr/local/bin/{command}")));
}

/// It would be started again and again, and refuse each time.
#[test]
fn a_mistake_in_the_settings_is_not_tried_again() {
    let start = Command::new(SIDECAR).env_clear().env("MCP_AUTH_NO_SUCH_SETTING", "1").output().unwrap();
    let unit = shipped("systemd/mcp-auth-sidecar.service");
    let code = start.status.code().unwrap();
    assert!(unit.lines().any(|line| line == format!("RestartPreventExitStatus={code}")), "{code}");
}
