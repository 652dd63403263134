//! The environment, parsed once: after `Config` there is no string left to check.

mod read;
mod site;
mod types;
mod vars;

use std::path::PathBuf;

pub use read::ConfigError;
use read::{Read, list, seconds};
pub use types::{
    Consent, IdTokenSettings, Lifetimes, Listen, LogFormat, Pages, Proofs, ProviderIssuer, ProxySecret,
    Upstream, Upstreams,
};
use vars::Vars;

use crate::clock::Seconds;
use crate::oauth::{Catalogue, EmailDomains};
use crate::site::{Registration, Site};

/// Every setting of this server in its type.
#[derive(Debug)]
pub struct Config {
    pub sites: Vec<Site>,
    pub listen: Listen,
    pub admin_listen: Listen,
    pub keys_dir: PathBuf,
    pub proofs: Proofs,
    pub domains: EmailDomains,
    pub scopes: Catalogue,
    pub consent: Consent,
    pub lifetimes: Lifetimes,
    pub upstreams: Upstreams,
    pub forwarded_hops: usize,
    pub drain: Seconds,
    pub pages: Pages,
    pub log: String,
    pub log_format: LogFormat,
    /// What the operator should know although nothing is wrong.
    pub warnings: Vec<String>,
    /// Each variable with the value in force, in the order of the README; secrets are files, so none is here.
    pub effective: Vec<(String, String)>,
}

impl Config {
    /// Reads the variables that begin with `MCP_AUTH_`; names the variable at the first mistake.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let (vars, site_vars, warnings) = vars::sort(vars)?;
        let mut read = Read::default();
        let sites = site::sites(vars.sites.clone(), site_vars, &mut read)?;
        let listen = read.value("LISTEN", vars.listen.clone(), "127.0.0.1:8080", Listen::try_from)?;
        let config = Self {
            admin_listen: read.value(
                "ADMIN_LISTEN",
                vars.admin_listen.clone(),
                "127.0.0.1:8081",
                Listen::try_from,
            )?,
            forwarded_hops: read.value("FORWARDED_HOPS", vars.forwarded_hops.clone(), "1", read::number)?,
            keys_dir: read
                .value("KEYS_DIR", vars.keys_dir.clone(), "keys", |dir| Ok::<_, String>(dir.into()))?,
            proofs: proofs(&vars, &listen, &mut read)?,
            domains: read.value("EMAIL_DOMAINS", vars.email_domains.clone(), "", |text| {
                EmailDomains::try_from(list(&text))
            })?,
            scopes: read
                .value("SCOPES", vars.scopes.clone(), "mcp", |text| Catalogue::try_from(list(&text)))?,
            consent: consent(&vars, &sites, &mut read)?,
            lifetimes: lifetimes(&vars, &mut read)?,
            upstreams: read.value("UPSTREAM", vars.upstream.clone(), "", Upstreams::try_from)?,
            drain: read.value("DRAIN_SECS", vars.drain_secs.clone(), "25", seconds)?,
            pages: pages(&vars, &mut read)?,
            log: read.value("LOG", vars.log.clone(), "info", types::log_filter)?,
            log_format: read.value("LOG_FORMAT", vars.log_format.clone(), "json", LogFormat::try_from)?,
            sites,
            listen,
            warnings,
            effective: Vec::new(),
        };
        known_but_unused(&vars, &mut read)?;
        Ok(Self { effective: read.effective, ..config })
    }
}

