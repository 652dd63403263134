//! The MCP servers behind the gateway.

use std::path::PathBuf;
use std::str::FromStr;

use url::Url;

use super::ConfigError;
use super::read::{Read, list, socket};
use super::vars::Vars;
use crate::oauth::Resource;
use crate::site::Site;

/// Reads them; one that no request could reach is a mistake.
pub(super) fn upstreams(vars: &Vars, sites: &[Site], read: &mut Read) -> Result<Upstreams, ConfigError> {
    let mut upstreams: Upstreams = read.value("UPSTREAM", vars.upstream.clone(), "", str::parse)?;
    let authorization = vars.upstream_authorization.clone();
    upstreams.authorization = read.value("UPSTREAM_AUTHORIZATION", authorization, "pass", str::parse)?;
    let paths: Vec<&str> = sites.iter().flat_map(Site::own_resources).map(Resource::path).collect();
    if let Some(stray) = upstreams.paths().find(|path| !paths.contains(path)) {
        return Err(ConfigError::new("UPSTREAM", format!("no resource has the path `{stray}`")));
    }
    if upstreams.for_all.is_some() && paths.is_empty() {
        return Err(ConfigError::new("UPSTREAM", "every resource lies on another origin than its issuer"));
    }
    Ok(upstreams)
}

/// Which MCP server stands behind which resource path.
#[derive(Clone, Debug, Default)]
pub struct Upstreams {
    pub for_all: Option<Upstream>,
    pub by_path: Vec<(String, Upstream)>,
    pub authorization: UpstreamAuthorization,
}

/// Does the MCP server get the client's token, too?
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UpstreamAuthorization {
    #[default]
    Pass,
    Strip,
}

impl FromStr for UpstreamAuthorization {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text {
            "pass" => Ok(Self::Pass),
            "strip" => Ok(Self::Strip),
            _ => Err("it is `pass` or `strip`"),
        }
    }
}

impl Upstreams {
    /// The MCP server behind the resource of this path (empty for a bare origin).
    pub fn behind(&self, resource_path: &str) -> Option<&Upstream> {
        let named = self.by_path.iter().find(|(path, _)| path == resource_path);
        named.map(|(_, upstream)| upstream).or(self.for_all.as_ref())
    }

    /// The resource paths that have an upstream of their own.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.by_path.iter().map(|(path, _)| path.as_str())
    }
}

impl FromStr for Upstreams {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut upstreams = Self::default();
        for item in list(text) {
            match item.split_once('=') {
                Some((path, upstream)) if path.starts_with('/') => {
                    let path = path.strip_suffix('/').unwrap_or(path).to_owned();
                    if upstreams.paths().any(|other| other == path) {
                        return Err(format!("`{path}` is there twice"));
                    }
                    upstreams.by_path.push((path, upstream.parse()?));
                }
                _ if upstreams.for_all.is_some() => {
                    return Err("only one upstream can be for all resources".into());
                }
                _ => upstreams.for_all = Some(item.parse()?),
            }
        }
        Ok(upstreams)
    }
}

/// An MCP server: an origin or a unix socket. The path is always the resource's.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Upstream {
    Http(String),
    Unix(PathBuf),
}

impl Upstream {
    /// What stands before the path of a request, and becomes its `Host`. A socket has no port, but the official Python
    /// SDK takes no host on loopback without one.
    pub fn origin(&self) -> &str {
        match self {
            Self::Http(origin) => origin,
            Self::Unix(_) => "http://localhost:9000",
        }
    }
}

impl FromStr for Upstream {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self::Unix(socket(path)?));
        }
        match Url::parse(text) {
            // Not shown: what it holds may be a secret.
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Err("an MCP server's address has no user and no password".to_owned())
            }
            Ok(url)
                if matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() =>
            {
                Ok(Self::Http(url.origin().ascii_serialization()))
            }
            _ => Err(format!("`{text}` is neither an origin such as http://127.0.0.1:9000 nor unix:/path")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upstreams_are_for_all_resources_or_by_path() {
        let by_path: Upstreams = "/mcp=http://127.0.0.1:9000, /other=unix:/run/o.sock".parse().unwrap();
        assert_eq!(by_path.behind("/mcp").unwrap().origin(), "http://127.0.0.1:9000");
        assert_eq!(by_path.behind("/other"), Some(&Upstream::Unix("/run/o.sock".into())));
        assert!(by_path.behind("/third").is_none());
        let (longest, longer) = ("/".repeat(107), "/".repeat(108));
        for (path, accepted) in
            [(longest.as_str(), true), (&longer, false), ("run/o.sock", false), ("", false)]
        {
            assert_eq!(format!("unix:{path}").parse::<Upstreams>().is_ok(), accepted, "{path}");
        }
        let for_all: Upstreams = "http://[::1]:9000/".parse().unwrap();
        assert_eq!(for_all.behind("/any").unwrap().origin(), "http://[::1]:9000");
    }
}
