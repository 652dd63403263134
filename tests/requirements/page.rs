//! The page: its rows, each a requirement with its tests or the reason why there is none.

use crate::proofs::Proof;

/// The words that a reason begins with.
const REASONS: [&str; 5] = ["By nature", "Decided otherwise", "Deferred", "Not offered", "Not ours"];

pub(crate) struct Page {
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) id: String,
    requirement: String,
    proof: String,
}

impl Page {
    /// Rows are lines of a table with four cells, of which the first holds a requirement's id.
    pub(crate) fn read(text: &str) -> Self {
        Self { rows: text.lines().filter_map(Row::read).collect() }
    }

    pub(crate) fn maps(&self, id: &str, test: &str) -> bool {
        self.rows.iter().any(|row| row.id == id && row.tests().any(|named| named == test))
    }

    /// What is not there exactly once.
    pub(crate) fn without_all(&self, ids: &[String]) -> Vec<String> {
        let times = |id: &String| self.rows.iter().filter(|row| row.id == *id).count();
        let wrong = |id: &String| match times(id) {
            0 => Some(format!("{id} is not on the page")),
            1 => None,
            times => Some(format!("{id} is on the page {times} times")),
        };
        ids.iter().filter_map(wrong).collect()
    }
}

impl Row {
    fn read(line: &str) -> Option<Self> {
        let cells: Vec<&str> = line.strip_prefix('|')?.trim_end().strip_suffix('|')?.split('|').collect();
        let [id, _, requirement, proof] = cells.as_slice() else { return None };
        let is_head = id.trim() == "id" || id.contains("---");
        let row = Self {
            id: id.trim().to_owned(),
            requirement: requirement.trim().to_owned(),
            proof: proof.trim().to_owned(),
        };
        (!is_head).then_some(row)
    }

    pub(crate) fn violations(&self, ids: &[String], proofs: &[Proof], pages: &str) -> Vec<String> {
        let id = &self.id;
        let mut found = Vec::new();
        if !ids.contains(id) {
            found.push(format!("{id} is no requirement"));
        }
        if self.requirement.is_empty() {
            found.push(format!("{id} does not say what it is"));
        }
        if self.tests().next().is_none() && !self.has_reason() {
            found.push(format!("{id} has neither a test nor a reason"));
        }
        let missing = self.tests().filter(|test| proofs.iter().all(|proof| proof.name != *test));
        found.extend(missing.map(|test| format!("{id} names {test}, which is no test")));
        let lost = self.sections().filter(|section| !pages.contains(section));
        let lost = lost
            .map(|section| format!("{id} names a part of the documentation that is not there: {section}"));
        found.extend(lost);
        found
    }

    /// What stands in backticks and is a path of lower-case names, `rules:` before those at the foot of a source.
    fn tests(&self) -> impl Iterator<Item = &str> {
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:".contains(c);
        let spans = self.proof.split('`').skip(1).step_by(2);
        spans.filter(move |span| {
            let path = span.strip_prefix("rules: ").unwrap_or(span);
            path.contains("::") && path.chars().all(is_name)
        })
    }

    /// `docs, *Why ES256 only?*` names a part of the documentation by its words.
    fn sections(&self) -> impl Iterator<Item = &str> {
        self.proof.split("docs, *").skip(1).filter_map(|rest| rest.split('*').next())
    }

    fn has_reason(&self) -> bool {
        let reason = |word: &str| {
            let rest = self.proof.split_once(&format!("**{word}**")).map_or("", |(_, rest)| rest);
            rest.chars().any(char::is_alphanumeric)
        };
        REASONS.iter().any(|word| reason(word))
    }
}