fn proofs(vars: &Vars, listen: &Listen, read: &mut Read) -> Result<Proofs, ConfigError> {
    let secrets =
        read.optional("PROXY_SECRET_FILE", vars.proxy_secret_file.clone(), ProxySecret::read_file)?;
    let issuer = read.optional("ID_TOKEN_ISSUER", vars.id_token_issuer.clone(), ProviderIssuer::try_from)?;
    let audience = read.optional("ID_TOKEN_AUDIENCE", vars.id_token_audience.clone(), Ok::<_, String>)?;
    let max_age = read.value("ID_TOKEN_MAX_AGE_SECS", vars.id_token_max_age_secs.clone(), "7200", seconds)?;
    let id_token = match (issuer, audience) {
        (Some(issuer), Some(audience)) => Some(IdTokenSettings { issuer, audience, max_age }),
        (None, None) => None,
        (Some(_), None) => {
            return Err(ConfigError::new("ID_TOKEN_AUDIENCE", "it is needed beside the issuer"));
        }
        (None, Some(_)) => {
            return Err(ConfigError::new("ID_TOKEN_ISSUER", "it is needed beside the audience"));
        }
    };
    let unix_socket = matches!(listen, Listen::Unix(_));
    if secrets.is_none() && id_token.is_none() && !unix_socket {
        return Err(ConfigError::new(
            "PROXY_SECRET_FILE",
            "no proof of the proxy is configured, so anybody could claim to be anybody; set at least one of \
             MCP_AUTH_PROXY_SECRET_FILE, MCP_AUTH_ID_TOKEN_ISSUER with MCP_AUTH_ID_TOKEN_AUDIENCE, or \
             MCP_AUTH_LISTEN=unix:/path",
        ));
    }
    Ok(Proofs { secrets: secrets.unwrap_or_default(), id_token, unix_socket })
}

/// Nobody is asked only where no stranger can be the client.
fn consent(vars: &Vars, sites: &[Site], read: &mut Read) -> Result<Consent, ConfigError> {
    let consent = read.value("CONSENT", vars.consent.clone(), "always", Consent::try_from)?;
    let strangers = |site: &&Site| !site.issuer.is_loopback() && site.registration == Registration::Open;
    match sites.iter().find(strangers) {
        Some(site) if consent == Consent::Never => Err(ConfigError::new(
            "CONSENT",
            format!(
                "never is for a loopback issuer or a site without open registration; set MCP_AUTH_{}_REGISTRATION=off",
                site.name.to_ascii_uppercase()
            ),
        )),
        _ => Ok(consent),
    }
}

fn lifetimes(vars: &Vars, read: &mut Read) -> Result<Lifetimes, ConfigError> {
    let refresh = read.value("REFRESH_TOKEN_SECS", vars.refresh_token_secs.clone(), "604800", seconds)?;
    let refresh_grace = read.value("REFRESH_GRACE_SECS", vars.refresh_grace_secs.clone(), "60", seconds)?;
    Ok(Lifetimes {
        access: read.value("ACCESS_TOKEN_SECS", vars.access_token_secs.clone(), "3600", read::lifetime)?,
        code: read.value("CODE_SECS", vars.code_secs.clone(), "60", read::code_lifetime)?,
        refresh: (refresh > Seconds(0)).then_some(refresh),
        refresh_grace,
    })
}

fn pages(vars: &Vars, read: &mut Read) -> Result<Pages, ConfigError> {
    Ok(Pages {
        product_name: read.optional("PRODUCT_NAME", vars.product_name.clone(), types::line)?,
        support_contact: read.optional("SUPPORT_CONTACT", vars.support_contact.clone(), types::line)?,
        accent: read.optional("ACCENT", vars.accent.clone(), types::colour)?,
    })
}

/// Settings whose work is not there yet: refused where ignoring them would surprise, accepted where it cannot.
fn known_but_unused(vars: &Vars, read: &mut Read) -> Result<(), ConfigError> {
    read.value("KEYS_POLL_SECS", vars.keys_poll_secs.clone(), "5", seconds)?;
    read.value("REGISTER_PER_MINUTE", vars.register_per_minute.clone(), "600", read::number)?;
    read.value("TOKEN_FAILURES_PER_MINUTE", vars.token_failures_per_minute.clone(), "60", read::number)?;
    read.only("STORE", vars.store.clone(), "memory")?;
    read.only("STORE_PASSWORD_FILE", vars.store_password_file.clone(), "")?;
    read.only("DENY_FILE", vars.deny_file.clone(), "")?;
    read.only("CLIENT_DOCUMENTS_DIR", vars.client_documents_dir.clone(), "")?;
    read.only("UPSTREAM_AUTHORIZATION", vars.upstream_authorization.clone(), "pass")
}

#[cfg(test)]
mod tests;
