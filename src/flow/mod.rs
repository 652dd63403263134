//! What this server decides: functions of (values, now).

pub mod authorize;
pub mod consent;
pub mod document;
pub mod exchange;
pub mod inspect;
pub mod refusal;
pub mod register;
pub mod revoke;
pub mod verify;

use std::sync::Arc;

use crate::artifact::{Client, Grant, Person};
use crate::clock::{Seconds, Timestamp};
use crate::config::{Config, Consent, Lifetimes};
use crate::document::{DocumentUrl, Fetched, Unread};
use crate::fetch::{FetchError, Reach};
use crate::oauth::{Catalogue, EmailDomains, Jti, RedirectUri};
use crate::rules::Rules;
use crate::seal::keys_dir::Keys;
use crate::seal::{OpenError, SealError, Sealed, Sealer};
use crate::site::{ClientDocuments, Registration, Site};

/// How long a person may think about the question.
pub const QUESTION_LIFETIME: Seconds = Seconds(600);

/// The authorization server of one site.
#[derive(Debug)]
pub struct Authority {
    pub site: Site,
    sealer: Sealer,
    scopes: Catalogue,
    domains: EmailDomains,
    lifetimes: Lifetimes,
    consent: Consent,
    rules: Arc<Rules>,
    /// None where no document is fetched.
    fetched: Option<Fetched>,
}

impl Authority {
    pub fn new(site: Site, config: &Config, keys: Keys, rules: Arc<Rules>) -> Result<Self, FetchError> {
        let reach = if site.issuer.is_loopback() { Reach::Loopback } else { Reach::Internet };
        let fetches = site.documents == ClientDocuments::Fetch;
        Ok(Self {
            sealer: Sealer::new(site.issuer.clone(), keys),
            site,
            scopes: config.scopes.clone(),
            domains: config.domains.clone(),
            lifetimes: config.lifetimes,
            consent: config.consent,
            rules,
            fetched: fetches.then(|| Fetched::new(reach)).transpose()?,
        })
    }

    /// The authority of each site, all with the same keys and rules.
    pub fn all(config: &Config, keys: &Keys, rules: &Arc<Rules>) -> Result<Vec<Self>, FetchError> {
        config
            .sites
            .iter()
            .map(|site| Self::new(site.clone(), config, keys.clone(), Arc::clone(rules)))
            .collect()
    }

    pub fn scopes(&self) -> &Catalogue {
        &self.scopes
    }

    pub fn domains(&self) -> &EmailDomains {
        &self.domains
    }

    pub fn issues_refresh_tokens(&self) -> bool {
        self.lifetimes.refresh.is_some()
    }

    pub fn seal_client(&self, client: &Client) -> Result<Sealed<Client>, SealError> {
        self.sealer.seal(client)
    }

    /// Who is this `client_id`? Registered here, and registration is not off; minted by the operator; or the URL
    /// of a document that is known here.
    fn client(&self, client_id: &Sealed<Client>, now: Timestamp) -> Result<Arc<Client>, UnknownClient> {
        if DocumentUrl::is_meant_by(client_id.as_str()) {
            return self.document(client_id.as_str(), now).ok_or(UnknownClient::NoDocument);
        }
        let client = self.sealer.open_once(client_id, now, |client| client)?;
        if self.is_shut_out(&client) {
            return Err(UnknownClient::RegistrationOff(client.jti.clone()));
        }
        Ok(client)
    }

    /// It registered itself, and registration is off.
    fn is_shut_out(&self, client: &Client) -> bool {
        let by_itself = client.minted.is_none() && client.document.is_none();
        by_itself && self.site.registration == Registration::Off
    }

    /// May the client be answered there, if it names an address yet? The site's policy is for all but the
    /// operator's own clients.
    fn may_be_answered(
        &self,
        client: &Client,
        by_policy: bool,
        uri: Option<&RedirectUri>,
        now: Timestamp,
    ) -> Result<(), NotAnswered> {
        if uri.is_some_and(|uri| by_policy && !self.site.redirects.admits(uri)) {
            return Err(NotAnswered::NotAllowedHere);
        }
        let denied = self.rules.denies(|deny| {
            uri.is_some_and(|uri| deny.denies_redirect(uri, now)) || deny.denies_client(client, now)
        });
        if denied { Err(NotAnswered::Denied) } else { Ok(()) }
    }

    /// May this person use this site, for what they consent, or consented, to at that time?
    pub fn admit(&self, person: &Person, consent: Timestamp) -> Result<(), NotAdmitted> {
        if !self.domains.contains(person.email.domain()) {
            return Err(NotAdmitted::Domain);
        }
        if self.rules.people(&self.site.name).is_some_and(|people| !people.contains(&person.email)) {
            return Err(NotAdmitted::People);
        }
        if self.rules.denies(|deny| deny.denies_person(person, consent)) {
            return Err(NotAdmitted::Denied);
        }
        Ok(())
    }

    /// Does a grant hold still, for its person and its client?
    fn stands(&self, grant: &Grant, client: &Client) -> Result<(), NotAdmitted> {
        if self.rules.denies(|deny| deny.denies_client(client, grant.auth_time)) {
            return Err(NotAdmitted::Client);
        }
        self.admit(&grant.person, grant.auth_time)
    }
}

/// Why somebody, or somebody's client, may not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAdmitted {
    #[error("The application was cut off by whoever runs this server.")]
    Client,
    #[error("Your access was ended by whoever runs this server.")]
    Denied,
    #[error("Your account is not one of the organization that may use this server.")]
    Domain,
    #[error("Your account is not among those that may use this server.")]
    People,
}

/// Why a client is not answered at an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotAnswered {
    #[error("The client was cut off by whoever runs this server.")]
    Denied,
    #[error("The client may not be answered at this redirect_uri on this site.")]
    NotAllowedHere,
}

/// Why a `client_id` is nobody's.
#[derive(Debug, thiserror::Error)]
pub enum UnknownClient {
    #[error("the client_id is the URL of a document that is not known here")]
    NoDocument,
    #[error("registration is off at this site")]
    RegistrationOff(Jti),
    #[error("the client_id is unknown")]
    Unopened(#[from] OpenError),
    #[error(
        "the client_id is the URL of a document that cannot be had, or describes no client of this server"
    )]
    Unread(#[source] Unread),
}
