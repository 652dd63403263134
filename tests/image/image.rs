//! The archive that `make image` wrote, unpacked as a runtime does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/image");

pub(crate) struct Image {
    /// How a container is to be started.
    pub(crate) config: Value,
    pub(crate) name: String,
    pub(crate) root: PathBuf,
}

impl Image {
    pub(crate) fn unpacked(folder: &Path) -> Self {
        let (whole, root) = (folder.join("archive"), folder.join("root"));
        unpack(&the_only("tar"), &whole);
        let read =
            |name: &str| -> Value { serde_json::from_slice(&fs::read(whole.join(name)).unwrap()).unwrap() };
        let image = read("manifest.json")[0].clone();
        for layer in image["Layers"].as_array().unwrap() {
            unpack(&whole.join(layer.as_str().unwrap()), &root);
        }
        let config = read(image["Config"].as_str().unwrap())["config"].clone();
        Self { config, name: image["RepoTags"][0].as_str().unwrap().to_owned(), root }
    }

    /// Of a list in the configuration.
    pub(crate) fn words(&self, member: &str) -> Vec<String> {
        let words = self.config[member].as_array().unwrap_or_else(|| panic!("no {member}: {}", self.config));
        words.iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    }
}

/// What is in a release.
pub(crate) fn artefacts() -> &'static Path {
    Path::new(FOLDER)
}

/// The one file of the release with this extension.
pub(crate) fn the_only(extension: &str) -> PathBuf {
    let version = concat!("mcp-auth-sidecar-", env!("CARGO_PKG_VERSION"), "-");
    let entries = fs::read_dir(FOLDER).unwrap_or_else(|_| panic!("no {FOLDER}: run `make image`"));
    let named = entries.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with(version) && path.extension().is_some_and(|found| found == extension)
    });
    let mut found: Vec<_> = named.collect();
    assert_eq!(found.len(), 1, "{found:?}: run `make image`");
    found.remove(0)
}

fn unpack(archive: &Path, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut tar = Command::new("tar");
    tar.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(folder);
    let status = tar.args(["--preserve-permissions", "--numeric-owner"]).status().unwrap();
    assert!(status.success(), "{}", archive.display());
}
