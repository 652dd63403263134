//! What came back, or why nothing did.

use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION};
use serde::de::DeserializeOwned;
use url::Url;

use super::challenge::Challenge;

/// The answer to one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// Which request it answers, for a line of the report.
    pub(super) asked: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    pub(super) millis: u128,
    /// Of the server, in DER.
    pub(super) certificate: Option<Vec<u8>>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How often a header is there.
    pub(super) fn count(&self, name: &str) -> usize {
        self.headers.get_all(name).iter().count()
    }

    pub(super) fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status) && self.headers.contains_key(LOCATION)
    }

    pub(super) fn location(&self, asked: &Url) -> Option<Url> {
        asked.join(self.header("location")?).ok()
    }

    pub(super) fn is_html(&self) -> bool {
        let sent = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        sent.starts_with("text/html") || self.body.trim_start().starts_with("<!")
    }

    /// The page on which oauth2-proxy offers to sign in, instead of leading there.
    pub(super) fn is_sign_in_page(&self) -> bool {
        self.is_html() && self.body.contains("/oauth2/start")
    }

    /// What oauth2-proxy says instead, to who accepts JSON alone.
    pub(super) fn is_sign_in_refused(&self) -> bool {
        self.status == 401 && self.count("www-authenticate") == 0 && self.body.trim() == "{}"
    }

    pub(super) fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(&self.body).ok()
    }

    /// The protocol's word for what is wrong, as the body has it.
    pub(super) fn error(&self) -> Option<String> {
        let body: serde_json::Value = self.json()?;
        body["error"].as_str().map(str::to_owned)
    }

    pub(super) fn challenge(&self) -> Option<Challenge> {
        Challenge::of(self.header("www-authenticate")?)
    }

    /// For a line of the report: what was asked, the status, and what else says most.
    pub(super) fn shown(&self) -> String {
        let status = format!("{}: {}", self.asked, self.status);
        match self.header("location") {
            Some(to) if self.is_redirect() => format!("{status} to {}", short(to)),
            _ if self.is_html() => format!("{status} with HTML"),
            _ => status,
        }
    }
}

/// Queries hold states and challenges, which say nothing here. What others chose does not steer a terminal.
pub(super) fn short(text: &str) -> String {
    let head = text.split(['?', '#']).next().unwrap_or_default();
    head.chars().take(LONGEST).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

const LONGEST: usize = 120;

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Silence {
    #[error("the certificate has expired, or is not valid yet")]
    CertificateExpired,
    #[error("the certificate is for another name")]
    CertificateName,
    #[error("the certificate is not trusted")]
    CertificateUntrusted,
    #[error("what answers there does not speak TLS")]
    NotTls,
    #[error("no answer within {0} s")]
    TimedOut(u64),
    #[error("no answer: {0}")]
    Unreached(String),
}

impl Silence {
    /// By the words that OpenSSL and the system have for it.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
        let causes: Vec<String> = causes.map(ToString::to_string).collect();
        let said = |words: &[&str]| causes.iter().any(|cause| words.iter().any(|word| cause.contains(word)));
        if said(&["hostname mismatch", "IP address mismatch"]) {
            Self::CertificateName
        } else if said(&["certificate has expired", "certificate is not yet valid"]) {
            Self::CertificateExpired
        } else if said(&["certificate verify failed"]) {
            Self::CertificateUntrusted
        } else if said(&["wrong version number", "packet length too long", "http request"]) {
            Self::NotTls
        } else {
            Self::Unreached(causes.last().map(|cause| short(cause)).unwrap_or_default())
        }
    }
}
