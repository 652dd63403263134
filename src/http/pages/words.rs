//! What a person is told when something went wrong.

use crate::clock::Seconds;
use crate::flow::authorize::NoReply;
use crate::flow::consent::Unanswered;
use crate::flow::{NotAnswered, UnknownClient};
use crate::http::error::PageError;
use crate::http::identity::NotSignedIn;
use crate::seal::OpenError;

const START_AGAIN: &str = "Start again from your assistant.";
const REPORT_IT: &str =
    "Start again from your assistant. If this page comes back, report it to the assistant’s makers.";

/// A heading, what happened, and what to do now.
pub(super) struct Words {
    pub(super) title: &'static str,
    pub(super) happened: &'static str,
    pub(super) now: &'static str,
}

impl Words {
    pub(super) fn of(error: &PageError) -> Self {
        match error {
            PageError::NoReply(reason) => no_reply(reason),
            PageError::NotPosted => Self {
                title: "Your sign-in ended meanwhile",
                happened: "You had to sign in once more, and your answer got lost on the way. Nothing was allowed.",
                now: START_AGAIN,
            },
            PageError::NotSignedIn(reason) => not_signed_in(reason),
            PageError::Misdirected => Self {
                title: "There is no server at this address",
                happened: "Your assistant asked for a host name that is none of this server’s.",
                now: "Check the address of the server in your assistant.",
            },
            PageError::TooMany(_) => Self {
                title: "Please wait a moment",
                happened: "In a short time this server had to read the descriptions of many assistants for you, so it \
                           stopped.",
                now: "Start again from your assistant in a minute.",
            },
            PageError::Unanswered(reason) => unanswered(reason),
        }
    }
}

/// A span in the largest unit that fits it whole.
pub(super) fn span(Seconds(seconds): Seconds) -> String {
    let units = [("a week", "weeks", 604_800), ("a day", "days", 86_400), ("an hour", "hours", 3_600)];
    match units.into_iter().find(|(_, _, unit)| seconds >= *unit && seconds % unit == 0) {
        Some((one, _, unit)) if seconds == unit => one.to_owned(),
        Some((_, many, unit)) => format!("{} {many}", seconds / unit),
        None if seconds <= 60 => "a minute".to_owned(),
        None => format!("{} minutes", (seconds + 59) / 60),
    }
}

/// Assistants look for the protocol's words on the page, `redirect` and `client` among them.
fn no_reply(reason: &NoReply) -> Words {
    match reason {
        NoReply::ClientMissing | NoReply::Repeated(_) => Words {
            title: "This request is not in order",
            happened: "It does not say beyond doubt which client asks and where the answer goes, so nothing was sent.",
            now: REPORT_IT,
        },
        NoReply::ClientUnknown(reason) => client_unknown(reason),
        NoReply::NotAnswered(reason) => not_answered(*reason),
        NoReply::RedirectUriMissing | NoReply::Unregistered => not_answered(NotAnswered::NotAllowedHere),
        NoReply::Undecodable(_) => Words {
            title: "This request cannot be read",
            happened: "It is not written as the address of a page must be, so nobody knows who asks for what.",
            now: REPORT_IT,
        },
    }
}

fn client_unknown(reason: &UnknownClient) -> Words {
    match reason {
        UnknownClient::RegistrationOff(_) => Words {
            title: "Assistants cannot register themselves here",
            happened: "Your assistant came as a client that registered itself, and this server accepts none.",
            now: "Get a client ID and a secret from the people who run this server, and give them to your assistant.",
        },
        UnknownClient::NoDocument => Words {
            title: "Your assistant is not known here",
            happened: "It came with the address of its own description for a client ID, and this server does not \
                       know that one.",
            now: "Ask the people who run this server to add it, or to give you a client ID and a secret.",
        },
        UnknownClient::Unopened(_) => Words {
            title: "Your assistant is not known here",
            happened: "It came with a client ID that this server did not issue, or accepts no longer.",
            now: "Remove the server from your assistant, add it again, and connect once more. If you use mcp-remote, \
                  delete the folder .mcp-auth in your home directory first.",
        },
        // One page for every cause: it would tell what can be reached from here.
        UnknownClient::Unread(_) => Words {
            title: "Your assistant’s description cannot be read",
            happened: "It came with the address of its own description for a client ID, and there is nothing there \
                       that describes a client to this server.",
            now: "Start again from your assistant in a moment. If this page comes back, ask the people who run this \
                  server to add it, or to give you a client ID and a secret.",
        },
    }
}

