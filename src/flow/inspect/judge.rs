//! Why a site would refuse a value, by every rule that its door has.

use super::super::{Authority, NotAdmitted, NotAnswered};
use super::opened::{Kind, Opened};
use crate::artifact::{AccessToken, Client, Grant};
use crate::clock::Timestamp;
use crate::oauth::{Issuer, Resource, Scopes};
use crate::seal::OpenError;
use crate::seal::unproven::Unproven;
use crate::spent::{Family, Reused, Spent};

/// What the store of all replicas said of a family.
#[derive(Debug)]
pub enum Asked {
    Answered(Option<Family>),
    Away,
    /// Each replica remembers for itself, and this process is none of them.
    Memory,
    /// It belongs to no family.
    NotNeeded,
}

impl Asked {
    pub(super) async fn of(opened: &Opened, spent: &Spent) -> Self {
        match (opened.sid(), spent.shared()) {
            (None, _) => Self::NotNeeded,
            (Some(_), None) => Self::Memory,
            (Some(sid), Some(store)) => store.family(sid).await.map_or(Self::Away, Self::Answered),
        }
    }
}

/// What a value is judged by.
pub(super) struct Subject<'a> {
    /// None for the document of a client.
    pub(super) issuer: Option<&'a Issuer>,
    pub(super) opened: &'a Opened,
    pub(super) asked: &'a Asked,
}

/// What one site would do.
#[derive(Debug)]
pub struct Verdict {
    pub site: String,
    /// Why it refuses; none: it accepts.
    pub refusals: Vec<Reason>,
    /// What stands in the way later: of an access token at the next refresh, of everything else at the gateway.
    pub later: Vec<Reason>,
}

impl Verdict {
    pub fn is_accepted(&self) -> bool {
        self.refusals.is_empty()
    }

    /// Of what no key of ours opened: by its kind, if it says one, and the key that it names.
    pub(super) fn unopened(site: &str, kind: Option<Kind>, error: OpenError, said: &Unproven) -> Self {
        let reason = match (kind, error) {
            (None, _) => Reason::UnknownKind,
            (Some(_), OpenError::Key) => Reason::UnknownKey(said.kid.clone()),
            (Some(_), _) if said.typ.is_none() => Reason::UnknownDocument,
            (Some(_), error) => Reason::Unopened(error),
        };
        Self { refusals: vec![reason], ..Self::of(site) }
    }

    fn of(site: &str) -> Self {
        Self { site: site.to_owned(), refusals: Vec::new(), later: Vec::new() }
    }

    fn refuse(&mut self, reason: Option<Reason>) {
        self.refusals.extend(reason);
    }

    fn later(&mut self, reason: Option<Reason>) {
        self.later.extend(reason);
    }
}

impl Authority {
    pub(super) fn judge(&self, subject: &Subject, now: Timestamp) -> Verdict {
        let mut verdict = Verdict::of(&self.site.name);
        if let Some(other) = subject.issuer.filter(|issuer| **issuer != self.site.issuer) {
            // Everything else is for the site that made it to say.
            verdict.refuse(Some(Reason::Issuer(other.clone())));
            return verdict;
        }
        verdict.refuse(subject.opened.exp().filter(|exp| now >= *exp).map(Reason::Expired));
        verdict.refuse(self.reused(subject, now).map(Reason::Reused));
        match subject.opened {
            Opened::Access(token) => self.judge_access_token(token, now, &mut verdict),
            Opened::Client(client) => self.judge_client(client, now, &mut verdict),
            Opened::Code(code) => {
                let (uri, consent) = (&code.redirect_uri, code.grant.auth_time);
                let denied = self.rules.denies(|deny| deny.denies_redirect(uri, consent));
                verdict.refuse(denied.then_some(Reason::NotAdmitted(NotAdmitted::Client)));
                self.judge_grant(&code.grant, &mut verdict);
            }
            Opened::Question(question) => {
                let answered = self.may_still_be_answered(question, now);
                verdict.refuse(answered.err().map(unanswered));
                verdict.refuse(self.admit(&question.person, now).err().map(Reason::NotAdmitted));
            }
            Opened::Refresh(token) => {
                verdict.refuse((!self.issues_refresh_tokens()).then_some(Reason::NoRefreshTokens));
                self.judge_grant(&token.grant, &mut verdict);
            }
        }
        verdict
    }

    /// As the gateway does; who may sign in matters at the next refresh.
    fn judge_access_token(&self, token: &AccessToken, now: Timestamp, verdict: &mut Verdict) {
        verdict.refuse(self.foreign(&token.aud));
        verdict.refuse(self.denied(token, now).map(Reason::NotAdmitted));
        verdict.refuse(self.lacking(&token.scope));
        let admitted = self.admit(&token.person, token.auth_time);
        verdict
            .later(admitted.err().filter(|reason| *reason != NotAdmitted::Denied).map(Reason::NotAdmitted));
    }

