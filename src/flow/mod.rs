//! What this server decides: functions of (values, now).

pub mod authorize;
pub mod consent;
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
use crate::oauth::{Catalogue, EmailDomains, Jti};
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
}

impl Authority {
    pub fn new(site: Site, config: &Config, keys: Keys, rules: Arc<Rules>) -> Self {
        Self {
            sealer: Sealer::new(site.issuer.clone(), keys),
            site,
            scopes: config.scopes.clone(),
            domains: config.domains.clone(),
            lifetimes: config.lifetimes,
            consent: config.consent,
            rules,
        }
    }

    /// The authority of each site, all with the same keys and rules.
    pub fn all(config: &Config, keys: &Keys, rules: &Arc<Rules>) -> Vec<Self> {
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

    pub fn knows_documents(&self) -> bool {
        self.site.documents == ClientDocuments::Pinned
    }

    pub fn seal_client(&self, client: &Client) -> Result<Sealed<Client>, SealError> {
        self.sealer.seal(client)
    }

    /// Who is this `client_id`? Registered here, and registration is not off; minted by the operator; or the URL
    /// of a document that is known here.
    fn client(&self, client_id: &Sealed<Client>, now: Timestamp) -> Result<Client, UnknownClient> {
        if client_id.as_str().starts_with("https://") {
            return self.document(client_id.as_str()).cloned().ok_or(UnknownClient::NoDocument);
        }
        let client = self.sealer.open(client_id, now)?;
        if client.minted.is_none() && self.site.registration == Registration::Off {
            return Err(UnknownClient::RegistrationOff(client.jti));
        }
        Ok(client)
    }

    fn document(&self, url: &str) -> Option<&Client> {
        self.rules.documents().find(url).filter(|_| self.knows_documents())
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

/// Why a `client_id` is nobody's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UnknownClient {
    #[error("the client_id is the URL of a document that is not known here")]
    NoDocument,
    #[error("registration is off at this site")]
    RegistrationOff(Jti),
    #[error("the client_id is unknown")]
    Unopened(#[from] OpenError),
}
