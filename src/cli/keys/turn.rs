//! Turning the rings, step by step.

use std::path::Path;

use super::Ages;
use crate::cli::CliError;
use crate::clock::{Seconds, Timestamp};
use crate::config::Lifetimes;
use crate::flow::QUESTION_LIFETIME;
use crate::seal::keys_dir::{Keys, KeysError};
use crate::seal::ring_store::{RingStore, Turned};
use crate::seal::rotation::{Schedule, Step};
use crate::seal::{Purpose, Ring, Rings};

/// What a step depends on beside the ring.
pub(super) struct Turn {
    pub(super) lifetimes: Lifetimes,
    pub(super) now: Timestamp,
}

/// What was done to a ring, and what it costs; no step: nothing was due.
pub(super) struct Taken {
    pub(super) purpose: Purpose,
    pub(super) step: Option<Step>,
    pub(super) cost: Option<&'static str>,
}

/// The rings, and for each what `tick` would do with its default ages.
pub(super) struct Status {
    pub(super) rings: Rings,
    pub(super) next: [Option<Step>; 3],
}

impl Turn {
    /// One step of one ring.
    pub(super) fn once(
        &self,
        store: &RingStore,
        step: Step,
        purpose: Purpose,
        force: bool,
    ) -> Result<Vec<Taken>, CliError> {
        let cost = if force { cost(step, purpose) } else { None };
        store.turn(|rings| {
            let ring = self.take(step, (purpose, rings.of(purpose)), force)?;
            let taken = Taken { purpose, step: Some(step), cost };
            Ok(Turned { rings: vec![(purpose, ring)], said: vec![taken] })
        })
    }

    /// Whatever is due, once.
    pub(super) fn tick(&self, store: &RingStore, ages: Ages) -> Result<Vec<Taken>, CliError> {
        store.turn(|rings| {
            let mut turned = Turned::<Vec<Taken>>::default();
            for purpose in Purpose::ALL {
                let ring = rings.of(purpose);
                let step = self.due(purpose, ring, ages);
                if let Some(step) = step {
                    turned.rings.push((purpose, self.take(step, (purpose, ring), false)?));
                }
                turned.said.push(Taken { purpose, step, cost: None });
            }
            Ok(turned)
        })
    }

    pub(super) fn status(&self, dir: &Path) -> Result<Status, KeysError> {
        let rings = Keys::read(dir)?.current();
        let next = Purpose::ALL.map(|purpose| self.due(purpose, rings.of(purpose), Ages::DEFAULT));
        Ok(Status { rings: (*rings).clone(), next })
    }

    fn due(&self, purpose: Purpose, ring: &Ring, ages: Ages) -> Option<Step> {
        Step::due(ring, self.schedule(purpose), ages.of(purpose), self.now)
    }

    fn take(&self, step: Step, (purpose, ring): (Purpose, &Ring), force: bool) -> Result<Ring, CliError> {
        let turned = step.take((purpose, ring), self.schedule(purpose), force, self.now);
        turned.map_err(|reason| CliError::NotYet(purpose.name(), reason))
    }

    fn schedule(&self, purpose: Purpose) -> Schedule {
        let refresh = self.lifetimes.refresh.unwrap_or(Seconds(0));
        let longest = match purpose {
            Purpose::Access => self.lifetimes.access,
            Purpose::Session | Purpose::Registration => {
                refresh.max(self.lifetimes.code).max(QUESTION_LIFETIME)
            }
        };
        Schedule::new(purpose, longest)
    }
}

fn cost(step: Step, purpose: Purpose) -> Option<&'static str> {
    match (step, purpose) {
        (Step::Stage, _) => None,
        (Step::Promote, Purpose::Access) => Some(
            "verifiers that have not read the JWKS since the key was staged refuse new access tokens until they do",
        ),
        (Step::Promote, _) => {
            Some("replicas that have not read the directory since refuse what is new until they do")
        }
        (Step::Retire, Purpose::Access) => {
            Some("access tokens signed by the forgotten keys are refused at once; clients refresh")
        }
        (Step::Retire, Purpose::Session) => {
            Some("whoever holds a refresh token sealed by the forgotten keys signs in again")
        }
        (Step::Retire, Purpose::Registration) => Some(
            "clients registered or minted under the forgotten keys are unknown; many never recover by themselves",
        ),
    }
}
