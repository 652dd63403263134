//! The commands beside `serve`.

mod check;
mod cluster;
mod doctor;
mod healthcheck;
mod keys;
mod manual;
mod mint;
mod token;

use std::fmt;
use std::io;
use std::time::Duration;

use clap::error::{ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser, Subcommand};

use crate::config::{Config, ConfigError};
use crate::doctor::Unreached;
use crate::seal::keys_dir::{Keys, KeysError};
use crate::seal::rotation::NotYet;
use crate::server::StartError;
use crate::site::Site;

/// The OAuth 2.1 authorization server beside an MCP server, behind oauth2-proxy.
///
/// Settings are environment variables that begin with `MCP_AUTH_`; docs/settings.md lists them, and `check` prints those in
/// force. Results go to standard output, whatever went wrong to standard error.
#[derive(Debug, Parser)]
#[command(name = "mcp-auth-sidecar", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes:
   0  done; of `token inspect`: it would be accepted; of `healthcheck`: ready; of `doctor`: healthy
   1  not done, or refused, or not ready, or something is wrong
  64  a mistake in the configuration or on the command line
  69  of `doctor`: nothing was reached at all";

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve (the default)
    ///
    /// Binds `MCP_AUTH_LISTEN` and `MCP_AUTH_ADMIN_LISTEN` when the whole configuration and the keys are in order.
    /// SIGTERM lets open requests end within `MCP_AUTH_DRAIN_SECS`; SIGHUP reads keys and files again at once.
    #[command(after_long_help = "Example:\n  mcp-auth-sidecar keys init && mcp-auth-sidecar serve")]
    Serve,
    /// Make the key rings, turn them, look at them
    ///
    /// Three rings lie in the directory: `access` signs access tokens, `session` seals codes and refresh tokens,
    /// `registration` signs client identifiers. A nightly `keys tick` is all they need.
    Keys(keys::KeysArgs),
    /// Provision clients that do not register themselves
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Say what a token is, and why it would be refused here
    Token {
        #[command(subcommand)]
        command: token::TokenCommand,
    },
    /// Parse the whole configuration and the keys, print them without secrets, bind nothing
    ///
    /// Fails where `serve` would, with the same sentence, so it can run before a deployment. Notes say what is no
    /// mistake and may yet surprise.
    #[command(after_long_help = check::EXAMPLE)]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Walk a running deployment from outside as each assistant would, and name what is wrong
    ///
    /// Needs no setting and no secret: it reads the documents, registers a client, which costs nothing, and goes up to
    /// the sign-in and no further. Each finding says what was seen, which assistants stop there, how it looks to people,
    /// and what to change. It takes seconds, and a minute and a half at most.
    ///
    /// Ends with 0 where nothing is wrong, with 1 where something is, and with 69 where nothing answers at all.
    #[command(after_long_help = doctor::EXAMPLE)]
    Doctor(doctor::DoctorArgs),
    /// Ask the server of this machine whether it is ready: for images without a shell
    ///
    /// Asks `MCP_AUTH_ADMIN_LISTEN` for `/readyz`, for two seconds at most. No other setting is needed.
    #[command(after_long_help = healthcheck::EXAMPLE)]
    Healthcheck,
    /// Print a new secret of 43 characters, without a newline
    ///
    /// oauth2-proxy takes a newline in a secret file for a part of the secret, and answers 502 ever after.
    #[command(after_long_help = "Example:\n  mcp-auth-sidecar secret > proxy-secret")]
    Secret,
    /// Print the completions of a shell
    #[command(after_long_help = manual::COMPLETIONS_EXAMPLE)]
    Completions { shell: clap_complete::Shell },
    /// Print the manual page of the program or of a command
    #[command(after_long_help = manual::MAN_EXAMPLE)]
    Man {
        /// The words of the command, such as `keys promote`
        command: Vec<String>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub enum ClientCommand {
    /// Make a `client_id` with a secret for a confidential client
    ///
    /// The secret is printed once and stored nowhere; a new secret is a new client.
    #[command(after_long_help = mint::EXAMPLE)]
    Mint(mint::MintArgs),
}

impl Command {
    /// How long to wait before it is run again, if it is.
    pub fn pause(&self) -> Option<Duration> {
        if let Self::Keys(args) = self { args.pause() } else { None }
    }
}

/// What a command prints, and how it ends.
pub struct Done {
    pub text: String,
    pub exit_code: u8,
}

/// What is printed may be a secret that was made just now.
impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Done({})", self.exit_code)
    }
}

