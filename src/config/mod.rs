//! The environment, parsed once: after `Config` there is no string left to check.

mod accent;
mod pages;
mod read;
mod site;
mod store;
mod traces;
mod types;
mod upstream;
mod vars;

use std::path::PathBuf;

use tracing_subscriber::filter::Targets;

pub use accent::Accent;
pub use pages::Pages;
pub use read::ConfigError;
use read::{Read, list, seconds};
pub use store::{RedisAddress, RedisStore, Store};
pub use types::{
    Consent, IdTokenSettings, Lifetimes, Limits, Listen, LogFormat, Proofs, ProviderIssuer, ProxySecret,
};
pub use upstream::{Upstream, UpstreamAuthorization, Upstreams};
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
    pub client_documents_dir: Option<PathBuf>,
    pub deny_file: Option<PathBuf>,
    /// How often files are looked at.
    pub poll: Seconds,
    pub limits: Limits,
    pub lifetimes: Lifetimes,
    pub store: Store,
    pub upstreams: Upstreams,
    pub forwarded_hops: usize,
    pub drain: Seconds,
    pub pages: Pages,
    pub log: Targets,
    pub log_format: LogFormat,
    pub traces: bool,
    /// What the operator should know although nothing is wrong.
    pub warnings: Vec<String>,
    /// Each variable with the value in force, in the order of docs/settings.md; secrets are files, so none is here.
    pub effective: Vec<(String, String)>,
}

impl Config {
    /// Reads what begins with `MCP_AUTH_`, and whether traces go out; names the variable at the first mistake.
    pub fn from_vars(vars: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let all: Vec<(String, String)> = vars.into_iter().collect();
        let vars::Sorted { vars, of_sites, warnings } = vars::sort(all.iter().cloned())?;
        let mut read = Read::default();
        let sites = site::sites(vars.sites.clone(), of_sites, &mut read)?;
        let listen = read.value("LISTEN", vars.listen.clone(), "127.0.0.1:8080", str::parse)?;
        let config = Self {
            admin_listen: admin_listen(&vars, &mut read)?.apart_from(&listen)?,
            forwarded_hops: read.value("FORWARDED_HOPS", vars.forwarded_hops.clone(), "1", read::number)?,
            keys_dir: read.value("KEYS_DIR", vars.keys_dir.clone(), "keys", str::parse)?,
            proofs: proofs(&vars, &listen, &mut read)?,
            domains: read.value("EMAIL_DOMAINS", vars.email_domains.clone(), "", |text| {
                EmailDomains::try_from(list(text))
            })?,
            scopes: read
                .value("SCOPES", vars.scopes.clone(), "mcp", |text| Catalogue::try_from(list(text)))?,
            consent: consent(&vars, &sites, &mut read)?,
            client_documents_dir: read.optional(
                "CLIENT_DOCUMENTS_DIR",
                vars.client_documents_dir.clone(),
                str::parse,
            )?,
            deny_file: read.optional("DENY_FILE", vars.deny_file.clone(), str::parse)?,
            poll: read.value("KEYS_POLL_SECS", vars.keys_poll_secs.clone(), "5", read::lifetime)?,
            limits: limits(&vars, &mut read)?,
            lifetimes: lifetimes(&vars, &mut read)?,
            store: store::store(&vars, &mut read)?,
            upstreams: upstream::upstreams(&vars, &sites, &mut read)?,
            drain: read.value("DRAIN_SECS", vars.drain_secs.clone(), "25", seconds)?,
            pages: Pages::read(&vars, &mut read)?,
            log: read.value("LOG", vars.log.clone(), "info", types::log_filter)?,
            log_format: read.value("LOG_FORMAT", vars.log_format.clone(), "json", str::parse)?,
            traces: traces::go_out(&all)?,
            sites,
            listen,
            warnings,
            effective: Vec::new(),
        };
        Ok(Self { effective: read.effective, ..config })
    }

    /// The lifetimes alone, for a job that has no other setting; a misspelt variable is a mistake here, too.
    pub fn lifetimes(vars: impl IntoIterator<Item = (String, String)>) -> Result<Lifetimes, ConfigError> {
        lifetimes(&vars::sort(vars)?.vars, &mut Read::default())
    }

    /// The same of where the admin port is.
    pub fn admin_listen(vars: impl IntoIterator<Item = (String, String)>) -> Result<Listen, ConfigError> {
        admin_listen(&vars::sort(vars)?.vars, &mut Read::default())
    }
}

