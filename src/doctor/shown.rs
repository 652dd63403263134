//! A report for people, and for scripts.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::assistants::Assistant;
use super::cause::Cause;
use super::report::{Found, Report, Verdict};

/// Of a line, for a terminal of the usual width.
const WIDTH: usize = 98;
const INDENT: usize = 11;

impl Report {
    /// What is wrong, one after the other, then a line for each assistant.
    pub fn text(&self, in_colours: bool) -> String {
        let paint = Paint(in_colours);
        let mut text = format!("{}\n\n", self.address);
        for (number, found) in (1..).zip(&self.found) {
            text.push_str(&found.text(number, &paint));
        }
        let width = self.verdicts.iter().map(|(assistant, _)| assistant.name().len()).max().unwrap_or(0);
        for (assistant, verdict) in &self.verdicts {
            let said = self.verdict(*assistant, *verdict);
            let said = if matches!(verdict, Verdict::Stopped(_)) { paint.bad(&said) } else { said };
            // Writing to a string does not fail.
            let _ = writeln!(text, "{:<width$}  {said}", assistant.name());
        }
        let healthy = paint.good("\nNothing is wrong as far as one sees from here without signing in.\n");
        if self.is_healthy() { text + &healthy } else { text }
    }

    fn verdict(&self, assistant: Assistant, verdict: Verdict) -> String {
        match verdict {
            Verdict::Connects => format!("would connect{}", assistant.provided()),
            Verdict::NotInvited => {
                format!("is not invited: MCP_AUTH_<SITE>_REDIRECTS has no `{}`", assistant.preset())
            }
            Verdict::Stopped(cause) => format!("would not connect: {}", self.number(cause)),
        }
    }

    fn number(&self, cause: Cause) -> usize {
        self.found.iter().take_while(|found| found.cause != cause).count() + 1
    }

    /// One line, of the shape that the help shows.
    pub fn json(&self) -> String {
        let verdicts = self.verdicts.iter().map(|(assistant, verdict)| {
            let cause = if let Verdict::Stopped(cause) = verdict { Some(cause.word) } else { None };
            json!({
                "assistant": assistant.word(),
                "connects": *verdict == Verdict::Connects,
                "invited": *verdict != Verdict::NotInvited,
                "cause": cause,
            })
        });
        let report = json!({
            "address": self.address,
            "healthy": self.is_healthy(),
            "findings": self.found.iter().map(Found::json).collect::<Vec<_>>(),
            "assistants": verdicts.collect::<Vec<_>>(),
        });
        report.to_string() + "\n"
    }
}

impl Found {
    fn text(&self, number: usize, paint: &Paint) -> String {
        let head = format!("{number}. {}", self.cause.title);
        let mut text = if self.cause.is_note() { head } else { paint.bad(&head) } + "\n";
        for seen in self.seen.iter().take(SHOWN) {
            text.push_str(&entry("seen", seen));
        }
        if self.seen.len() > SHOWN {
            text.push_str(&entry("", &format!("and {} more", self.seen.len() - SHOWN)));
        }
        if !self.stops.is_empty() {
            let names: Vec<&str> = self.stops.iter().map(|assistant| assistant.name()).collect();
            text.push_str(&entry("stops", &names.join(", ")));
        }
        text.push_str(&entry("looks", self.cause.looks));
        text.push_str(&entry("change", self.cause.change));
        text + "\n"
    }

    fn json(&self) -> Value {
        json!({
            "cause": self.cause.word,
            "note": self.cause.is_note(),
            "title": self.cause.title,
            "seen": self.seen,
            "stops": self.stops.iter().map(|assistant| assistant.word()).collect::<Vec<_>>(),
            "looks": self.cause.looks,
            "change": self.cause.change,
        })
    }
}

/// So many lines show what is meant.
const SHOWN: usize = 4;

/// A label, and what it says, broken between words.
fn entry(label: &str, said: &str) -> String {
    let (mut text, mut column) = (format!("   {label:<width$}", width = INDENT - 3), INDENT);
    for (at, word) in said.split(' ').enumerate() {
        if at > 0 && column + word.chars().count() >= WIDTH {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{:INDENT$}", "");
            column = INDENT;
        } else if at > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += word.chars().count();
    }
    text + "\n"
}

/// Colours, where somebody looks.
struct Paint(bool);

impl Paint {
    fn bad(&self, text: &str) -> String {
        self.with("31", text)
    }

    fn good(&self, text: &str) -> String {
        self.with("32", text)
    }

    fn with(&self, colour: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cause::{Cause, Finding};
    use super::*;

    fn report() -> Report {
        let mut report = Report::new("https://mcp.example.com/mcp");
        let asked = Finding::new(Cause::SIGN_IN_ASKED, "GET /x: 302 to https://accounts.google.com/auth");
        report.ended(Assistant::ClaudeCode, Err(asked), false);
        report.add(Finding::new(Cause::ANY_HOST, "Host h"));
        report.ended(Assistant::ClaudeDesktop, Err(Finding::new(Cause::CHALLENGE_LOST, "POST")), false);
        report
    }

    #[test]
    fn each_assistant_is_told_which_finding_stops_it() {
        let text = report().text(false);
        assert!(text.contains("\nClaude Code     would not connect: 1\n"), "{text}");
        assert!(text.contains("\nClaude Desktop  would not connect: 3\n"), "{text}");
        assert!(!text.contains('\u{1b}') && report().text(true).contains("\u{1b}[31m"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 120), "{text}");
    }

    #[test]
    fn what_shows_one_cause_is_one_finding() {
        let mut report = report();
        report.add(Finding::new(Cause::SIGN_IN_ASKED, "GET /y: 302"));
        report.add(Finding::new(Cause::SIGN_IN_ASKED, "GET /y: 302"));
        assert_eq!(report.found.len(), 3);
        assert_eq!(report.found[0].seen.len(), 2);
        assert!(!report.is_healthy());
    }

    #[test]
    fn a_note_alone_is_no_illness() {
        let mut report = Report::new("https://mcp.example.com/mcp");
        report.add(Finding::new(Cause::NO_PAGES, "OPTIONS /mcp: 405"));
        assert!(report.is_healthy());
        assert!(report.text(false).contains("Nothing is wrong"));
    }
}