impl From<String> for Done {
    fn from(text: String) -> Self {
        Self { text, exit_code: 0 }
    }
}

/// The environment as `main` read it.
pub type Vars = Vec<(String, String)>;

/// Runs a command to its end.
pub fn run(command: Command, vars: Vars, now: crate::clock::Timestamp) -> Result<Done, CliError> {
    Ok(match command {
        Command::Serve => String::new().into(),
        Command::Keys(args) => keys::run(args, &vars, now)?.into(),
        Command::Client { command: ClientCommand::Mint(args) } => {
            mint::mint(&args, &Config::from_vars(vars)?, now)?.into()
        }
        Command::Token { command: token::TokenCommand::Inspect(args) } => {
            token::inspect(&args, &Config::from_vars(vars)?, now)?
        }
        Command::Check { json } => check::check(&Config::from_vars(vars)?, json, now)?.into(),
        Command::Doctor(args) => doctor::doctor(args, now)?,
        Command::Healthcheck => healthcheck::healthcheck(&Config::admin_listen(vars)?)?.into(),
        Command::Secret => crate::seal::new_secret().into(),
        Command::Completions { shell } => manual::completions(shell).into(),
        Command::Man { command } => manual::page(&command)?.into(),
    })
}

/// What is wrong with a command line, without the argument where that is as long as a token: it would stand in the log
/// of whatever ran the command.
pub fn discreet(error: clap::Error) -> clap::Error {
    let is_long = |text: &String| text.len() > LONGEST_SHOWN;
    let hides = error.context().any(|(_, value)| match value {
        ContextValue::String(text) => is_long(text),
        ContextValue::Strings(texts) => texts.iter().any(is_long),
        _ => false,
    });
    if !hides {
        return error;
    }
    let sentence = "an argument is wrong, and too long to be repeated; a token is read from standard input";
    Cli::command().error(ErrorKind::UnknownArgument, sentence)
}

const LONGEST_SHOWN: usize = 32;

fn keys(config: &Config) -> Result<Keys, CliError> {
    let dir = &config.keys_dir;
    Keys::read(dir).map_err(|error| StartError::Keys(dir.clone(), error).into())
}

fn site<'a>(name: &str, config: &'a Config) -> Result<&'a Site, CliError> {
    let found = config.sites.iter().find(|site| site.name == name);
    found.ok_or_else(|| CliError::Usage("--site: MCP_AUTH_SITES has no such site".to_owned()))
}

/// Waits for an answer of somebody else's, but not for a resolver of names that gives none.
fn wait_for<T>(answer: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(answer);
    runtime.shutdown_background();
    Ok(answer)
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error("{0}")]
    NotReady(String),
    #[error("{0}: {1}")]
    NotYet(&'static str, NotYet),
    #[error("{0}")]
    Runtime(#[from] io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Unreached(#[from] Unreached),
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// What is wrong in the command or the configuration (sysexits: `EX_USAGE`).
    pub const USAGE: u8 = 64;
    /// Who was asked is not there (sysexits: `EX_UNAVAILABLE`).
    const UNREACHED: u8 = 69;

    /// 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::Start(StartError::Config(_) | StartError::Keys(..)) => {
                Self::USAGE
            }
            Self::Unreached(_) => Self::UNREACHED,
            Self::Keys(_) | Self::NotReady(_) | Self::NotYet(..) | Self::Runtime(_) | Self::Start(_) => 1,
        }
    }
}
