//! The `keys` commands: make the rings, turn them, look at them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{CliError, Vars};
use crate::clock::{Seconds, Timestamp};
use crate::config::{Config, Lifetimes};
use crate::flow::QUESTION_LIFETIME;
use crate::seal::keys_dir::{self, Keys, KeysError, Locked};
use crate::seal::rotation::{Schedule, Step};
use crate::seal::{Purpose, Ring, Rings};

const DAY: i64 = 86_400;

#[derive(Clone, Copy, Debug, Subcommand)]
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
        /// Go on, and do it again after so many hours: for where nothing runs jobs
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..))]
        every_hours: Option<u16>,
    },
}

impl KeysCommand {
    /// How long to wait before it is run again, if it is.
    pub(super) fn pause(self) -> Option<Duration> {
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
pub(super) fn run(command: KeysCommand, dir: &Path, vars: Vars, now: Timestamp) -> Result<String, CliError> {
    let lifetimes = Config::lifetimes(vars)?;
    let turn = Turn { dir, lifetimes, now };
    match command {
        KeysCommand::Init => init_text(dir, now),
        KeysCommand::Stage { ring } => turn.once(Step::Stage, ring.into(), false),
        KeysCommand::Promote { ring, force } => turn.once(Step::Promote, ring.into(), force),
        KeysCommand::Retire { ring, force } => turn.once(Step::Retire, ring.into(), force),
        KeysCommand::Status { json: false } => Ok(turn.status()?),
        KeysCommand::Status { json: true } => Ok(turn.status_json()?.to_string() + "\n"),
        KeysCommand::Tick { ages, .. } => turn.tick(ages),
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

/// A directory of rings, at a moment.
struct Turn<'a> {
    dir: &'a Path,
    lifetimes: Lifetimes,
    now: Timestamp,
}

impl Turn<'_> {
    /// One step of one ring; with force, what it costs comes first.
    fn once(&self, step: Step, purpose: Purpose, force: bool) -> Result<String, CliError> {
        let locked = Locked::new(self.dir)?;
        let rings = locked.rings()?;
        let cost = if force { cost(step, purpose) } else { "" };
        self.take(step, purpose, &rings, force, &locked).map(|done| format!("{cost}{done}"))
    }

    /// Whatever is due, once.
    fn tick(&self, ages: Ages) -> Result<String, CliError> {
        let locked = Locked::new(self.dir)?;
        let rings = locked.rings()?;
        let mut text = String::new();
        for purpose in Purpose::ALL {
            let due = Step::due(rings.of(purpose), self.schedule(purpose), ages.of(purpose), self.now);
            let done = match due {
                Some(step) => self.take(step, purpose, &rings, false, &locked)?,
                None => format!("{}: nothing is due\n", purpose.name()),
            };
            text.push_str(&done);
        }
        Ok(text)
    }

    fn take(
        &self,
        step: Step,
        purpose: Purpose,
        rings: &Rings,
        force: bool,
        locked: &Locked,
    ) -> Result<String, CliError> {
        let name = purpose.name();
        let turned = step.take((purpose, rings.of(purpose)), self.schedule(purpose), force, self.now);
        let turned = turned.map_err(|reason| CliError::NotYet(name, reason))?;
        locked.replace(purpose, &turned)?;
        let done = match step {
            Step::Stage => "a key is staged",
            Step::Promote => "the staged key seals",
            Step::Retire => "retired keys are forgotten",
        };
        Ok(format!("{name}: {done}\n"))
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

    fn status(&self) -> Result<String, KeysError> {
        let rings = Keys::read(self.dir)?.current();
        let mut text = table(&rings, self.now);
        for purpose in Purpose::ALL {
            let _ = writeln!(text, "{}: {}", purpose.name(), self.next(purpose, rings.of(purpose)));
        }
        Ok(text)
    }

    fn status_json(&self) -> Result<Value, KeysError> {
        let rings = Keys::read(self.dir)?.current();
        let mut status = json!({});
        for purpose in Purpose::ALL {
            let ring = rings.of(purpose);
            let keys: Vec<Value> = ring.records().iter().map(|record| {
                json!({"kid": record.kid(), "state": record.state, "since": record.since, "until": record.until, "age_secs": self.now.since(record.since)})
            }).collect();
            status[purpose.name()] = json!({"keys": keys, "next": self.next(purpose, ring)});
        }
        Ok(status)
    }

    /// What `tick` would do with its default ages.
    fn next(&self, purpose: Purpose, ring: &Ring) -> &'static str {
        match Step::due(ring, self.schedule(purpose), Ages::DEFAULT.of(purpose), self.now) {
            Some(Step::Stage) => "stage is due",
            Some(Step::Promote) => "promote is due",
            Some(Step::Retire) => "retire is due",
            None => "nothing is due",
        }
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

/// A line for each key.
pub(super) fn table(rings: &Rings, now: Timestamp) -> String {
    let mut table = format!("{:<13} {:<8} {:>8}  {}\n", "ring", "state", "age", "kid");
    for purpose in Purpose::ALL {
        for key in rings.of(purpose).iter() {
            let record = key.record();
            let age = age(now.since(record.since).0);
            // Writing to a string does not fail.
            let _ = writeln!(
                table,
                "{:<13} {:<8} {age:>8}  {}",
                purpose.name(),
                record.state.to_string(),
                record.kid()
            );
        }
    }
    table
}

fn age(secs: i64) -> String {
    match secs {
        ..60 => format!("{secs} s"),
        60..3600 => format!("{} min", secs / 60),
        3600..172_800 => format!("{} h", secs / 3600),
        _ => format!("{} d", secs / DAY),
    }
}
