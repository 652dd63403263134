//! Which Secret of which cluster, and who asks: in a pod, what Kubernetes puts there.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use super::{CliError, Vars};
use crate::fetch::Api;
use crate::oauth::names::is_loopback;
use crate::seal::keys_dir::KeysError;
use crate::seal::keys_secret::{Secret, SecretName};

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const AUTHORITY: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

#[derive(Args, Clone, Debug)]
pub(super) struct Cluster {
    /// The rings lie in this Kubernetes Secret, which is replaced over the API; `get` and `update` of it are needed
    #[arg(long, value_name = "NAMESPACE/NAME", conflicts_with = "dir")]
    secret: Option<SecretName>,
    /// The API server; in a pod `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT` say where
    #[arg(long, value_name = "URL", requires = "secret", value_parser = server)]
    kube_server: Option<Url>,
    /// The service account's token, read anew each time
    #[arg(long, value_name = "FILE", requires = "secret", default_value = TOKEN)]
    kube_token_file: PathBuf,
    /// The certificates that the API server's must come from, in PEM
    #[arg(long, value_name = "FILE", requires = "secret", default_value = AUTHORITY)]
    kube_ca: PathBuf,
}

impl Cluster {
    /// The Secret, if one was named.
    pub(super) fn secret(self, vars: &Vars) -> Result<Option<Secret>, CliError> {
        let Some(name) = self.secret else { return Ok(None) };
        let server = self.kube_server.map_or_else(|| of_the_pod(vars), Ok)?;
        let token = read(&self.kube_token_file)?;
        let api = Api::new(&String::from_utf8_lossy(&token), &read(&self.kube_ca)?)
            .map_err(|error| KeysError::Secret(name.clone(), error.into()))?;
        Ok(Some(Secret::new(name, &server, api)))
    }
}

fn of_the_pod(vars: &Vars) -> Result<Url, CliError> {
    let of = |wanted: &str| vars.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let host = of("KUBERNETES_SERVICE_HOST").unwrap_or_default();
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let port = of("KUBERNETES_SERVICE_PORT").unwrap_or("443");
    server(&format!("https://{host}:{port}")).map_err(|_| {
        CliError::Usage(
            "KUBERNETES_SERVICE_HOST names no API server; outside a pod --kube-server does".to_owned(),
        )
    })
}

/// The token must not travel in the clear.
fn server(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is no URL")?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        _ => Err("it must be https"),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, KeysError> {
    fs::read(path).map_err(|error| KeysError::Unreadable(path.to_owned(), error))
}
