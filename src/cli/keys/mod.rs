//! The `keys` commands: make the rings, turn them, look at them.

mod shown;
mod turn;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::cluster::Cluster;
use super::{CliError, Vars};
use crate::clock::{Seconds, Timestamp};
use crate::config::Config;
use crate::seal::Purpose;
use crate::seal::keys_dir;
use crate::seal::ring_store::RingStore;
use crate::seal::rotation::Step;
pub(super) use shown::{age, json as rings_json, table};
use turn::Turn;

const DAY: i64 = 86_400;

#[derive(Args, Clone, Debug)]
pub struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
    /// Where the rings lie; beats `MCP_AUTH_KEYS_DIR`
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Debug, Subcommand)]
enum KeysCommand {
    /// Make the three rings; refuses to overwrite
    ///
    /// Once for a deployment: all replicas read the same directory, and `serve` never makes keys.
    #[command(after_long_help = INIT_EXAMPLE)]
    Init,
    /// Make a key that is accepted and published, and seals nothing yet
    ///
    /// Replicas and verifiers see a change minutes apart, so a key is known first and used later.
    #[command(after_long_help = STAGE_EXAMPLE)]
    Stage { ring: RingName },
    /// Let the staged key seal; the old one is accepted until what it sealed is over
    ///
    /// A staged access key waits 24 hours, so that every cache of the JWKS knows it; the others wait 15 minutes.
    #[command(after_long_help = PROMOTE_EXAMPLE)]
    Promote {
        ring: RingName,
        /// Also before everybody can have seen the staged key: for one that leaked
        #[arg(long)]
        force: bool,
    },
    /// Forget the retired keys whose time is over
    ///
    /// Refuses while anything lives that such a key sealed, and says until when. Keys of the `registration` ring are
    /// kept for good.
    #[command(after_long_help = RETIRE_EXAMPLE)]
    Retire {
        ring: RingName,
        /// Forget them all, at once: for one that leaked
        #[arg(long)]
        force: bool,
    },
    /// Show every key with its state and age, and what is due next
    #[command(after_long_help = STATUS_EXAMPLE)]
    Status,
    /// Do whatever is due by age, once; meant for a nightly job
    ///
    /// Takes at most one step of each ring. It needs the lifetimes of the server (`MCP_AUTH_ACCESS_TOKEN_SECS`,
    /// `MCP_AUTH_CODE_SECS`, `MCP_AUTH_REFRESH_TOKEN_SECS`) in its environment where they are set. Two at once take
    /// turns.
    #[command(after_long_help = TICK_EXAMPLE)]
    Tick {
        #[command(flatten)]
        ages: Ages,
        #[command(flatten)]
        cluster: Cluster,
        /// Go on, and do it again after so many hours: for where nothing runs jobs
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..))]
        every_hours: Option<u16>,
    },
}

const INIT_EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar keys init --dir keys

JSON:
  {"made": ["keys/access.json", "keys/session.json", "keys/registration.json"]}"#;
const STAGE_EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar keys stage access

JSON:
  {"steps": [{"ring": "access", "step": "stage", "cost": null}]}"#;
const PROMOTE_EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar keys promote access

JSON; `cost` says what a forced step costs:
  {"steps": [{"ring": "access", "step": "promote", "cost": null}]}"#;
const RETIRE_EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar keys retire access

JSON; `cost` says what a forced step costs:
  {"steps": [{"ring": "access", "step": "retire", "cost": null}]}"#;
const STATUS_EXAMPLE: &str = r#"Example:
  mcp-auth-sidecar keys status

JSON, for each ring; times are seconds since 1970:
  {"access": {"keys": [{"kid": "…", "state": "active", "since": 1796083200, "until": null,
                        "age_secs": 60}],
              "next": "nothing is due"}}"#;
const TICK_EXAMPLE: &str = r#"Example, of a crontab:
  17 3 * * *  mcp-auth-sidecar keys tick --dir /etc/mcp-auth/keys

JSON, with each ring, and `null` where nothing was due:
  {"steps": [{"ring": "access", "step": null, "cost": null}]}"#;

impl KeysArgs {
    /// How long to wait before it is run again, if it is.
    pub(super) fn pause(&self) -> Option<Duration> {
        let KeysCommand::Tick { every_hours, .. } = self.command else { return None };
        every_hours.map(|hours| Duration::from_hours(hours.into()))
    }
}

/// How long a key seals, by ring.
#[derive(Args, Clone, Copy, Debug)]
struct Ages {
    /// How long an access key signs
    #[arg(long = "access-days", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(2..))]
    access: u16,
    /// How long a session key seals
    #[arg(long = "session-days", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    session: u16,
    /// How long a registration key signs
    #[arg(long = "registration-days", value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..))]
    registration: u16,
}

impl Ages {
    const DEFAULT: Self = Self { access: 30, session: 7, registration: 365 };

    fn of(self, purpose: Purpose) -> Seconds {
        let days = match purpose {
            Purpose::Access => self.access,
            Purpose::Session => self.session,
            Purpose::Registration => self.registration,
        };
        Seconds(i64::from(days) * DAY)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RingName {
    Access,
    Session,
    Registration,
}

impl From<RingName> for Purpose {
    fn from(name: RingName) -> Self {
        match name {
            RingName::Access => Self::Access,
            RingName::Session => Self::Session,
            RingName::Registration => Self::Registration,
        }
    }
}

/// Runs one of them. The lifetimes are the server's own variables: a job that did not know them would cut off what
/// is alive.
pub(super) fn run(
    KeysArgs { command, dir, json }: KeysArgs,
    vars: &Vars,
    now: Timestamp,
) -> Result<String, CliError> {
    let dir = directory(dir, vars);
    let turn = Turn { lifetimes: Config::lifetimes(vars.clone())?, now };
    let store = RingStore::Directory(dir.clone());
    let taken = match command {
        KeysCommand::Init => return Ok(shown::made(&keys_dir::init(&dir, now)?, json)),
        KeysCommand::Status => return Ok(shown::status(&turn.status(&dir)?, json, now)),
        KeysCommand::Stage { ring } => turn.once(&store, Step::Stage, ring.into(), false)?,
        KeysCommand::Promote { ring, force } => turn.once(&store, Step::Promote, ring.into(), force)?,
        KeysCommand::Retire { ring, force } => turn.once(&store, Step::Retire, ring.into(), force)?,
        KeysCommand::Tick { ages, cluster, .. } => {
            turn.tick(&cluster.secret(vars)?.map_or(store, RingStore::Secret), ages)?
        }
    };
    Ok(shown::steps(&taken, json))
}

/// `--dir`, else the variable, else its default.
fn directory(given: Option<PathBuf>, vars: &Vars) -> PathBuf {
    let set = vars.iter().find(|(name, value)| name == "MCP_AUTH_KEYS_DIR" && !value.trim().is_empty());
    given.or_else(|| set.map(|(_, value)| value.trim().into())).unwrap_or_else(|| "keys".into())
}
