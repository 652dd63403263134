//! The variables of the sites.

use std::collections::BTreeMap;

use super::ConfigError;
use super::read::{Read, list};
use super::vars::SiteVars;
use crate::oauth::names::NameError;
use crate::oauth::resource::is_at_or_below;
use crate::oauth::{Issuer, Resource, Resources};
use crate::site::{ClientDocuments, RedirectPolicy, Registration, Site};

/// Where no MCP server can be: the endpoints of every site lie there.
const OURS: [&str; 2] = ["/.well-known", "/oauth"];

/// The names in `MCP_AUTH_SITES`.
pub(super) fn names(text: Option<String>) -> Result<Vec<String>, ConfigError> {
    let mut names = list(&text.unwrap_or_default());
    if names.is_empty() {
        names.push("default".to_owned());
    }
    for (at, name) in names.iter().enumerate() {
        let word = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !word || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err(ConfigError::new(
                "SITES",
                format!("`{name}` is no name; use lower-case letters and digits"),
            ));
        }
        if names[..at].contains(name) {
            return Err(ConfigError::new("SITES", format!("`{name}` is there twice")));
        }
    }
    Ok(names)
}

pub(super) fn sites(
    listed: Option<String>,
    mut of_sites: BTreeMap<String, SiteVars>,
    read: &mut Read,
) -> Result<Vec<Site>, ConfigError> {
    let names = names(listed)?;
    read.value("SITES", Some(names.join(",")), "", |_| Ok::<_, String>(()))?;
    let mut sites: Vec<Site> = Vec::new();
    for name in names {
        let mut vars = of_sites.remove(&name).unwrap_or_default();
        let site = site(name, &mut vars, read)?;
        if sites.iter().any(|other| other.issuer == site.issuer) {
            let variable = format!("{}_ISSUER", site.name.to_ascii_uppercase());
            return Err(ConfigError::new(variable, "another site has the same issuer"));
        }
        sites.push(site);
    }
    Ok(sites)
}

fn site(name: String, vars: &mut SiteVars, read: &mut Read) -> Result<Site, ConfigError> {
    let prefix = name.to_ascii_uppercase();
    let mut take = |setting: &str| (format!("{prefix}_{setting}"), vars.remove(setting));
    let (variable, text) = take("ISSUER");
    let issuer = read.value(&variable, text, "", |text| {
        if text.is_empty() {
            return Err("the site's origin is needed, such as https://mcp.example.com".to_owned());
        }
        Issuer::try_from(text.to_owned()).map_err(|error| error.to_string())
    })?;
    let (variable, text) = take("RESOURCES");
    let resources = read.value(&variable, text, &issuer.at("/mcp"), |text| resources(text, &issuer))?;
    let (variable, text) = take("REDIRECTS");
    let redirects = read.value(&variable, text, "loopback", |text| RedirectPolicy::try_from(list(text)))?;
    let (variable, text) = take("REGISTRATION");
    let registration = read.value(&variable, text, "open", registration)?;
    let (variable, text) = take("ORIGINS");
    let origins = read.value(&variable, text, "", origins)?;
    let (variable, text) = take("CLIENT_DOCUMENTS");
    let documents = read.value(&variable, text, "off", documents)?;
    let (variable, text) = take("PEOPLE_FILE");
    let people_file = read.optional(&variable, text, |path| Ok::<_, String>(path.into()))?;
    Ok(Site { name, issuer, resources, redirects, registration, documents, people_file, origins })
}

fn resources(text: &str, issuer: &Issuer) -> Result<Resources, String> {
    let mut resources: Vec<Resource> = Vec::new();
    for item in list(text) {
        let resource = Resource::try_from(item).map_err(|error| error.to_string())?;
        if resources.contains(&resource) {
            return Err(format!("`{}` is there twice", resource.as_str()));
        }
        if resource.origin() == issuer.as_str() && OURS.iter().any(|at| is_at_or_below(at, resource.path())) {
            return Err(format!("`{}` is where this server answers by itself", resource.as_str()));
        }
        resources.push(resource);
    }
    Resources::try_from(resources).map_err(|error| error.to_string())
}

fn origins(text: &str) -> Result<Vec<Issuer>, NameError> {
    list(text).into_iter().map(Issuer::try_from).collect()
}

fn documents(text: &str) -> Result<ClientDocuments, &'static str> {
    match text {
        "off" => Ok(ClientDocuments::Off),
        "pinned" => Ok(ClientDocuments::Pinned),
        "fetch" => Ok(ClientDocuments::Fetch),
        _ => Err("it is `off`, `pinned` or `fetch`"),
    }
}

fn registration(text: &str) -> Result<Registration, &'static str> {
    match text {
        "open" => Ok(Registration::Open),
        "off" => Ok(Registration::Off),
        _ => Err("it is `open` or `off`"),
    }
}
