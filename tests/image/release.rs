//! A release is signed and verified by the commands in `docs/releases.md`, and what was changed is found out.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use crate::image::{artefacts, the_only};

const PAGE: &str = include_str!("../../docs/releases.md");

#[test]
fn what_was_released_verifies_and_what_was_changed_does_not() {
    for (changed, tells) in [
        (None, "Signature and comment signature verified"),
        (Some("program"), "FAILED"),
        (Some("SHA256SUMS"), "Signature verification failed"),
        (Some("minisign.pub"), "but the key id in the public key is"),
    ] {
        let release = signed();
        match changed {
            Some("minisign.pub") => new_key(&release, "minisign.pub", "another.key"),
            Some("program") => {
                spoil(&release, the_only("tar").with_extension("").file_name().unwrap().as_ref());
            }
            Some(name) => spoil(&release, name.as_ref()),
            None => {}
        }
        let output = run(&release, &commands("Verify"));
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.success(), changed.is_none(), "{changed:?}: {said}");
        assert!(said.contains(tells), "{changed:?}: {said}");
    }
}

/// The files of a release in a folder of their own, signed by a key that nobody else has.
fn signed() -> TempDir {
    let release = TempDir::new().unwrap();
    let own = the_only("tar");
    for file in ["SHA256SUMS".into(), own.with_extension(""), own.with_extension("cdx.json"), own] {
        let file = artefacts().join(file);
        fs::copy(&file, release.path().join(file.file_name().unwrap())).unwrap();
    }
    new_key(&release, "minisign.pub", "release.key");
    let output = run(&release, &commands("Sign"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    release
}

fn new_key(release: &TempDir, public: &str, private: &str) {
    let made = run(release, &format!("minisign -G -W -f -p {public} -s {private}"));
    assert!(made.status.success(), "{}", text(&made.stderr));
}

/// Another last byte.
fn spoil(release: &TempDir, name: &Path) {
    let path = release.path().join(name);
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}

/// The first commands below this heading of the page.
fn commands(heading: &str) -> String {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).expect("a heading");
    let (_, block) = section.split_once("```console\n").expect("commands");
    let (block, _) = block.split_once("```").expect("an end");
    block.lines().filter_map(|line| line.strip_prefix("$ ")).collect::<Vec<_>>().join("\n")
}

fn run(folder: &TempDir, script: &str) -> Output {
    let mut bash = Command::new("bash");
    let bash = bash.args(["-e", "-c", script]).current_dir(folder).stdin(Stdio::null());
    bash.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
