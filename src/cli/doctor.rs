//! `doctor`: what is wrong with a deployment, as its assistants see it from outside.

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{CliError, Done, token, wait_for};
use crate::clock::Timestamp;
use crate::doctor::{Assistant, Examination, Target};
use crate::oauth::Issuer;
use crate::oauth::names::NameError;
use crate::seal::Sealed;

pub(super) const EXAMPLE: &str = r#"Examples:
  mcp-auth-sidecar doctor https://mcp.example.com/mcp
  mcp-auth-sidecar doctor https://mcp.example.com/mcp --for claude-desktop \
      --at 203.0.113.7:443 --foreign-host mcp.internal.example
  mcp-auth-sidecar doctor https://mcp.example.com/mcp --with-token < token.txt

JSON; `stops` and `assistant` have the words of `--for`:
  {"address": "https://mcp.example.com/mcp", "healthy": false,
   "findings": [{"cause": "sign_in_asked", "note": false,
                 "title": "A sign-in is asked for where …",
                 "seen": ["GET /…: 302 to https://accounts.google.com/…"],
                 "stops": ["claude-code"], "looks": "…", "change": "…"}],
   "assistants": [{"assistant": "claude-code", "connects": false,
                   "invited": true, "cause": "sign_in_asked"}]}"#;

#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// The MCP server's address as people type it into an assistant
    #[arg(value_name = "URL", value_parser = target)]
    target: Target,
    /// Connect there, whatever the name resolves to: a new edge before its name moves, an address of a balancer's
    #[arg(long, value_name = "ADDRESS:PORT")]
    at: Option<SocketAddr>,
    /// A host of another site, such as the internal one, that must not be answered at this address; may be repeated
    #[arg(long, value_name = "HOST", value_parser = host)]
    foreign_host: Vec<String>,
    /// An assistant that should connect: it is a finding if it is not invited; may be repeated
    #[arg(long = "for", value_name = "ASSISTANT", value_parser = assistants())]
    expected: Vec<Assistant>,
    /// Read an access token from standard input, and look at what is behind it, too: the MCP server, its streams
    #[arg(long)]
    with_token: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn target(text: &str) -> Result<Target, String> {
    if !text.contains("://") {
        return Err("it begins with https://, as people type it".to_owned());
    }
    Target::try_from(text.to_owned()).map_err(|error| error.to_string())
}

/// With a port, if it is not the usual one.
fn host(text: &str) -> Result<String, NameError> {
    Issuer::try_from(format!("https://{text}")).map(|_| text.to_owned())
}

fn assistants() -> impl TypedValueParser<Value = Assistant> {
    PossibleValuesParser::new(Assistant::ALL.map(Assistant::word))
        .try_map(|word| Assistant::of(&word).ok_or("there is no such assistant"))
}

pub(super) fn doctor(args: DoctorArgs, now: Timestamp) -> Result<Done, CliError> {
    let DoctorArgs { target, at, foreign_host: foreign, expected, with_token, json } = args;
    let token = with_token.then(|| token::read("doctor --with-token")).transpose()?;
    let token = token.map(|text| Sealed::new(token::token_of(&text)));
    let examination = Examination { target, at, foreign, expected, token };
    let report = wait_for(examination.report(now))??;
    let text = if json { report.json() } else { report.text(std::io::stdout().is_terminal()) };
    Ok(Done { text, exit_code: u8::from(!report.is_healthy()) })
}
