//! The map in `src/lib.rs` holds: modules look only upwards, and each heavy crate stays at home.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the sources has nothing else to say")]

#[path = "layers/map.rs"]
mod map;
#[path = "layers/source.rs"]
mod source;

use map::Map;
use source::Source;
use std::{fs, path::Path};

#[test]
fn every_module_looks_only_upwards_and_every_heavy_crate_stays_at_home() {
    let found = violations(&Map::read(&read("src/lib.rs")), &sources());
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_map_shows_every_module_and_no_other() {
    let lib = read("src/lib.rs");
    let map = Map::read(&lib);
    let mut shown = map.modules.clone();
    let mut declared = source::declared_modules(&lib);
    shown.sort();
    declared.sort();
    assert!(!shown.is_empty(), "src/lib.rs shows no module");
    assert_eq!(shown, declared, "the list of src/lib.rs and its `pub mod` lines");
}

#[test]
fn the_map_names_a_home_for_crates_that_are_dependencies() {
    let map = Map::read(&read("src/lib.rs"));
    let manifest = read("Cargo.toml");
    assert!(!map.homes.is_empty(), "src/lib.rs names no heavy crate's home");
    for (name, homes) in &map.homes {
        let package = name.replace('_', "-");
        let depends =
            manifest.lines().any(|line| line.starts_with(name) || line.starts_with(package.as_str()));
        assert!(depends, "{name} is no dependency");
        for home in homes {
            let (file, room) = (format!("src/{home}.rs"), format!("src/{home}/mod.rs"));
            assert!(exists(&file) || exists(&room), "{name} is said to live in {home}, which is not there");
        }
    }
}

mod the_checker_sees {
    use super::{Map, Source, violations};

    const MAP: &str = "\
//! How it lies:
//!
//! * [`clock`]: the time
//! * [`oauth`]: nouns
//! * [`seal`]: claims and text
//! * [`http`]: doors
//!
//! `josekit`: seal
//! `reqwest`: seal, http/gateway
";

    fn found(path: &str, text: &str) -> Vec<String> {
        violations(&Map::read(MAP), &[Source::new(path, text)])
    }

    #[test]
    fn a_module_that_names_one_below_it() {
        for (path, text) in [
            ("oauth.rs", "use crate::seal::Sealer;"),
            ("oauth.rs", "fn f() { crate::http::start() }"),
            ("oauth/scope.rs", "use crate::{clock::Clock, seal::{Sealer, ring}};"),
            ("oauth/scope.rs", "use super::super::seal;"),
            ("clock.rs", "use super::oauth::Scope;"),
            ("oauth.rs", "#[cfg(test)] mod tests { use crate::seal; }"),
            ("oauth.rs", "pub(in crate::seal) fn f() {}"),
        ] {
            assert_eq!(found(path, text).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn nothing_wrong_in_a_look_upwards_a_comment_or_a_string() {
        for (path, text) in [
            ("seal/mod.rs", "use crate::{clock::Clock, oauth::{Issuer, Scope}};"),
            ("seal/ring.rs", "use super::Sealer; use super::super::clock;"),
            ("oauth.rs", "//! see [`crate::seal`]\n/* crate::http /* nested */ crate::http */"),
            ("oauth.rs", r##"const A: &str = "crate::seal"; const B: &str = r#"crate::"http"#;"##),
            ("oauth.rs", "pub(crate) fn f<'a>(a: &'a str) -> char { '\"' }"),
            ("clock.rs", "mod tests { use super::*; use super::Clock; }"),
            ("http/mod.rs", "use crate::http::token;"),
        ] {
            assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_heavy_crate_away_from_home() {
        for (path, text) in [
            ("oauth.rs", "use josekit::jwk::Jwk;"),
            ("http/mod.rs", "use reqwest;"),
            ("http/token.rs", "fn f() -> ::reqwest::Client { todo!() }"),
            ("main.rs", "fn main() { josekit::jws::ES256; }"),
        ] {
            assert_eq!(found(path, text).len(), 1, "{path}: {text}");
        }
        for (path, text) in [
            ("seal/ring.rs", "use josekit::jwk::Jwk;"),
            ("http/gateway/mod.rs", "use reqwest::Client;"),
            ("http/gateway/stream.rs", "use reqwest::Body;"),
            ("oauth.rs", "let my_josekit = 1; josekit_like::x(); // josekit::jwk"),
        ] {
            assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
        }
    }

    #[test]
    fn a_module_or_an_item_that_the_map_does_not_show() {
        assert_eq!(found("helpers.rs", "fn f() {}").len(), 1);
        assert_eq!(found("http/mod.rs", "use crate::Everything;").len(), 1);
    }
}

fn violations(map: &Map, sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(|source| source.violations(map)).collect()
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    gather(&root().join("src"), &mut found);
    assert!(!found.is_empty());
    found
}

fn gather(folder: &Path, found: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let below = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
            found.push(Source::new(&below, &fs::read_to_string(&path).unwrap()));
        }
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

fn exists(path: &str) -> bool {
    root().join(path).exists()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
