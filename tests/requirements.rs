//! The trace of requirements holds: `docs/requirements.md` has every id, every test it names is there, and no test
//! claims more than the page says.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has nothing else to say")]

#[path = "requirements/ids.rs"]
mod ids;
#[path = "requirements/page.rs"]
mod page;
#[path = "requirements/proofs.rs"]
mod proofs;
#[path = "requirements/texts.rs"]
mod texts;

use page::Page;
use proofs::Proof;
use std::{fs, path::Path};

#[test]
fn every_requirement_has_a_test_or_a_reason_and_every_test_is_there() {
    let page = Page::read(&read("docs/requirements.md"));
    let found = violations(&page, &ids::all(), &proofs(), &pages());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// Each with a guard, in files that are there.
#[test]
fn every_threat_has_a_guard_in_a_file() {
    let threats = read("docs/threats.md");
    for id in ids::all().iter().filter(|id| id.starts_with('T') && !id.contains('-')) {
        let row = threats.lines().find(|line| line.starts_with(&format!("| {id} |")));
        let row = row.unwrap_or_else(|| panic!("{id} is no threat of docs/threats.md"));
        let files: Vec<&str> = row.split('`').filter(|word| word.starts_with("src/")).collect();
        assert!(!files.is_empty(), "{id} has no guard");
        for file in files {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists(), "{id}: {file}");
        }
    }
}

mod the_checker_sees {
    use super::{Page, Proof, proofs, violations};

    const DOCS: &str = "**Why ES256 only?** Small tokens.";

    fn found(rows: &[&str], path: &str, source: &[&str]) -> Vec<String> {
        let known: Vec<Proof> = proofs::of_file(path, &source.join("\n"));
        let ids = ["AZ-01", "AZ-02", "AZ-03", "T1"].map(str::to_owned);
        let page = [&["| id | level | requirement | proof |", "|---|---|---|---|"], rows].concat().join("\n");
        violations(&Page::read(&page), &ids, &known, DOCS)
    }

    const TESTED: [&str; 4] = [
        "| AZ-01 | MUST | it works | `http::authorize::it_works` |",
        "| AZ-02 | MAY | it flies | **Not offered**: it need not. |",
        "| AZ-03 | MUST | it is RS256 | **Decided otherwise**: docs, *Why ES256 only?* |",
        "| T1 | | somebody fells it | `rules: oauth::pkce::tests::it_stands`, `http::authorize::it_works` |",
    ];
    const SOURCE: [&str; 3] = ["/// AZ-01", "#[tokio::test]", "async fn it_works() {"];

    fn with_rule(rows: &[&str]) -> Vec<String> {
        let rule = ["#[cfg(test)]", "mod tests {", "    #[test]", "    fn it_stands() {}", "}"];
        let mut known = proofs::of_file("src/oauth/pkce.rs", &rule.join("\n"));
        known.extend(proofs::of_file("tests/http/authorize.rs", &SOURCE.join("\n")));
        let ids = ["AZ-01", "AZ-02", "AZ-03", "T1"].map(str::to_owned);
        violations(&Page::read(&rows.join("\n")), &ids, &known, DOCS)
    }

    #[test]
    fn nothing_wrong_where_all_is_well() {
        assert_eq!(with_rule(&TESTED), Vec::<String>::new());
    }

    #[test]
    fn a_requirement_that_is_missing_doubled_or_invented() {
        assert_eq!(with_rule(&TESTED[..3]), ["T1 is not on the page"]);
        assert_eq!(with_rule(&[&TESTED[..], &TESTED[1..2]].concat()), ["AZ-02 is on the page 2 times"]);
        let invented = "| AZ-04 | MUST | it sings | `http::authorize::it_works` |";
        assert_eq!(with_rule(&[&TESTED[..], &[invented]].concat()), ["AZ-04 is no requirement"]);
    }

    #[test]
    fn a_row_without_words_or_with_neither_test_nor_reason() {
        for (row, wrong) in [
            ("| AZ-02 | MAY | it flies | |", "AZ-02 has neither a test nor a reason"),
            ("| AZ-02 | MAY | it flies | later |", "AZ-02 has neither a test nor a reason"),
            ("| AZ-02 | MAY | it flies | **Not offered** |", "AZ-02 has neither a test nor a reason"),
            ("| AZ-02 | MAY | | **Not offered**: no. |", "AZ-02 does not say what it is"),
        ] {
            assert_eq!(with_rule(&[TESTED[0], row, TESTED[2], TESTED[3]]), [wrong], "{row}");
        }
    }

