//! The person's answer.

use super::authorize::{Location, WayBack};
use super::refusal::Refusal;
use super::{Authority, NotAnswered};
use crate::artifact::{Client, Person, Question};
use crate::clock::Timestamp;
use crate::seal::{OpenError, SealError, Sealed};

/// Which button was pressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    Allow,
    Deny,
}

/// The way back to the client, and what the log should know of it.
#[derive(Debug)]
pub struct Answered {
    pub location: Location,
    pub question: Question,
}

impl Answer {
    /// In the audit log's words.
    pub fn event(self) -> &'static str {
        match self {
            Self::Allow => "consent given, code issued",
            Self::Deny => "consent denied",
        }
    }
}

impl Authority {
    /// Takes the answer of the person who was asked, here and not long ago; gives the way back with a code, or
    /// with `access_denied`. The question knows its client and where that one registered to be answered; what the
    /// operator says of them may have changed since.
    pub fn answer(
        &self,
        question: &Sealed<Question>,
        given: Answer,
        person: &Person,
        now: Timestamp,
    ) -> Result<Answered, Unanswered> {
        let question = self.sealer.open(question, now)?;
        if question.person != *person {
            return Err(Unanswered::AnotherPerson);
        }
        self.may_still_be_answered(&question, now)?;
        let way_back = WayBack {
            issuer: &self.site.issuer,
            redirect_uri: &question.redirect_uri,
            state: question.state.as_deref(),
        };
        let location = match given {
            Answer::Deny => way_back.with_refusal(&Refusal::AccessDenied),
            Answer::Allow => way_back.with_code(&self.code(&question, now)?),
        };
        Ok(Answered { location, question })
    }

    /// May the client of a question be answered by what the operator says now?
    pub(super) fn may_still_be_answered(
        &self,
        question: &Question,
        now: Timestamp,
    ) -> Result<(), NotAnswered> {
        let client = Client::registered(question.client_jti.clone(), now, Vec::new());
        self.may_be_answered(&client, question.by_policy, Some(&question.redirect_uri), now)
    }
}

/// Why an answer counts for nothing: a page, and no code.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Unanswered {
    #[error("The answer did not come from our own page.")]
    AnotherOrigin,
    #[error("You were asked as somebody else.")]
    AnotherPerson,
    #[error("The answer is not a form that this page sent.")]
    Malformed,
    #[error("This question is too old, or was not asked here.")]
    NoQuestion(#[from] OpenError),
    #[error("{0}")]
    NotAnswered(#[from] NotAnswered),
    #[error("An internal error.")]
    Seal(#[from] SealError),
}
