//! The real oauth2-proxy, configured as the tests do it, with an OIDC provider in Google's place.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, running::Running, sidecar::Sidecar};

const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
const PROVIDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/demo/provider.mjs");
const CORE: &str = include_str!("../../tests/e2e/parts/core.cfg");
const ALPHA: &str = include_str!("../../tests/e2e/parts/alpha.yaml");
const CLIENT: &str = "demo.apps.example";

pub(crate) struct OAuth2Proxy {
    proxy: Running,
    provider: Running,
    provider_address: SocketAddr,
    home: PathBuf,
}

/// What the sidecar has to know of the provider.
pub(crate) fn settings(provider: SocketAddr) -> Vec<(&'static str, String)> {
    vec![
        ("MCP_AUTH_ID_TOKEN_ISSUER", format!("http://{provider}")),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", CLIENT.to_owned()),
    ]
}

impl OAuth2Proxy {
    pub(crate) async fn start(
        port: u16,
        provider_address: SocketAddr,
        sidecar: &Sidecar,
    ) -> Result<Self, Failure> {
        let home = sidecar.home().to_owned();
        let client_secret = sidecar.make_secret("client-secret")?;
        sidecar.make_secret("cookie-secret")?;

        let mut provider = start(
            "The OIDC provider",
            &mut provider(port, provider_address, &client_secret)?,
            &home.join("provider.log"),
        )?;
        provider
            .until_it_answers(format!("http://{provider_address}/.well-known/openid-configuration"))
            .await?;
        configure(port, provider_address, sidecar)?;
        let mut proxy = start("oauth2-proxy", &mut proxy(&home)?, &home.join("oauth2-proxy.log"))?;
        proxy.until_it_answers(format!("http://127.0.0.1:{port}/ping")).await?;
        Ok(Self { proxy, provider, provider_address, home })
    }

    pub(crate) async fn ended(&mut self) -> Failure {
        tokio::select! {
            failure = self.proxy.ended() => failure,
            failure = self.provider.ended() => failure,
        }
    }

    pub(crate) fn about(&self) -> String {
        format!(
            "
  at their door oauth2-proxy, and in Google's place an OIDC provider on http://{}: sign in as alice@example.com
  with any password (be somebody else: /oauth2/sign_out); what both say lies in {}",
            self.provider_address,
            self.home.display()
        )
    }
}

fn start(name: &'static str, command: &mut Command, log: &Path) -> Result<Running, Failure> {
    let output = File::create(log)?;
    let command = command.stdout(output.try_clone()?).stderr(output);
    Ok(Running::start(name, command, format!("in {}", log.display()))?)
}

fn provider(port: u16, address: SocketAddr, client_secret: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(tool("node_modules/.bin/node")?);
    command.args([PROVIDER, &address.port().to_string(), CLIENT]).arg(client_secret);
    command.args(["localhost", "127.0.0.1"].map(|host| format!("http://{host}:{port}")));
    Ok(command)
}

fn proxy(home: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(tool("bin/oauth2-proxy")?);
    command.arg("--config").arg(home.join("core.cfg")).arg("--alpha-config").arg(home.join("alpha.yaml"));
    Ok(command)
}

/// With `select_account` Google lets people choose who they are; this provider does when it asks for the login again.
fn configure(port: u16, provider: SocketAddr, sidecar: &Sidecar) -> Result<(), Failure> {
    let home = sidecar.home();
    let filled = |text: &str| {
        text.replace("@FOLDER@", &home.display().to_string())
            .replace("@PROXY@", &port.to_string())
            .replace("@SIDECAR@", &sidecar.address().port().to_string())
            .replace("@PROVIDER@", &format!("http://{provider}"))
            .replace("@CLIENT@", CLIENT)
            .replace("/upstream-secret", "/proxy-secret")
            .replace("select_account", "login")
    };
    fs::write(home.join("core.cfg"), filled(CORE))?;
    fs::write(home.join("alpha.yaml"), filled(ALPHA))?;
    Ok(())
}

fn tool(path: &str) -> Result<PathBuf, Failure> {
    let path = Path::new(TESTS).join("tools").join(path);
    if path.exists() { Ok(path) } else { Err(Failure::NotInstalled(path.display().to_string())) }
}