    #[test]
    fn a_test_or_a_section_that_is_not_there() {
        let misspelt = "| AZ-02 | MAY | it flies | `http::authorize::it_flies` |";
        let expected = "AZ-02 names http::authorize::it_flies, which is no test";
        assert_eq!(with_rule(&[TESTED[0], misspelt, TESTED[2], TESTED[3]]), [expected]);
        let lost = "| AZ-02 | MAY | it flies | **Not offered**: docs, *Why not?* |";
        let expected = "AZ-02 names a part of the documentation that is not there: Why not?";
        assert_eq!(with_rule(&[TESTED[0], lost, TESTED[2], TESTED[3]]), [expected]);
    }

    #[test]
    fn a_test_that_claims_what_the_page_does_not_give_it() {
        let rows: Vec<&str> =
            TESTED.iter().take(3).copied().chain(["| T1 | | x | **By nature**: x. |"]).collect();
        for (comment, claims) in [
            ("/// AZ-01", &[][..]),
            ("// AZ-02: it flies", &["AZ-02"][..]),
            ("/// AZ-01 to AZ-03, T1, see clients A3", &["AZ-02", "AZ-03", "T1"][..]),
        ] {
            let source = [comment, "#[tokio::test]", "async fn it_works() {"];
            let expected: Vec<String> = claims
                .iter()
                .map(|id| format!("http::authorize::it_works claims {id}, which the page does not map to it"))
                .collect();
            assert_eq!(found(&rows, "tests/http/authorize.rs", &source), expected, "{comment}");
        }
        let unknown = ["/// AZ-99", "#[test]", "fn it_works() {"];
        let expected = "http::authorize::it_works claims AZ-99, which is no requirement";
        assert_eq!(found(&rows, "tests/http/authorize.rs", &unknown), [expected]);
    }

    #[test]
    fn where_a_test_lies() {
        let inner =
            ["mod inner {", "    /// T1", "    #[test]", "    fn one() {}", "}", "#[test]", "fn two() {}"];
        for (path, names) in [
            ("tests/layers.rs", ["layers::inner::one", "layers::two"]),
            ("tests/e2e/main.rs", ["e2e::inner::one", "e2e::two"]),
            ("tests/http/harness/form.rs", ["http::harness::form::inner::one", "http::harness::form::two"]),
            ("src/config/mod.rs", ["rules: config::inner::one", "rules: config::two"]),
        ] {
            let found = proofs::of_file(path, &inner.join("\n"));
            assert_eq!(found.iter().map(|proof| proof.name.as_str()).collect::<Vec<_>>(), names);
            assert_eq!((found[0].claims.len(), found[1].claims.len()), (1, 0));
        }
    }

    #[test]
    fn what_is_no_test() {
        for source in [
            &["fn helper() {}"][..],
            &["/// AZ-01", "fn helper() {}"],
            &["#[test]", "struct X;", "fn helper() {}"],
            &["// #[test]", "// fn once() {}"],
            &["#[cfg(test)]", "fn helper() {}"],
        ] {
            assert!(proofs::of_file("tests/x.rs", &source.join("\n")).is_empty(), "{source:?}");
        }
    }
}

fn violations(page: &Page, ids: &[String], proofs: &[Proof], pages: &str) -> Vec<String> {
    let mut found = page.without_all(ids);
    found.extend(page.rows.iter().flat_map(|row| row.violations(ids, proofs, pages)));
    found.extend(proofs.iter().flat_map(|proof| proof.violations(ids, page)));
    found
}

/// What people read: the README and every page of `docs` but the list itself.
fn pages() -> String {
    let folder = fs::read_dir(root().join("docs")).unwrap();
    let pages = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let others = pages.filter(|path| !path.ends_with("requirements.md"));
    others.chain([root().join("README.md")]).map(|page| fs::read_to_string(page).unwrap()).collect()
}

fn proofs() -> Vec<Proof> {
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        gather(&root().join(folder), &mut found);
    }
    assert!(!found.is_empty());
    found
}

fn gather(folder: &Path, found: &mut Vec<Proof>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The installed parts of the end-to-end tests bring sources of their own.
        if path.is_dir() && !path.ends_with("tests/tools") {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            found.extend(proofs::of_file(&below, &fs::read_to_string(&path).unwrap()));
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
