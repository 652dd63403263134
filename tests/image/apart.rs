//! A test in namespaces of its own: no network but a loopback that nobody else is on, and mounts that go with it.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

const FOLDER: &str = "FOLDER_OF_THE_TEST_APART";

/// Runs the test of this name there, with a folder that outlives the mounts in it.
pub(crate) fn apart(test: &str, body: impl FnOnce(&Path)) {
    match env::var_os(FOLDER) {
        Some(folder) => body(Path::new(&folder)),
        None => again(test),
    }
}

fn again(test: &str) {
    let folder = TempDir::new().unwrap();
    let mut process = Command::new("unshare");
    process.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c"]);
    process.args(["ip link set lo up && exec \"$@\"", "apart"]).arg(env::current_exe().unwrap());
    process.args([test, "--exact", "--nocapture"]).env(FOLDER, folder.path()).stdin(Stdio::null());
    let said = process.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && out.contains("1 passed"), "{test}\n{out}\n{err}");
}
