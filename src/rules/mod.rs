//! What the operator says in files: who is denied, who may use a site, which clients are known beforehand, and
//! the secrets that the proxy shares.

pub mod deny;
pub mod people;

use std::collections::HashMap;

pub use deny::Deny;
pub use people::People;

use crate::clock::Timestamp;
use crate::config::{Config, ConfigError, ProxySecret};
use crate::document::Pinned;
use crate::telemetry::Telemetry;
use crate::watch::Watched;

/// The files in force.
#[derive(Debug)]
pub struct Rules {
    deny: Option<Watched<Deny>>,
    people: HashMap<String, Watched<People>>,
    documents: Pinned,
    secrets: Option<Watched<Vec<ProxySecret>>>,
}

impl Rules {
    /// Reads every file that is configured; names the variable of one that cannot be used.
    pub fn read(config: &Config) -> Result<Self, ConfigError> {
        let mut people = HashMap::new();
        for site in &config.sites {
            if let Some(path) = &site.people_file {
                let file = Watched::read("people", path.clone(), People::parse);
                let variable = format!("{}_PEOPLE_FILE", site.name.to_ascii_uppercase());
                people.insert(site.name.clone(), file.map_err(|reason| ConfigError::new(variable, reason))?);
            }
        }
        let deny = config.deny_file.clone().map(|path| Watched::read("deny", path, Deny::parse));
        let secrets = config.proofs.secret_file.clone();
        let secrets = secrets.map(|path| Watched::read("proxy secret", path, ProxySecret::parse));
        let documents = Pinned::read(config.client_documents_dir.as_deref());
        Ok(Self {
            deny: deny.transpose().map_err(|reason| ConfigError::new("DENY_FILE", reason))?,
            people,
            documents: documents.map_err(|reason| ConfigError::new("CLIENT_DOCUMENTS_DIR", reason))?,
            secrets: secrets.transpose().map_err(|reason| ConfigError::new("PROXY_SECRET_FILE", reason))?,
        })
    }

    /// Those that were read.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let (deny, people) = (self.deny.iter().map(Watched::name), self.people.values().map(Watched::name));
        deny.chain(people).chain(self.secrets.iter().map(Watched::name))
    }

    /// Looks whether any of them changed.
    pub fn look(&self, telemetry: &Telemetry, now: Timestamp) {
        self.deny.iter().for_each(|file| file.look(telemetry, now));
        self.people.values().for_each(|file| file.look(telemetry, now));
        self.secrets.iter().for_each(|file| file.look(telemetry, now));
    }

    /// Is there a deny rule that this is true of?
    pub fn denies(&self, is_denied: impl FnOnce(&Deny) -> bool) -> bool {
        self.deny.as_ref().is_some_and(|file| is_denied(&file.current()))
    }

    /// Who may use the site; none: everybody of the domains.
    pub fn people(&self, site: &str) -> Option<std::sync::Arc<People>> {
        self.people.get(site).map(Watched::current)
    }

    pub fn documents(&self) -> &Pinned {
        &self.documents
    }

    /// The secrets of which any is good; none: that proof is not asked for.
    pub fn secrets(&self) -> Option<std::sync::Arc<Vec<ProxySecret>>> {
        self.secrets.as_ref().map(Watched::current)
    }
}
