//! The requirements by their ids: a group and a number, or a threat.

use std::fmt;

/// Each group of the page with its numbers; gaps in them are no requirements.
const GROUPS: [(&str, &[(u8, u8)]); 20] = [
    ("X", &[(1, 24)]),
    ("PRM", &[(1, 15)]),
    ("RS", &[(1, 11)]),
    ("ASM", &[(1, 30)]),
    ("JWK", &[(1, 10)]),
    ("REG", &[(1, 36)]),
    ("CIMD", &[(1, 30)]),
    ("AZ", &[(1, 10), (11, 24), (31, 52), (61, 76), (81, 92)]),
    ("PAR", &[(1, 3)]),
    ("TK", &[(1, 27)]),
    ("TC", &[(1, 14)]),
    ("TR", &[(1, 18)]),
    ("CC", &[(1, 8)]),
    ("JB", &[(1, 20)]),
    ("DP", &[(1, 7)]),
    ("AT", &[(1, 13)]),
    ("RV", &[(1, 10)]),
    ("IN", &[(1, 8)]),
    ("PX", &[(1, 12)]),
    ("T", &[(1, 35)]),
];

pub(crate) fn all() -> Vec<String> {
    let numbers = |ranges: &'static [(u8, u8)]| ranges.iter().flat_map(|&(first, last)| first..=last);
    let of_group = |&(group, ranges)| numbers(ranges).map(move |number| Id { group, number }.to_string());
    GROUPS.iter().flat_map(of_group).collect()
}

/// The ids that a comment names: `AZ-01`, `T3`, and `AZ-01 to AZ-04` for all of them between.
pub(crate) fn named_in(comment: &str) -> Vec<String> {
    let words: Vec<&str> = comment.split_whitespace().map(bare).collect();
    let mut named = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(id) = Id::parse(word) else { continue };
        let first = (at >= 2 && words[at - 1] == "to").then(|| Id::parse(words[at - 2])).flatten();
        if let Some(first) = first.filter(|first| first.group == id.group) {
            named.extend((first.number + 1..id.number).map(|number| Id { number, ..id }.to_string()));
        }
        named.push(id.to_string());
    }
    named
}

#[derive(Clone, Copy)]
struct Id {
    group: &'static str,
    number: u8,
}

impl Id {
    fn parse(word: &str) -> Option<Self> {
        let (group, number) = match word.split_once('-') {
            Some((group, number)) if number.len() == 2 && group != "T" => (group, number),
            None if word.len() <= 3 => ("T", word.strip_prefix('T')?),
            _ => return None,
        };
        let (group, _) = GROUPS.iter().find(|(known, _)| *known == group)?;
        Some(Self { group, number: number.parse().ok()? })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { group, number } = self;
        if *group == "T" { write!(f, "T{number}") } else { write!(f, "{group}-{number:02}") }
    }
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '-')
}
