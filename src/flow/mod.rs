//! What this server decides: functions of (values, now).

pub mod authorize;
pub mod consent;
pub mod exchange;
pub mod refusal;
pub mod register;
pub mod verify;

use crate::artifact::{Client, Person};
use crate::clock::Timestamp;
use crate::config::{Config, Consent, Lifetimes};
use crate::oauth::{Catalogue, EmailDomains, Jti};
use crate::seal::keys_dir::Keys;
use crate::seal::{OpenError, SealError, Sealed, Sealer};
use crate::site::{Registration, Site};

/// The authorization server of one site.
#[derive(Debug)]
pub struct Authority {
    pub site: Site,
    sealer: Sealer,
    scopes: Catalogue,
    domains: EmailDomains,
    lifetimes: Lifetimes,
    consent: Consent,
}

impl Authority {
    pub fn new(site: Site, config: &Config, keys: Keys) -> Self {
        Self {
            sealer: Sealer::new(site.issuer.clone(), keys),
            site,
            scopes: config.scopes.clone(),
            domains: config.domains.clone(),
            lifetimes: config.lifetimes,
            consent: config.consent,
        }
    }

    /// The authority of each site, all with the same keys.
    pub fn all(config: &Config, keys: &Keys) -> Vec<Self> {
        config.sites.iter().map(|site| Self::new(site.clone(), config, keys.clone())).collect()
    }

    pub fn scopes(&self) -> &Catalogue {
        &self.scopes
    }

    pub fn issues_refresh_tokens(&self) -> bool {
        self.lifetimes.refresh.is_some()
    }

    pub fn seal_client(&self, client: &Client) -> Result<Sealed<Client>, SealError> {
        self.sealer.seal(client)
    }

    /// Who is this `client_id`? Registered here, and registration is not off; or minted by the operator.
    fn client(&self, client_id: &Sealed<Client>, now: Timestamp) -> Result<Client, UnknownClient> {
        let client = self.sealer.open(client_id, now)?;
        if client.minted.is_none() && self.site.registration == Registration::Off {
            return Err(UnknownClient::RegistrationOff(client.jti));
        }
        Ok(client)
    }

    /// Does the organization know this person still?
    pub fn admits(&self, person: &Person) -> bool {
        self.domains.contains(person.email.domain())
    }
}

/// Why a `client_id` is nobody's.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UnknownClient {
    #[error("the client_id is unknown")]
    Unopened(#[from] OpenError),
    #[error("registration is off at this site")]
    RegistrationOff(Jti),
}
