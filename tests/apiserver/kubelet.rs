//! A Secret as a kubelet mounts it: every file is a link through `..data`, which is swapped at once.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, symlink};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

/// As `defaultMode` says.
const MODE: u32 = 0o440;

pub(crate) struct Mount(TempDir);

impl Mount {
    pub(crate) fn of(secret: &Value) -> Self {
        let mount = Self(tempfile::tempdir().unwrap());
        mount.show(secret);
        for name in secret["data"].as_object().unwrap().keys() {
            symlink(Path::new("..data").join(name), mount.path().join(name)).unwrap();
        }
        mount
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A folder beside the old one, the link swapped, the old one gone.
    pub(crate) fn show(&self, secret: &Value) {
        let link = self.path().join("..data");
        let old = fs::read_link(&link).ok();
        let new = format!("..{}", secret["metadata"]["resourceVersion"].as_str().unwrap());
        fs::create_dir(self.path().join(&new)).unwrap();
        for (name, text) in secret["data"].as_object().unwrap() {
            let path = self.path().join(&new).join(name);
            let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(path).unwrap();
            file.write_all(&STANDARD.decode(text.as_str().unwrap()).unwrap()).unwrap();
        }
        let aside = self.path().join("..data_tmp");
        symlink(new, &aside).unwrap();
        fs::rename(aside, link).unwrap();
        if let Some(old) = old {
            fs::remove_dir_all(self.path().join(old)).unwrap();
        }
    }
}