    /// As the token endpoint does, but for what only its caller can show.
    fn judge_grant(&self, grant: &Grant, verdict: &mut Verdict) {
        verdict.refuse(self.admit(&grant.person, grant.auth_time).err().map(Reason::NotAdmitted));
        verdict.later(self.foreign(&grant.resource));
        verdict.later(self.lacking(&grant.scope));
    }

    /// As the authorization endpoint does, whichever of its redirect URIs is named.
    fn judge_client(&self, client: &Client, now: Timestamp, verdict: &mut Verdict) {
        let of_document = client.document.is_some();
        verdict.refuse((of_document && !self.site.knows_documents()).then_some(Reason::NoDocuments));
        verdict.refuse(self.is_shut_out(client).then_some(Reason::RegistrationOff));
        let denied = self.rules.denies(|deny| deny.denies_client(client, now));
        verdict.refuse(denied.then_some(Reason::NotAdmitted(NotAdmitted::Client)));
        let admits = |uri| client.minted.is_some() || self.site.redirects.admits(uri);
        let nowhere = !client.redirect_uris.iter().any(admits);
        verdict.refuse(nowhere.then_some(Reason::RedirectUris));
    }

    fn foreign(&self, audience: &Resource) -> Option<Reason> {
        let ours = self.site.resources.iter().any(|resource| resource == audience);
        (!ours).then(|| Reason::Audience(audience.clone()))
    }

    fn lacking(&self, scope: &Scopes) -> Option<Reason> {
        (!self.is_enough(scope)).then(|| Reason::Scope(self.scopes.default_scope().to_owned()))
    }

    fn reused(&self, subject: &Subject, now: Timestamp) -> Option<Reused> {
        let Asked::Answered(family) = subject.asked else { return None };
        match (subject.opened, family) {
            (Opened::Code(_), known) => known.as_ref().map(|_| Reused::Code),
            (Opened::Refresh(_), None) => Some(Reused::Unknown),
            (Opened::Refresh(token), Some(family)) => {
                family.would_refuse(token, self.lifetimes.refresh_grace, now)
            }
            (_, known) => known.as_ref().filter(|family| family.is_revoked()).map(|_| Reused::Revoked),
        }
    }
}

/// Why not, in the operator's words.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error("it is for {}, which is no resource of this site", .0.as_str())]
    Audience(Resource),
    #[error("it expired at {0}")]
    Expired(Timestamp),
    #[error("{} made it, which is another issuer", .0.as_str())]
    Issuer(Issuer),
    #[error("client documents are off at this site")]
    NoDocuments,
    #[error("this site issues no refresh tokens")]
    NoRefreshTokens,
    #[error("{}", barred(*.0))]
    NotAdmitted(NotAdmitted),
    #[error("none of its redirect URIs is allowed at this site")]
    RedirectUris,
    #[error("registration is off at this site")]
    RegistrationOff,
    #[error("{}", spent(*.0))]
    Reused(Reused),
    #[error("it lacks the scope {0}")]
    Scope(String),
    #[error("{0}")]
    Unopened(OpenError),
    #[error("no client document of this URL is known here")]
    UnknownDocument,
    #[error("no key of ours fits it: {}", unknown(.0.as_deref()))]
    UnknownKey(Option<String>),
    #[error("it is nothing that is issued here")]
    UnknownKind,
}

fn unanswered(reason: NotAnswered) -> Reason {
    match reason {
        NotAnswered::Denied => Reason::NotAdmitted(NotAdmitted::Client),
        NotAnswered::NotAllowedHere => Reason::RedirectUris,
    }
}

fn barred(reason: NotAdmitted) -> &'static str {
    match reason {
        NotAdmitted::Client => "a rule of the deny file is about its client, or where that is answered",
        NotAdmitted::Denied => "a rule of the deny file is about its person",
        NotAdmitted::Domain => "its person is of no domain in MCP_AUTH_EMAIL_DOMAINS",
        NotAdmitted::People => "its person is not in the people file of this site",
    }
}

fn spent(reason: Reused) -> &'static str {
    match reason {
        Reused::Code => "it was used before",
        Reused::Revoked => "its family is revoked",
        Reused::Stolen => {
            "a newer one was used longer ago than the grace time; whoever sends it ends its family"
        }
        Reused::Superseded => "a newer one was used already",
        Reused::Unknown => "the store does not know its family: it was emptied, or is another one",
    }
}

fn unknown(kid: Option<&str>) -> String {
    match kid {
        Some(kid) => format!("{kid} is unknown, or its time is over"),
        None => "it names none".to_owned(),
    }
}
