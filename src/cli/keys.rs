//! The `keys` commands: make the rings, turn them, look at them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::cluster::Cluster;
use super::{CliError, Vars, status};
use crate::clock::{Seconds, Timestamp};
use crate::config::{Config, Lifetimes};
use crate::flow::QUESTION_LIFETIME;
use crate::seal::keys_dir::{self, KeysError};
use crate::seal::ring_store::{RingStore, Turned};
use crate::seal::rotation::{Schedule, Step};
use crate::seal::{Purpose, Ring};

pub(super) const DAY: i64 = 86_400;

#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    /// Make the three rings; refuses to overwrite
    Init,
    /// Make a key that is accepted and published, and seals nothing yet
    Stage { ring: RingName },
    /// Let the staged key seal; the old one is accepted until what it sealed is over
    Promote {
        ring: RingName,
        /// Also before everybody can have seen the staged key: for one that leaked
        #[arg(long)]
        force: bool,
    },
    /// Forget the retired keys whose time is over
    Retire {
        ring: RingName,
        /// Forget them all, at once: for one that leaked
        #[arg(long)]
        force: bool,
    },
    /// Show every key with its state and age, and what is due next
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Do whatever is due by age, once; meant for a nightly job
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

impl KeysCommand {
    /// How long to wait before it is run again, if it is.
    pub(super) fn pause(&self) -> Option<Duration> {
        let Self::Tick { every_hours, .. } = self else { return None };
        every_hours.map(|hours| Duration::from_hours(hours.into()))
    }
}

/// How long a key seals, by ring.
#[derive(Args, Clone, Copy, Debug)]
pub struct Ages {
    #[arg(long = "access-days", default_value_t = 30, value_parser = clap::value_parser!(u16).range(2..))]
    access: u16,
    #[arg(long = "session-days", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    session: u16,
    #[arg(long = "registration-days", default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..))]
    registration: u16,
}

impl Ages {
    pub(super) const DEFAULT: Self = Self { access: 30, session: 7, registration: 365 };

    pub(super) fn of(self, purpose: Purpose) -> Seconds {
        let days = match purpose {
            Purpose::Access => self.access,
            Purpose::Session => self.session,
            Purpose::Registration => self.registration,
        };
        Seconds(i64::from(days) * DAY)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum RingName {
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
pub(super) fn run(command: KeysCommand, dir: &Path, vars: &Vars, now: Timestamp) -> Result<String, CliError> {
    let turn = Turn { lifetimes: Config::lifetimes(vars.clone())?, now };
    let store = RingStore::Directory(dir.to_owned());
    match command {
        KeysCommand::Init => init_text(dir, now),
        KeysCommand::Stage { ring } => turn.once(&store, Step::Stage, ring.into(), false),
        KeysCommand::Promote { ring, force } => turn.once(&store, Step::Promote, ring.into(), force),
        KeysCommand::Retire { ring, force } => turn.once(&store, Step::Retire, ring.into(), force),
        KeysCommand::Status { json: false } => Ok(status::text(&turn, dir)?),
        KeysCommand::Status { json: true } => Ok(status::json(&turn, dir)?.to_string() + "\n"),
        KeysCommand::Tick { ages, cluster, .. } => {
            turn.tick(&cluster.secret(vars)?.map_or(store, RingStore::Secret), ages)
        }
    }
}

/// `--dir`, else the variable, else its default.
pub(super) fn dir(given: Option<PathBuf>, vars: &Vars) -> PathBuf {
    let set = vars.iter().find(|(name, value)| name == "MCP_AUTH_KEYS_DIR" && !value.trim().is_empty());
    given.or_else(|| set.map(|(_, value)| value.trim().into())).unwrap_or_else(|| "keys".into())
}

/// Makes the three rings in a directory, which is made if need be. Refuses to overwrite.
pub fn init(dir: &Path, now: Timestamp) -> Result<Vec<PathBuf>, KeysError> {
    keys_dir::init(dir, now)
}

fn init_text(dir: &Path, now: Timestamp) -> Result<String, CliError> {
    let mut text = String::new();
    for path in init(dir, now)? {
        let _ = writeln!(text, "made {}", path.display());
    }
    Ok(text)
}

/// What a step depends on beside the ring.
pub(super) struct Turn {
    lifetimes: Lifetimes,
    pub(super) now: Timestamp,
}

impl Turn {
    /// One step of one ring; with force, what it costs comes first.
    fn once(&self, store: &RingStore, step: Step, purpose: Purpose, force: bool) -> Result<String, CliError> {
        let cost = if force { cost(step, purpose) } else { "" };
        store.turn(|rings| {
            let (ring, done) = self.take(step, purpose, rings.of(purpose), force)?;
            Ok(Turned { rings: vec![(purpose, ring)], said: format!("{cost}{done}") })
        })
    }

    /// Whatever is due, once.
    fn tick(&self, store: &RingStore, ages: Ages) -> Result<String, CliError> {
        store.turn(|rings| {
            let mut turned = Turned::default();
            for purpose in Purpose::ALL {
                let Some(step) = self.due(purpose, rings.of(purpose), ages) else {
                    let _ = writeln!(turned.said, "{}: nothing is due", purpose.name());
                    continue;
                };
                let (ring, done) = self.take(step, purpose, rings.of(purpose), false)?;
                turned.rings.push((purpose, ring));
                turned.said.push_str(&done);
            }
            Ok(turned)
        })
    }

    fn take(
        &self,
        step: Step,
        purpose: Purpose,
        ring: &Ring,
        force: bool,
    ) -> Result<(Ring, String), CliError> {
        let name = purpose.name();
        let turned = step.take((purpose, ring), self.schedule(purpose), force, self.now);
        let done = match step {
            Step::Stage => "a key is staged",
            Step::Promote => "the staged key seals",
            Step::Retire => "retired keys are forgotten",
        };
        let turned = turned.map_err(|reason| CliError::NotYet(name, reason))?;
        Ok((turned, format!("{name}: {done}\n")))
    }

    pub(super) fn due(&self, purpose: Purpose, ring: &Ring, ages: Ages) -> Option<Step> {
        Step::due(ring, self.schedule(purpose), ages.of(purpose), self.now)
    }

    fn schedule(&self, purpose: Purpose) -> Schedule {
        let family = self.lifetimes.refresh.unwrap_or(Seconds(0));
        let longest = match purpose {
            Purpose::Access => self.lifetimes.access,
            Purpose::Session | Purpose::Registration => {
                family.max(self.lifetimes.code).max(QUESTION_LIFETIME)
            }
        };
        Schedule::new(purpose, longest)
    }
}

fn cost(step: Step, purpose: Purpose) -> &'static str {
    match (step, purpose) {
        (Step::Stage, _) => "",
        (Step::Promote, Purpose::Access) => {
            "cost: verifiers that have not read the JWKS since the key was staged refuse new access tokens until they do\n"
        }
        (Step::Promote, _) => {
            "cost: replicas that have not read the directory since refuse what is new until they do\n"
        }
        (Step::Retire, Purpose::Access) => {
            "cost: access tokens signed by the forgotten keys are refused at once; clients refresh\n"
        }
        (Step::Retire, Purpose::Session) => {
            "cost: whoever holds a refresh token sealed by the forgotten keys signs in again\n"
        }
        (Step::Retire, Purpose::Registration) => {
            "cost: clients registered or minted under the forgotten keys are unknown; many never recover by themselves\n"
        }
    }
}
