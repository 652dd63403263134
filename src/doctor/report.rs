//! What was found, and for each assistant whether it would connect.

use super::assistants::{Assistant, Outcome};
use super::cause::{Cause, Finding};

/// The end of an examination.
#[derive(Debug)]
pub struct Report {
    pub(super) address: String,
    pub(super) found: Vec<Found>,
    pub(super) verdicts: Vec<(Assistant, Verdict)>,
}

/// A cause, all that showed it, and whom it stops.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) cause: Cause,
    pub(super) seen: Vec<String>,
    pub(super) stops: Vec<Assistant>,
}

/// Would an assistant connect?
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Connects,
    NotInvited,
    Stopped(Cause),
}

impl Report {
    pub(super) fn new(address: &str) -> Self {
        Self { address: address.to_owned(), found: Vec::new(), verdicts: Vec::new() }
    }

    /// Notes do not count.
    pub fn is_healthy(&self) -> bool {
        self.found.iter().all(|found| found.cause.is_note())
    }

    pub(super) fn add(&mut self, finding: Finding) {
        let known = self.found.iter_mut().find(|found| found.cause == finding.cause);
        match known {
            Some(found) if found.seen.contains(&finding.seen) => {}
            Some(found) => found.seen.push(finding.seen),
            None => {
                self.found.push(Found { cause: finding.cause, seen: vec![finding.seen], stops: Vec::new() });
            }
        }
    }

    /// How the way of an assistant ended, who was `expected` to go it or not.
    pub(super) fn ended(&mut self, assistant: Assistant, way: Result<Outcome, Finding>, expected: bool) {
        let way = match way {
            Ok(Outcome::NotInvited) if expected => {
                Err(Finding::new(Cause::NOT_INVITED, format!("{} registers", assistant.name())))
            }
            way => way,
        };
        let verdict = match way {
            Ok(Outcome::Connects(_) | Outcome::Known) => Verdict::Connects,
            Ok(Outcome::NotInvited) => Verdict::NotInvited,
            Err(finding) => {
                let cause = finding.cause;
                self.add(finding);
                let found = self.found.iter_mut().filter(|found| found.cause == cause);
                found.for_each(|found| found.stops.push(assistant));
                Verdict::Stopped(cause)
            }
        };
        self.verdicts.push((assistant, verdict));
    }

    /// All of them end alike.
    pub(super) fn stops_everybody(mut self, finding: &Finding) -> Self {
        for assistant in Assistant::ALL {
            self.ended(assistant, Err(finding.clone()), false);
        }
        self
    }
}
