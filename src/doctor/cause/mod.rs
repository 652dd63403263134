//! What can be wrong, and how it is said: what it is, how it looks to people, and the line to change. One file for each place where
//! something may be wrong.

mod address;
mod browser;
mod call;
mod document;
mod edge;
mod guard;
mod person;
mod published;
mod transport;

use super::answer::Silence;

/// One thing that is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cause {
    /// As scripts read it.
    pub(super) word: &'static str,
    pub(super) title: &'static str,
    /// How it looks to people.
    pub(super) looks: &'static str,
    /// What to change, and in which file.
    pub(super) change: &'static str,
}

impl Cause {
    /// Worth a line, and nothing to be mended.
    pub(super) fn is_note(self) -> bool {
        self == Self::NO_PAGES
    }
}

/// A cause, and what showed it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) cause: Cause,
    pub(super) seen: String,
}

impl Finding {
    pub(super) fn new(cause: Cause, seen: impl Into<String>) -> Self {
        Self { cause, seen: seen.into() }
    }

    pub(super) fn silent(silence: &Silence, asked: &str) -> Self {
        let cause = match silence {
            Silence::CertificateExpired => Cause::CERTIFICATE_EXPIRED,
            Silence::CertificateName => Cause::CERTIFICATE_NAME,
            Silence::CertificateUntrusted => Cause::CERTIFICATE_UNTRUSTED,
            Silence::NotTls => Cause::NOT_TLS,
            Silence::TimedOut(_) => Cause::SLOW,
            Silence::Unreached(_) => Cause::UNREACHED,
        };
        Self::new(cause, format!("{asked}: {silence}"))
    }
}
