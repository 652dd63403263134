//! The corpus is replayed, and is whole.

use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::{TARGETS, keyholder, sealed};

#[test]
fn each_target_holds_on_its_corpus() {
    let mut failed = Vec::new();
    for (name, target) in TARGETS {
        let files = files(&corpus(name)).unwrap();
        assert!(!files.is_empty(), "the corpus of {name} is empty");
        for (path, data) in files {
            if catch_unwind(|| target(&data)).is_err() {
                failed.push(path);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn each_target_has_a_fuzzer_and_a_corpus_of_its_name_and_there_are_no_others() {
    let names = TARGETS.map(|(name, _)| name.to_owned());
    for folder in ["fuzz_targets", "corpus"] {
        let entries = fs::read_dir(fuzz().join(folder)).unwrap();
        let mut found: Vec<String> = entries
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        found.sort();
        assert_eq!(found, names, "{folder}");
    }
}

/// Where none lies it is sealed anew, to be committed.
#[test]
fn each_kind_that_is_sealed_has_a_seed_that_opens() {
    let mut anew = Vec::new();
    for (name, text, opens) in sealed::seeds() {
        let path = corpus(name).join("sealed");
        if let Ok(seed) = fs::read(&path) {
            assert!(opens(&seed), "{} does not open", path.display());
        } else {
            fs::write(&path, text).unwrap();
            anew.push(path);
        }
    }
    assert!(anew.is_empty(), "sealed anew: {anew:#?}");
}

/// So that the target that forges is known to forge what opens.
#[test]
fn each_kind_is_opened_under_a_header_that_somebody_else_wrote() {
    for (name, kinds) in [
        ("access", vec!["at+jwt"]),
        ("inside", vec!["code+jwt"]),
        ("registration", vec!["client+jwt"]),
        ("question", vec!["question+jwt"]),
        ("refresh", vec!["refresh+jwt"]),
        ("keys_in_the_header", vec!["at+jwt"]),
        ("latest", vec!["at+jwt"]),
        ("another_encryption", vec![]),
        ("another_ring", vec![]),
        ("critical_encrypted", vec![]),
        ("critical_nothing", vec![]),
        ("packed", vec![]),
    ] {
        let data = fs::read(corpus("keyholder").join(name)).unwrap();
        assert_eq!(keyholder::opening(&data), kinds, "{name}");
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn corpus(name: &str) -> PathBuf {
    fuzz().join("corpus").join(name)
}

fn files(dir: &Path) -> io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    fs::read_dir(dir)?
        .map(|entry| {
            let path = entry?.path();
            let data = fs::read(&path)?;
            Ok((path, data))
        })
        .collect()
}
