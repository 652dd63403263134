//! Every cause that `doctor` can name has a deployment in the tests that is broken in it.

use std::{fs, path::Path};

#[test]
fn every_cause_is_named_in_some_test() {
    let tests = [files("tests/doctor"), files("tests/topologies")].concat();
    let causes: Vec<String> = files("src/doctor/cause").iter().flat_map(|source| variants(source)).collect();
    assert!(causes.len() > 40, "{causes:?}");
    let never = |cause: &&String| !tests.iter().any(|text| text.contains(&format!("\"{cause}\"")));
    assert_eq!(causes.iter().filter(never).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The names that stand below a sentence for people, as JSON has them.
fn variants(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let named = lines.iter().filter_map(|line| line.strip_suffix(','));
    let named =
        named.filter(|name| name.chars().all(char::is_alphabetic) && name.starts_with(char::is_uppercase));
    named.map(snake_case).collect()
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
