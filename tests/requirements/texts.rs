//! What `make mutants SHARD=text` takes out is still there to be taken out, and its test is, too.

use super::{proofs, read};

#[test]
fn what_is_taken_out_stands_once_in_its_file_and_its_test_is_there() {
    let (texts, known) = (read("tests/mutants/texts"), proofs());
    let (mut file, mut old) = (String::new(), Vec::new());
    for line in texts.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '+'])) {
        match line.split_once(' ') {
            _ if line.starts_with('-') => old.push(&line[1..]),
            Some((threat, of)) if threat.starts_with('T') => {
                file = read(of);
                old.clear();
            }
            _ => {
                assert_eq!(file.matches(&old.join("\n")).count(), 1, "{line}: {old:?}");
                assert!(known.iter().any(|test| test.name == line), "{line} is no test");
            }
        }
    }
    assert!(!old.is_empty(), "nothing is taken out");
}
