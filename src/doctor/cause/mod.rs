//! What can be wrong, and how it is said: what it is, how it looks to people, and the line to change.

mod address;
mod browser;
mod call;
mod document;
mod edge;
mod guard;
mod person;
mod published;
mod transport;

use serde::Serialize;

pub(super) use address::Address;
pub(super) use browser::Browser;
pub(super) use call::Call;
pub(super) use document::Document;
pub(super) use edge::Edge;
pub(super) use guard::Guard;
pub(super) use person::Person;
pub(super) use published::Published;
pub(super) use transport::Transport;

use super::answer::Silence;

/// One thing that is wrong, by where it is to be found.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[error(transparent)]
#[serde(untagged)]
pub(super) enum Cause {
    Address(Address),
    Browser(Browser),
    Call(Call),
    Document(Document),
    Edge(Edge),
    Guard(Guard),
    Person(Person),
    Published(Published),
    Transport(Transport),
}

/// How a cause is told, beside what it is.
pub(super) struct Words {
    /// How it looks to people.
    pub(super) looks: &'static str,
    /// What to change, and in which file.
    pub(super) change: &'static str,
}

impl Cause {
    pub(super) fn words(self) -> Words {
        match self {
            Self::Address(cause) => cause.words(),
            Self::Browser(cause) => cause.words(),
            Self::Call(cause) => cause.words(),
            Self::Document(cause) => cause.words(),
            Self::Edge(cause) => cause.words(),
            Self::Guard(cause) => cause.words(),
            Self::Person(cause) => cause.words(),
            Self::Published(cause) => cause.words(),
            Self::Transport(cause) => cause.words(),
        }
    }

    /// Worth a line, and nothing to be mended.
    pub(super) fn is_note(self) -> bool {
        self == Self::Browser(Browser::NoPages)
    }
}

macro_rules! is_a_cause {
    ($($room:ident),*) => {$(
        impl From<$room> for Cause {
            fn from(cause: $room) -> Self {
                Self::$room(cause)
            }
        }
    )*};
}

is_a_cause!(Address, Browser, Call, Document, Edge, Guard, Person, Published, Transport);

/// A cause, and what showed it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) cause: Cause,
    pub(super) seen: String,
}

impl Finding {
    pub(super) fn new(cause: impl Into<Cause>, seen: impl Into<String>) -> Self {
        Self { cause: cause.into(), seen: seen.into() }
    }

    pub(super) fn silent(silence: &Silence, asked: &str) -> Self {
        let cause = match silence {
            Silence::CertificateExpired => Transport::CertificateExpired,
            Silence::CertificateName => Transport::CertificateName,
            Silence::CertificateUntrusted => Transport::CertificateUntrusted,
            Silence::NotTls => Transport::NotTls,
            Silence::TimedOut(_) => Transport::Slow,
            Silence::Unreached(_) => Transport::Unreached,
        };
        Self::new(cause, format!("{asked}: {silence}"))
    }
}
