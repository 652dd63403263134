//! `client mint`: a `client_id` and a secret for a client that does not register itself.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::{CliError, keys, site};
use crate::artifact::{Client, Minted, SecretDigest, displayable};
use crate::clock::{Seconds, Timestamp};
use crate::config::Config;
use crate::flow::Authority;
use crate::oauth::RedirectUri;
use crate::rules::Rules;
use crate::seal::{new_jti, new_secret};
use crate::server::StartError;
use crate::site::GEMINI_ENTERPRISE;

pub(super) const EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar client mint --site public --name 'Gemini Enterprise' --for gemini-enterprise --pkce optional

JSON:
  {"client_id": "…", "client_secret": "…", "jti": "…"}"#;

#[derive(Clone, Debug, Args)]
pub struct MintArgs {
    /// What people see when they are asked
    #[arg(long)]
    name: String,
    /// Where the answer may go; may be repeated. The site's presets do not apply
    #[arg(long)]
    redirect_uri: Vec<String>,
    /// The site it is for; needed where there is more than one
    #[arg(long)]
    site: Option<String>,
    /// `optional` for a client that may send no `code_challenge`
    #[arg(long, value_enum, default_value_t = Pkce::Required)]
    pkce: Pkce,
    /// How long it lasts; for good without this
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Fill in the callback of a vendor and name the fields of its form
    #[arg(long = "for", value_enum)]
    vendor: Option<Vendor>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Pkce {
    Required,
    Optional,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Vendor {
    GeminiEnterprise,
    Cursor,
}

impl Vendor {
    fn callback(self) -> &'static str {
        match self {
            Self::GeminiEnterprise => GEMINI_ENTERPRISE,
            Self::Cursor => "https://www.cursor.com/agents/mcp/oauth/callback",
        }
    }

    /// What to type where.
    fn form(self, issuer: &str, scope: &str, id: &str, secret: &str) -> String {
        match self {
            Self::GeminiEnterprise => format!(
                "Authorization URL: {issuer}/oauth/authorize\nToken URL: {issuer}/oauth/token\nClient ID: {id}\n\
                 Client secret: {secret}\nScopes: {scope}\n"
            ),
            Self::Cursor => format!("CLIENT_ID: {id}\nCLIENT_SECRET: {secret}\nscopes: [\"{scope}\"]\n"),
        }
    }
}

/// Gives the identifier and the secret, which is stored nowhere: a new secret is a new client.
pub(super) fn mint(args: &MintArgs, config: &Config, now: Timestamp) -> Result<String, CliError> {
    let authority = authority(args.site.as_deref(), config)?;
    let (secret, uris, name) = (new_secret(), redirect_uris(args)?, name(args)?);
    let client = Client {
        exp: args.days.map(|days| now + Seconds(i64::from(days) * 86_400)),
        name: Some(name),
        minted: Some(Minted {
            secret: SecretDigest::of(&secret),
            pkce_optional: args.pkce == Pkce::Optional,
        }),
        ..Client::registered(new_jti(), now, uris)
    };
    let sealed = authority.seal_client(&client).map_err(|error| CliError::Usage(error.to_string()))?;
    let id = sealed.as_str();
    let scope = authority.scopes().default_scope();
    Ok(match args.vendor {
        _ if args.json => {
            json!({"client_id": id, "client_secret": secret, "jti": client.jti.as_str()}).to_string() + "\n"
        }
        Some(vendor) => vendor.form(authority.site.issuer.as_str(), scope, id, &secret),
        None => format!("client_id: {id}\nclient_secret: {secret}\n"),
    })
}

fn authority(named: Option<&str>, config: &Config) -> Result<Authority, CliError> {
    let site = match (named, config.sites.as_slice()) {
        (None, [only]) => only,
        (None, _) => return Err(CliError::Usage("--site is needed: there is more than one".to_owned())),
        (Some(name), _) => site(name, config)?,
    };
    let rules = Arc::new(Rules::read(config)?);
    Ok(Authority::new(site.clone(), config, keys(config)?, rules).map_err(StartError::from)?)
}

/// As people see it when they are asked.
fn name(args: &MintArgs) -> Result<String, CliError> {
    let shown = displayable(&args.name).map_err(|_| "it is longer than 100 characters");
    let shown = shown.and_then(|shown| shown.ok_or("nothing of it can be seen"));
    shown.map_err(|reason| CliError::Usage(format!("--name: {reason}")))
}

/// Without PKCE nothing but the address protects the code, so it must be https.
fn redirect_uris(args: &MintArgs) -> Result<Vec<RedirectUri>, CliError> {
    let given = args.redirect_uri.iter().map(String::as_str).chain(args.vendor.map(Vendor::callback));
    let parse = |uri: &str| {
        RedirectUri::try_from(uri.to_owned())
            .map_err(|error| CliError::Usage(format!("--redirect-uri {uri}: {error}")))
    };
    let uris: Vec<RedirectUri> = given.map(parse).collect::<Result<_, _>>()?;
    if uris.is_empty() {
        return Err(CliError::Usage("--redirect-uri is needed".to_owned()));
    }
    if args.pkce == Pkce::Optional && !uris.iter().all(RedirectUri::is_https) {
        return Err(CliError::Usage("--pkce optional is for https redirect URIs".to_owned()));
    }
    Ok(uris)
}
