//! The variables as they come: sorted into the server's own, the sites', and Kubernetes'.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;

const PREFIX: &str = "MCP_AUTH_";

/// One field for each variable of the server; what belongs to a site was taken out before.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Vars {
    pub(super) sites: Option<String>,
    pub(super) client_documents_dir: Option<String>,
    pub(super) listen: Option<String>,
    pub(super) admin_listen: Option<String>,
    pub(super) forwarded_hops: Option<String>,
    pub(super) keys_dir: Option<String>,
    pub(super) keys_poll_secs: Option<String>,
    pub(super) proxy_secret_file: Option<String>,
    pub(super) id_token_issuer: Option<String>,
    pub(super) id_token_audience: Option<String>,
    pub(super) id_token_max_age_secs: Option<String>,
    pub(super) email_domains: Option<String>,
    pub(super) scopes: Option<String>,
    pub(super) consent: Option<String>,
    pub(super) access_token_secs: Option<String>,
    pub(super) code_secs: Option<String>,
    pub(super) refresh_token_secs: Option<String>,
    pub(super) refresh_grace_secs: Option<String>,
    pub(super) store: Option<String>,
    pub(super) store_password_file: Option<String>,
    pub(super) deny_file: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) upstream_authorization: Option<String>,
    pub(super) register_per_minute: Option<String>,
    pub(super) token_failures_per_minute: Option<String>,
    pub(super) drain_secs: Option<String>,
    pub(super) product_name: Option<String>,
    pub(super) support_contact: Option<String>,
    pub(super) accent: Option<String>,
    pub(super) log: Option<String>,
    pub(super) log_format: Option<String>,
}

/// The variables of one site, by what follows its name.
pub(super) type SiteVars = BTreeMap<String, String>;

/// What a site may be told.
pub(super) const OF_A_SITE: [&str; 7] =
    ["ISSUER", "RESOURCES", "REDIRECTS", "REGISTRATION", "CLIENT_DOCUMENTS", "ORIGINS", "PEOPLE_FILE"];

/// The environment by who it is for.
pub(super) struct Sorted {
    pub(super) vars: Vars,
    pub(super) of_sites: BTreeMap<String, SiteVars>,
    pub(super) warnings: Vec<String>,
}

/// Sorts the environment; whatever is left over and begins with the prefix is a mistake.
pub(super) fn sort(vars: impl IntoIterator<Item = (String, String)>) -> Result<Sorted, ConfigError> {
    let mut ours: BTreeMap<String, String> = vars
        .into_iter()
        .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
        .collect();
    let mut of_sites: BTreeMap<String, SiteVars> = BTreeMap::new();
    for site in super::site::names(ours.get("SITES").cloned())? {
        let of_site = of_sites.entry(site.clone()).or_default();
        for setting in OF_A_SITE {
            if let Some(value) = ours.remove(&format!("{}_{setting}", site.to_ascii_uppercase())) {
                of_site.insert(setting.to_owned(), value);
            }
        }
    }
    let of_kubernetes: Vec<String> = ours.keys().filter(|name| is_kubernetes(name)).cloned().collect();
    ours.retain(|name, _| !is_kubernetes(name));
    let vars = envy::from_iter(ours).map_err(|error| unknown(&error))?;
    Ok(Sorted { vars, of_sites, warnings: warning(&of_kubernetes).into_iter().collect() })
}

/// The variables that Kubernetes injects for a Service whose name begins like ours.
fn is_kubernetes(name: &str) -> bool {
    let numbered_port =
        name.rsplit_once("PORT_").is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_digit()));
    let ends = |word: &str| name == word || name.ends_with(&format!("_{word}"));
    ends("SERVICE_HOST") || ends("PORT") || name.contains("SERVICE_PORT") || numbered_port
}

fn warning(names: &[String]) -> Option<String> {
    let (first, others) = names.split_first()?;
    Some(format!(
        "left out {PREFIX}{first} and {} more that Kubernetes injects for a Service; enableServiceLinks: false stops them",
        others.len()
    ))
}

/// serde names the field in its sentence; the operator wants the variable.
fn unknown(error: &envy::Error) -> ConfigError {
    let sentence = error.to_string();
    let field = sentence.split('`').nth(1).unwrap_or_default();
    let variable = field.to_ascii_uppercase();
    let reason = match of_no_site(&variable) {
        Some(site) => format!("MCP_AUTH_SITES names no site `{}`", site.to_ascii_lowercase()),
        None => "there is no such setting".to_owned(),
    };
    ConfigError::new(variable, reason)
}

/// What is left of a site that was taken out of the list, or was never put in.
fn of_no_site(variable: &str) -> Option<&str> {
    OF_A_SITE.iter().find_map(|setting| variable.strip_suffix(setting)?.strip_suffix('_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_injects_is_left_out_with_one_warning() {
        let injected = ["SERVICE_HOST", "SIDECAR_SERVICE_PORT_HTTP", "PORT", "PORT_4180_TCP_ADDR"];
        let vars = injected.map(|name| (format!("MCP_AUTH_{name}"), "10.0.0.1".to_owned()));
        let warnings = sort(vars).map_err(|error| error.to_string()).unwrap().warnings;
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("and 3 more"), "{warnings:?}");
    }

    #[test]
    fn a_variable_that_nobody_knows_is_named() {
        for (name, reason) in [
            ("MCP_AUTH_LISTEM", "there is no such setting"),
            ("MCP_AUTH_DEFAULT_ISUER", "there is no such setting"),
            ("MCP_AUTH_PUBLIC_ISSUER", "MCP_AUTH_SITES names no site `public`"),
            ("MCP_AUTH_OLD_CLIENT_DOCUMENTS", "MCP_AUTH_SITES names no site `old`"),
        ] {
            let mistake = sort([(name.to_owned(), "x".to_owned())]).err().unwrap();
            assert_eq!(mistake.to_string(), format!("{name}: {reason}"));
        }
    }
}