fn not_answered(reason: NotAnswered) -> Words {
    match reason {
        NotAnswered::Denied => Words {
            title: "This assistant has no access",
            happened: "The people who run this server have cut it off. Nothing was sent to it.",
            now: "Ask them if you need it.",
        },
        NotAnswered::NotAllowedHere => Words {
            title: "The redirect address does not match",
            happened: "Your assistant wants the answer at an address that it may not use here. Nothing was sent there.",
            now: "Check that this is the server that is meant for your assistant. Then remove it from the assistant, \
                  add it again, and connect once more.",
        },
    }
}

fn not_signed_in(reason: &NotSignedIn) -> Words {
    if reason.is_old() {
        return Words {
            title: "Please sign in again",
            happened: "You signed in too long ago for this.",
            now: if reason.way_on().is_some() {
                "Sign in again; you then come back to this request."
            } else {
                "Start again from your assistant, and sign in when you are asked to."
            },
        };
    }
    if reason.is_somebody() {
        return Words {
            title: "This account has no access",
            happened: "You are signed in, but not with an account that may use this server.",
            now: "Use your organization’s account. If this is the one, ask the people who run this server.",
        };
    }
    Words {
        title: "You are not signed in",
        happened: "Your sign-in did not reach this server, or it could not be verified.",
        now: "Start again from your assistant. If this page comes back, the people who run this server should look \
              at the sign-in proxy in front of it.",
    }
}

fn unanswered(reason: &Unanswered) -> Words {
    match reason {
        Unanswered::AnotherOrigin => Words {
            title: "Your answer was not accepted",
            happened: "It did not come from this server’s own page. Nothing was allowed.",
            now: "If you did not mean to answer anything, close this window. Otherwise start again from your assistant.",
        },
        Unanswered::AnotherPerson => Words {
            title: "You are signed in as somebody else now",
            happened: "The question was for another account than the one that answered. Nothing was allowed.",
            now: "Start again from your assistant, with the account that it is to use.",
        },
        Unanswered::Malformed => Words {
            title: "Your answer was not accepted",
            happened: "It is not what the buttons of this server’s page send. Nothing was allowed.",
            now: START_AGAIN,
        },
        Unanswered::NoQuestion(OpenError::Expired) => Words {
            title: "That took too long",
            happened: "A question can be answered for ten minutes, and they are over. Nothing was allowed.",
            now: START_AGAIN,
        },
        Unanswered::NoQuestion(_) => Words {
            title: "Your answer was not accepted",
            happened: "It answers a question that was not asked here. Nothing was allowed.",
            now: START_AGAIN,
        },
        Unanswered::NotAnswered(reason) => not_answered(*reason),
        Unanswered::Seal(_) => Words {
            title: "This server is out of order",
            happened: "It could not write its answer down. Nothing was allowed.",
            now: "Start again from your assistant in a moment. If this page comes back, tell the people who run this \
                  server.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits_it_whole() {
        for (seconds, told) in [
            (604_800, "a week"),
            (1_209_600, "2 weeks"),
            (86_400, "a day"),
            (691_200, "8 days"),
            (3_600, "an hour"),
            (100_800, "28 hours"),
            (5_400, "90 minutes"),
            (61, "2 minutes"),
            (1, "a minute"),
        ] {
            assert_eq!(span(Seconds(seconds)), told);
        }
    }
}
