//! The commands beside `serve`.

pub mod check;
pub mod keys;
pub mod mint;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::seal::rotation::NotYet;
use crate::server::StartError;

/// The OAuth 2.1 authorization server beside an MCP server, behind oauth2-proxy.
///
/// Settings are environment variables that begin with `MCP_AUTH_`; the README lists them.
#[derive(Debug, Parser)]
#[command(name = "mcp-auth-sidecar", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Serve (the default)
    Serve,
    /// Make the key rings, turn them, look at them
    Keys {
        #[command(subcommand)]
        command: keys::KeysCommand,
        /// Where the rings lie; beats `MCP_AUTH_KEYS_DIR`
        #[arg(long, global = true)]
        dir: Option<PathBuf>,
    },
    /// Provision clients that do not register themselves
    Client {
        #[command(subcommand)]
        command: ClientCommand,
    },
    /// Parse the whole configuration and the keys, print them without secrets, bind nothing
    Check,
    /// Print a new secret of 43 characters, without a newline
    Secret,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ClientCommand {
    /// Make a `client_id` with a secret for a confidential client; the secret is printed once and stored nowhere
    Mint(mint::MintArgs),
}

impl Command {
    /// How long to wait before it is run again, if it is.
    pub fn pause(&self) -> Option<Duration> {
        if let Self::Keys { command, .. } = self { command.pause() } else { None }
    }
}

/// The environment as `main` read it.
pub type Vars = Vec<(String, String)>;

/// Runs a command to its end and gives what it prints.
pub fn run(command: Command, vars: Vars, now: crate::clock::Timestamp) -> Result<String, CliError> {
    match command {
        Command::Serve => Ok(String::new()),
        Command::Keys { command, dir } => keys::run(command, &keys::dir(dir, &vars), vars, now),
        Command::Client { command: ClientCommand::Mint(args) } => {
            mint::mint(args, &Config::from_vars(vars)?, now)
        }
        Command::Check => check::check(&Config::from_vars(vars)?, now),
        Command::Secret => Ok(crate::seal::new_secret()),
    }
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Config(#[from] crate::config::ConfigError),
    #[error(transparent)]
    Keys(#[from] crate::seal::keys_dir::KeysError),
    #[error("{0}: {1}")]
    NotYet(&'static str, NotYet),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// 64 for what is wrong in the command or the configuration (sysexits: `EX_USAGE`), 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Usage(_) | Self::Start(StartError::Config(_) | StartError::Keys(..)) => {
                64
            }
            Self::Keys(_) | Self::NotYet(..) | Self::Start(_) => 1,
        }
    }
}
