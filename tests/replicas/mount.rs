//! Rings on the operator's disk, and a directory that shows them as Kubernetes mounts a Secret: every file is a
//! link through `..data`, which is swapped at once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const RINGS: [&str; 3] = ["access", "session", "registration"];

pub(crate) struct Mount {
    home: TempDir,
    generation: AtomicU32,
}

impl Mount {
    pub(crate) fn new() -> Self {
        let mount = Self { home: TempDir::new().unwrap(), generation: AtomicU32::new(0) };
        mount.keys(&["init"]);
        fs::create_dir(mount.dir()).unwrap();
        mount.publish();
        for name in RINGS.map(|ring| format!("{ring}.json")) {
            symlink(Path::new("..data").join(&name), mount.dir().join(&name)).unwrap();
        }
        mount
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where replicas read.
    pub(crate) fn dir(&self) -> PathBuf {
        self.home.path().join("mounted")
    }

    /// The command on the operator's own copy, which must succeed.
    pub(crate) fn keys(&self, arguments: &[&str]) {
        let output = self.try_keys(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    pub(crate) fn try_keys(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
        command.arg("keys").args(arguments).arg("--dir").arg(self.source()).env_clear().output().unwrap()
    }

    /// What the kubelet does: a folder beside the old one, the link swapped, the old one gone.
    pub(crate) fn publish(&self) {
        let before = self.generation.fetch_add(1, Ordering::SeqCst);
        let (old, new) = (format!("..{before}"), format!("..{}", before + 1));
        fs::create_dir(self.dir().join(&new)).unwrap();
        for name in RINGS.map(|ring| format!("{ring}.json")) {
            fs::copy(self.source().join(&name), self.dir().join(&new).join(&name)).unwrap();
        }
        symlink(&new, self.dir().join("..data_tmp")).unwrap();
        fs::rename(self.dir().join("..data_tmp"), self.dir().join("..data")).unwrap();
        if before > 0 {
            fs::remove_dir_all(self.dir().join(old)).unwrap();
        }
    }

    /// What half a copy leaves on the operator's disk.
    pub(crate) fn spoil(&self, name: &str) {
        fs::write(self.source().join(format!("{name}.json")), "{\"keys\": [").unwrap();
    }

    /// The names of a ring's keys in this state.
    pub(crate) fn kids(&self, ring: &str, state: &str) -> Vec<String> {
        let ring = self.ring(ring);
        let keys = ring["keys"].as_array().unwrap().iter().filter(|key| key["state"] == state);
        keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn kid(&self, ring: &str, state: &str) -> String {
        let [kid] = self.kids(ring, state).try_into().expect("one key in this state");
        kid
    }

    /// As if the retired keys of a ring were promoted away so long ago that they end then.
    pub(crate) fn retired_end_at(&self, name: &str, end: i64) {
        let mut ring = self.ring(name);
        for key in ring["keys"].as_array_mut().unwrap().iter_mut().filter(|key| key["state"] == "retired") {
            key["until"] = end.into();
        }
        fs::write(self.source().join(format!("{name}.json")), ring.to_string()).unwrap();
    }

    fn ring(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.source().join(format!("{name}.json"))).unwrap()).unwrap()
    }

    fn source(&self) -> PathBuf {
        self.home.path().join("source")
    }
}
