//! Where the files of a run lie: kept for who wants to read the logs, until the next run.

use std::{
    env,
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::id,
};

pub(crate) fn of_our_own(topology: &str) -> PathBuf {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("topologies");
    fs::create_dir_all(&runs).unwrap();
    forget_the_dead(&runs, "");
    let folder = runs.join(id().to_string()).join(topology);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where other users get to, and so few letters away that the name of a socket holds it (108 bytes).
pub(crate) fn for_everybody(topology: &str) -> PathBuf {
    let prefix = format!("mcp-auth-{topology}-");
    forget_the_dead(&env::temp_dir(), &prefix);
    let open = Permissions::from_mode(0o755);
    let mut folder = tempfile::Builder::new();
    folder.prefix(&format!("{prefix}{}-", id())).permissions(open).tempdir().unwrap().keep()
}

/// Their names begin with the number of the process that made them.
fn forget_the_dead(runs: &Path, prefix: &str) {
    for run in fs::read_dir(runs).unwrap().flatten() {
        let name = run.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(prefix).and_then(|rest| rest.split('-').next());
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_dir_all(run.path());
        }
    }
}
