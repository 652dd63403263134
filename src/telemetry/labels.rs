//! Labels from small fixed sets.

use prometheus_client::encoding::EncodeLabelSet;

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Request {
    pub(super) door: String,
    pub(super) status: u16,
    pub(super) error: &'static str,
}

/// The doors are few, but their names come from the routes.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Place {
    pub(super) door: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Progress {
    pub(super) site: String,
    pub(super) step: &'static str,
}

/// How far somebody came on the way from the first challenge to a call that passes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// A call without a token was told where to get one.
    Challenged,
    Registered,
    /// A person who is signed in was asked, or needed no asking.
    Authorized,
    Consented,
    /// A code became tokens.
    Exchanged,
    /// A call passed with its token.
    Called,
}

impl Step {
    pub(super) const ALL: [Self; 6] = [
        Self::Challenged,
        Self::Registered,
        Self::Authorized,
        Self::Consented,
        Self::Exchanged,
        Self::Called,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Challenged => "challenged",
            Self::Registered => "registered",
            Self::Authorized => "authorized",
            Self::Consented => "consented",
            Self::Exchanged => "exchanged",
            Self::Called => "called",
        }
    }
}

/// A door whose callers have a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Limited {
    Documents,
    Register,
    Token,
}

impl Limited {
    pub(super) const ALL: [Self; 3] = [Self::Documents, Self::Register, Self::Token];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::Register => "register",
            Self::Token => "token",
        }
    }
}

/// What is good for one use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replayed {
    Code,
    RefreshToken,
}

impl Replayed {
    pub(super) const ALL: [Self; 2] = [Self::Code, Self::RefreshToken];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::RefreshToken => "refresh_token",
        }
    }
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Reason {
    pub(super) reason: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Door {
    pub(super) door: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Outcome {
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct File {
    pub(super) file: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Kid {
    pub(super) kid: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct Ring {
    pub(super) ring: &'static str,
}
