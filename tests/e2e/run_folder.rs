//! Where the parts of a run keep their files.

use std::path::{Path, PathBuf};
use std::{fs, process};

/// Kept after the run for who wants to read the logs, until the next run.
pub(crate) fn fresh_folder(of: &str) -> PathBuf {
    let runs = Path::new(env!("CARGO_TARGET_TMPDIR")).join(of);
    fs::create_dir_all(&runs).unwrap();
    for run in fs::read_dir(&runs).unwrap().flatten() {
        if !Path::new("/proc").join(run.file_name()).exists() {
            let _ = fs::remove_dir_all(run.path());
        }
    }
    let folder = runs.join(process::id().to_string());
    fs::create_dir(&folder).unwrap();
    folder
}
