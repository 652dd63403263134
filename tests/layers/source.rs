//! A Rust file without its comments and strings, and which modules and crates it names.

use crate::map::Map;

pub(crate) struct Source {
    /// Below `src`, without the extension and without `mod`: `http/gateway/stream`.
    room: String,
    code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let room = path.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
        Self { room, code: code_alone(text) }
    }

    pub(crate) fn violations(&self, map: &Map) -> Vec<String> {
        let mut found: Vec<String> = self.looks_downwards(map);
        found.extend(self.strangers(map));
        found
    }

    fn looks_downwards(&self, map: &Map) -> Vec<String> {
        if ["lib", "main"].contains(&self.room.as_str()) {
            return Vec::new();
        }
        let Some(own) = map.place(self.module()) else {
            return vec![format!(
                "src/{}: the map of src/lib.rs does not show `{}`",
                self.room,
                self.module()
            )];
        };
        let wrong = |named: &String| match map.place(named) {
            Some(place) if place <= own => None,
            Some(_) => {
                Some(format!("src/{} names `{named}`, which lies below `{}`", self.room, self.module()))
            }
            None => Some(format!("src/{} names `crate::{named}`, which is not on the map", self.room)),
        };
        self.named_modules(map).iter().filter_map(wrong).collect()
    }

    fn strangers(&self, map: &Map) -> Vec<String> {
        let lives_in = |home: &String| self.room == *home || self.room.starts_with(&format!("{home}/"));
        let away = map.homes.iter().filter(|(_, homes)| !homes.iter().any(lives_in));
        away.filter(|(name, _)| self.uses_crate(name))
            .map(|(name, homes)| {
                format!("src/{} uses {name}, which lives in {}", self.room, homes.join(", "))
            })
            .collect()
    }

    fn module(&self) -> &str {
        self.room.split('/').next().unwrap_or_default()
    }

    fn depth(&self) -> usize {
        self.room.split('/').count()
    }

    /// What follows `crate::`, and what follows as many `super::` as lead to the crate's root.
    fn named_modules(&self, map: &Map) -> Vec<String> {
        let mut named: Vec<String> =
            words(&self.code, "crate::").flat_map(|(_, rest)| first_names(rest)).collect();
        for (before, rest) in words(&self.code, "super::") {
            let further = rest.split("super::").take_while(|part| part.is_empty()).count();
            let climbed = 1 + further;
            if !before.ends_with("super::") && climbed >= self.depth() {
                let first = first_names(&rest[further * "super::".len()..]);
                // In an inner `mod tests`, `super` is the file itself: only the map's names count.
                named.extend(first.into_iter().filter(|name| map.place(name).is_some()));
            }
        }
        named
    }

    fn uses_crate(&self, name: &str) -> bool {
        words(&self.code, name).any(|(before, rest)| {
            let path = rest.starts_with("::") && !is_inner(before);
            let import = (before.ends_with("use ") || before.ends_with("extern crate "))
                && (rest.starts_with(';') || rest.starts_with(" as "));
            path || import
        })
    }
}

pub(crate) fn declared_modules(lib: &str) -> Vec<String> {
    let code = code_alone(lib);
    code.lines()
        .filter_map(|line| line.trim().trim_start_matches("pub ").strip_prefix("mod "))
        .map(|rest| rest.trim_end_matches([';', '{', ' ']).to_owned())
        .collect()
}

/// `a::b` behind something is somebody's inner path; `::b` behind nothing is a crate.
fn is_inner(before: &str) -> bool {
    before.strip_suffix("::").is_some_and(|left| left.ends_with(is_of_name))
}

/// Where `word` stands as a word of its own: what is before it and what is behind it.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    code.match_indices(word).map(|(at, _)| (&code[..at], &code[at + word.len()..])).filter(
        move |(before, rest)| {
            !before.ends_with(is_of_name) && (word.ends_with(':') || !rest.starts_with(is_of_name))
        },
    )
}

/// The first names of `a::b` or of `{a::b, c::{d, e}}`.
fn first_names(rest: &str) -> Vec<String> {
    let Some(group) = rest.strip_prefix('{') else {
        return name_at_start(rest).into_iter().collect();
    };
    let mut names = Vec::from_iter(name_at_start(group.trim_start()));
    let mut depth = 0;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.extend(name_at_start(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names
}

fn name_at_start(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|character| is_of_name(*character)).collect();
    (!name.is_empty() && name != "self").then_some(name)
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn code_alone(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = skip(rest);
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            code.push(' ');
            code.extend(rest[..skipped].matches('\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// How long the comment, string or character is that stands at the start of `rest`.
fn skip(rest: &str) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(length) = raw_string(rest) {
        return length;
    }
    if rest.starts_with('"') { string(rest) } else { character(rest) }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        depth += step.0;
        at += step.1;
        if depth == 0 {
            break;
        }
    }
    at
}

fn raw_string(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(2 + hashes + length)
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// `'x'` and `'\n'` are characters, `'a` is a lifetime.
fn character(rest: &str) -> usize {
    let Some(body) = rest.strip_prefix('\'') else { return 0 };
    if body.starts_with('\\') {
        return body[2..].find('\'').map_or(0, |at| at + 4);
    }
    let first = body.chars().next().map_or(0, char::len_utf8);
    if body[first..].starts_with('\'') { first + 2 } else { 0 }
}
