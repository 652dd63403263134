//! The tests as the sources have them: where each lies, and which requirements the comment above it claims.

use crate::ids;
use crate::page::Page;

pub(crate) struct Proof {
    /// `http::authorize::its_name`; `rules: oauth::pkce::tests::its_name` at the foot of a source.
    pub(crate) name: String,
    pub(crate) claims: Vec<String>,
}

impl Proof {
    pub(crate) fn violations(&self, ids: &[String], page: &Page) -> Vec<String> {
        let name = &self.name;
        let wrong = |id: &String| {
            if !ids.contains(id) {
                Some(format!("{name} claims {id}, which is no requirement"))
            } else if page.maps(id, name) {
                None
            } else {
                Some(format!("{name} claims {id}, which the page does not map to it"))
            }
        };
        self.claims.iter().filter_map(wrong).collect()
    }
}

/// The tests of a file, whose path begins with `src/` or `tests/`. It reads lines, as rustfmt sets them.
pub(crate) fn of_file(path: &str, text: &str) -> Vec<Proof> {
    let mut reader =
        Reader { path: vec![module(path)], ends: Vec::new(), above: Vec::new(), found: Vec::new() };
    text.lines().for_each(|line| reader.take(line));
    reader.found
}

struct Reader<'a> {
    /// The module of the file, then the inline modules around the line.
    path: Vec<String>,
    /// The line with which each inline module ends.
    ends: Vec<String>,
    /// The comments and attributes right above the line.
    above: Vec<&'a str>,
    found: Vec<Proof>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, line: &'a str) {
        let word = line.trim();
        if self.ends.last().is_some_and(|end| end == line) {
            self.ends.pop();
            self.path.pop();
        }
        if let Some(name) = inline_module(word) {
            self.path.push(name.to_owned());
            self.ends.push(format!("{}}}", &line[..line.len() - line.trim_start().len()]));
        }
        if word.starts_with("//") || word.starts_with("#[") {
            self.above.push(word);
            return;
        }
        if let Some(name) = function(word).filter(|_| self.above.iter().any(|line| is_test(line))) {
            let comment: Vec<&str> = self.above.iter().filter_map(|line| line.strip_prefix("//")).collect();
            self.found.push(Proof {
                name: self.path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join("::"),
                claims: ids::named_in(&comment.join(" ").replace('/', " ")),
            });
        }
        self.above.clear();
    }
}

fn module(path: &str) -> String {
    let below = |folder: &str| {
        let path = path.strip_prefix(folder)?.strip_suffix(".rs")?;
        let path = ["/mod", "/main"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path);
        Some(path.replace('/', "::"))
    };
    match (below("src/"), below("tests/")) {
        (Some(path), _) => format!("rules: {path}"),
        (_, path) => path.unwrap_or_default(),
    }
}

fn inline_module(word: &str) -> Option<&str> {
    word.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(" {")
}

fn function(word: &str) -> Option<&str> {
    let word = word.trim_start_matches("pub(crate) ").trim_start_matches("async ");
    word.strip_prefix("fn ")?.split('(').next()
}

fn is_test(line: &str) -> bool {
    ["#[test", "#[tokio::test", "#[actix_web::test"].iter().any(|start| line.starts_with(start))
}
