//! Whatever names a release names this one.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect stops there")]

use std::fs;
use std::path::{Path, PathBuf};

const NAME: &str = "mcp-auth-sidecar";

#[test]
fn deployments_and_pages_name_the_image_by_the_version_that_is_built() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let pages = ["deploy", "docs"].map(|folder| files_below(&root.join(folder))).concat();
    let mut named = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for version in text.match_indices(NAME).filter_map(|(at, _)| version(&text[at + NAME.len()..])) {
            assert!(
                version.starts_with(env!("CARGO_PKG_VERSION")),
                "{}: {NAME} {version:.9}",
                page.display()
            );
            named += 1;
        }
    }
    assert!(named >= 8, "{named}");
}

/// `:0.1.0`, or `-0.1.0` in the name of a file.
fn version(after: &str) -> Option<&str> {
    after.strip_prefix([':', '-']).filter(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