fn proofs(vars: &Vars, listen: &Listen, read: &mut Read) -> Result<Proofs, ConfigError> {
    let secret_file = read.optional("PROXY_SECRET_FILE", vars.proxy_secret_file.clone(), str::parse)?;
    let issuer = read.optional("ID_TOKEN_ISSUER", vars.id_token_issuer.clone(), str::parse)?;
    let audience = read.optional("ID_TOKEN_AUDIENCE", vars.id_token_audience.clone(), |text| {
        Ok::<_, String>(text.to_owned())
    })?;
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
    if secret_file.is_none() && id_token.is_none() && !unix_socket {
        return Err(ConfigError::new(
            "PROXY_SECRET_FILE",
            "no proof of the proxy is configured, so anybody could claim to be anybody; set at least one of \
             MCP_AUTH_PROXY_SECRET_FILE, MCP_AUTH_ID_TOKEN_ISSUER with MCP_AUTH_ID_TOKEN_AUDIENCE, or \
             MCP_AUTH_LISTEN=unix:/path",
        ));
    }
    Ok(Proofs { secret_file, id_token, unix_socket })
}

/// Nobody is asked only where no stranger can be the client.
fn consent(vars: &Vars, sites: &[Site], read: &mut Read) -> Result<Consent, ConfigError> {
    let consent = read.value("CONSENT", vars.consent.clone(), "always", str::parse)?;
    let strangers = |site: &&Site| {
        let known = site.registration == Registration::Off && !site.knows_documents();
        !site.issuer.is_loopback() && !known
    };
    match sites.iter().find(strangers) {
        Some(site) if consent == Consent::Never => Err(ConfigError::new(
            "CONSENT",
            format!(
                "never is for a loopback issuer, or a site with registration and client documents off (site {})",
                site.name
            ),
        )),
        _ => Ok(consent),
    }
}

