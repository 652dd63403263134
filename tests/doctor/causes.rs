//! Every cause that `doctor` can name has a deployment in the tests that is broken in it.

use std::{fs, path::Path};

#[test]
fn every_cause_is_named_in_some_test() {
    let tests = [files("tests/doctor"), files("tests/topologies")].concat();
    let causes: Vec<String> = files("src/doctor/cause").iter().flat_map(|source| words(source)).collect();
    assert!(causes.len() > 40, "{causes:?}");
    let never = |cause: &&String| !tests.iter().any(|text| text.contains(&format!("\"{cause}\"")));
    assert_eq!(causes.iter().filter(never).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// As scripts read them.
fn words(source: &str) -> Vec<String> {
    let named = source.lines().filter_map(|line| line.trim().strip_prefix("word: \""));
    named.filter_map(|rest| rest.strip_suffix("\",")).map(str::to_owned).collect()
}
