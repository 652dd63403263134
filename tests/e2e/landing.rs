//! The page at `/` as a person reads it who connects an assistant: nothing else is known to them.

use std::collections::BTreeMap;

/// What there is to copy, by assistant.
#[derive(Debug)]
pub(crate) struct Landing(BTreeMap<String, Vec<String>>);

impl Landing {
    pub(crate) fn read(page: &str) -> Self {
        let way = |part: &str| {
            let (assistant, rest) = part.split_once("</h3>")?;
            Some((unescaped(assistant), between(rest, "<pre>", "</pre>")))
        };
        Self(page.split("<h3>").skip(1).filter_map(way).collect())
    }

    pub(crate) fn texts(&self, assistant: &str) -> &[String] {
        self.0.get(assistant).unwrap_or_else(|| panic!("no {assistant} in {self:?}"))
    }
}

/// The texts of an element, as a reader sees them.
pub(crate) fn between(page: &str, open: &str, close: &str) -> Vec<String> {
    let parts = page.split(open).skip(1).filter_map(|rest| rest.split_once(close));
    parts.map(|(text, _)| unescaped(text)).collect()
}

fn unescaped(text: &str) -> String {
    let written = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
    written.iter().fold(text.to_owned(), |text, (written, read)| text.replace(written, read))
}