fn limits(vars: &Vars, read: &mut Read) -> Result<Limits, ConfigError> {
    let (register, failures) = (vars.register_per_minute.clone(), vars.token_failures_per_minute.clone());
    Ok(Limits {
        register: read.value("REGISTER_PER_MINUTE", register, "600", read::per_minute)?,
        token_failures: read.value("TOKEN_FAILURES_PER_MINUTE", failures, "60", read::per_minute)?,
    })
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

fn admin_listen(vars: &Vars, read: &mut Read) -> Result<Listen, ConfigError> {
    read.value("ADMIN_LISTEN", vars.admin_listen.clone(), "127.0.0.1:8081", str::parse)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn secret_file() -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{}\n\n{}", "a".repeat(43), "b".repeat(32)).unwrap();
        file
    }

    fn config(changes: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let file = secret_file();
        let mut vars = vec![
            ("MCP_AUTH_DEFAULT_ISSUER".to_owned(), "https://mcp.example.com".to_owned()),
            ("MCP_AUTH_EMAIL_DOMAINS".to_owned(), "example.com".to_owned()),
            ("MCP_AUTH_PROXY_SECRET_FILE".to_owned(), file.path().display().to_string()),
            ("HOME".to_owned(), "/".to_owned()),
        ];
        for (name, value) in changes {
            vars.retain(|(other, _)| other != name);
            vars.push(((*name).to_owned(), (*value).to_owned()));
        }
        Config::from_vars(vars)
    }

    #[test]
    fn three_settings_are_enough() {
        let config = config(&[]).unwrap();
        assert_eq!(config.sites[0].issuer.as_str(), "https://mcp.example.com");
        assert_eq!(config.sites[0].resources.first().as_str(), "https://mcp.example.com/mcp");
        assert_eq!(config.lifetimes.access, Seconds(3600));
        assert!(config.warnings.is_empty());
    }

    #[test]
    fn every_variable_is_shown_with_the_value_in_force_and_no_secret() {
        let shown = config(&[("MCP_AUTH_SCOPES", " mcp , files:read ")]).unwrap().effective;
        let text = format!("{shown:?}");
        assert!(text.contains("files:read") && text.contains("127.0.0.1:8080") && !text.contains("aaaa"));
        let site_settings = vars::OF_A_SITE.len();
        assert_eq!(shown.len(), 31 + site_settings, "{shown:?}");
    }

    #[test]
    fn a_mistake_names_its_variable() {
        for (name, value) in [
            ("MCP_AUTH_DEFAULT_ISSUER", ""),
            ("MCP_AUTH_DEFAULT_ISSUER", "http://mcp.example.com"),
            ("MCP_AUTH_DEFAULT_ISSUER", "https://mcp.example.com/path"),
            ("MCP_AUTH_DEFAULT_ISUER", "https://mcp.example.com"),
            ("MCP_AUTH_LISTEM", "127.0.0.1:1"),
            ("MCP_AUTH_PUBLIC_ISSUER", "https://other.example.com"),
            ("MCP_AUTH_SITES", "Internal"),
            ("MCP_AUTH_DEFAULT_RESOURCES", "mcp"),
            ("MCP_AUTH_DEFAULT_REDIRECTS", "lopback"),
            ("MCP_AUTH_DEFAULT_REGISTRATION", "closed"),
            ("MCP_AUTH_DEFAULT_ORIGINS", "example.com"),
            ("MCP_AUTH_EMAIL_DOMAINS", ""),
            ("MCP_AUTH_EMAIL_DOMAINS", "@example.com"),
            ("MCP_AUTH_LISTEN", "8080"),
            ("MCP_AUTH_ADMIN_LISTEN", "unix:relative"),
            ("MCP_AUTH_PROXY_SECRET_FILE", ""),
            ("MCP_AUTH_ID_TOKEN_AUDIENCE", "x"),
            ("MCP_AUTH_ID_TOKEN_ISSUER", "http://accounts.example"),
            ("MCP_AUTH_SCOPES", "offline_access"),
            ("MCP_AUTH_CONSENT", "sometimes"),
            ("MCP_AUTH_CONSENT", "never"),
            ("MCP_AUTH_ACCESS_TOKEN_SECS", "1h"),
            ("MCP_AUTH_ACCESS_TOKEN_SECS", "0"),
            ("MCP_AUTH_CODE_SECS", "601"),
            ("MCP_AUTH_REFRESH_TOKEN_SECS", "-1"),
            ("MCP_AUTH_UPSTREAM", "127.0.0.1:9000"),
            ("MCP_AUTH_UPSTREAM", "http://127.0.0.1:9000/mcp"),
            ("MCP_AUTH_UPSTREAM_AUTHORIZATION", "drop"),
            ("MCP_AUTH_REGISTER_PER_MINUTE", "many"),
            ("MCP_AUTH_LOG_FORMAT", "xml"),
            ("MCP_AUTH_ACCENT", "red"),
            ("MCP_AUTH_STORE", "memcached://127.0.0.1"),
            ("MCP_AUTH_STORE", "redis://:hunter2@127.0.0.1"),
            ("MCP_AUTH_STORE_PASSWORD_FILE", "/a/file/without/a/redis"),
            ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "fetched"),
        ] {
            let mistake = config(&[(name, value)]).map(|_| ()).unwrap_err().to_string();
            let named = if name == "MCP_AUTH_ID_TOKEN_AUDIENCE" { "MCP_AUTH_ID_TOKEN_ISSUER" } else { name };
            assert!(mistake.starts_with(&format!("{named}: ")), "{name}={value}: {mistake}");
            assert!(!mistake.contains('\n'), "{mistake}");
        }
    }

    #[test]
    fn without_a_proof_of_the_proxy_all_three_are_named() {
        let mistake = config(&[("MCP_AUTH_PROXY_SECRET_FILE", " ")]).unwrap_err().to_string();
        for proof in ["MCP_AUTH_PROXY_SECRET_FILE", "MCP_AUTH_ID_TOKEN_ISSUER", "MCP_AUTH_LISTEN=unix:"] {
            assert!(mistake.contains(proof), "{mistake}");
        }
        let socket = ("MCP_AUTH_LISTEN", "unix:/run/x.sock");
        assert!(config(&[("MCP_AUTH_PROXY_SECRET_FILE", ""), socket]).is_ok());
    }

    #[test]
    fn nobody_is_asked_only_where_no_stranger_can_be_the_client() {
        for allowed in
            [("MCP_AUTH_DEFAULT_ISSUER", "http://localhost:4180"), ("MCP_AUTH_DEFAULT_REGISTRATION", "off")]
        {
            assert_eq!(config(&[("MCP_AUTH_CONSENT", "never"), allowed]).unwrap().consent, Consent::Never);
        }
    }
}
