//! A shipped file, as it stands but for what loopback needs: the issuer, ports, secrets, the cookie's name and its Secure flag.

use std::fs;

/// What the file says → what it says on loopback.
pub(crate) type Substitutions<'a> = Vec<(&'a str, String)>;

/// Each substitution has its one place in the file, or the test is about a file that is no longer there.
pub(crate) fn on_loopback(file: &str, substitutions: &Substitutions<'_>) -> String {
    let shipped = read(file);
    let mut places: Vec<_> = substitutions
        .iter()
        .map(|(text, instead)| {
            let found: Vec<_> = shipped.match_indices(text).collect();
            assert_eq!(found.len(), 1, "{file} has {text:?} so often");
            (found[0].0, *text, instead)
        })
        .collect();
    places.sort_unstable();
    let (mut fitted, mut read) = (String::new(), 0);
    for (at, text, instead) in places {
        assert!(read <= at, "{file}: {text:?} lies within another substitution");
        fitted += &shipped[read..at];
        fitted += instead;
        read = at + text.len();
    }
    fitted + &shipped[read..]
}

/// From one text to the other, which is not part of it.
pub(crate) fn piece(file: &str, from: &str, to: &str) -> String {
    let shipped = read(file);
    let (_, rest) = shipped.split_once(from).unwrap_or_else(|| panic!("{file} has no {from:?}"));
    let (piece, _) = rest.split_once(to).unwrap_or_else(|| panic!("{file} has no {to:?} there"));
    format!("{from}{piece}")
}

fn read(file: &str) -> String {
    let path = format!("{}/deploy/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
