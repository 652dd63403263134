//! Rotation: (ring, lifetimes, now) → ring. Accept first, use later, forget last.

use super::key::{KeyRecord, State};
use super::ring::{Purpose, Ring, RingError};
use crate::clock::{Seconds, Timestamp};

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;
/// Until every replica has read what changed on disk, mounted Secrets included, with something to spare.
const PROPAGATION: Seconds = Seconds(15 * MINUTE);
/// Until every verifier has read the JWKS again; some keep it for longer than they are told.
const PUBLICATION: Seconds = Seconds(DAY);

/// The times of one ring.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// From stage to promote: everybody must know a key before it is used.
    pub wait: Seconds,
    /// From promote to the end of the old key; none: it is accepted for good.
    pub outlives: Option<Seconds>,
}

impl Schedule {
    /// What the longest life of anything that the ring seals makes of it.
    pub fn new(purpose: Purpose, longest: Seconds) -> Self {
        match purpose {
            Purpose::Access => Self { wait: PUBLICATION, outlives: Some(after(longest)) },
            Purpose::Session => Self { wait: PROPAGATION, outlives: Some(after(longest)) },
            // A client_id must outlive every rotation: many clients never recover from a dead one.
            Purpose::Registration => Self { wait: PROPAGATION, outlives: None },
        }
    }
}

/// A replica may go on using the old key until it reads the directory, and clocks differ.
fn after(longest: Seconds) -> Seconds {
    Seconds(PROPAGATION.0 + longest.0 + MINUTE)
}

/// One step of a ring's life.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Make a key, publish and accept it, and use it for nothing yet.
    Stage,
    /// Seal with the staged key; the old one is accepted until what it sealed is over.
    Promote,
    /// Forget the keys that are not needed any more.
    Retire,
}

impl Step {
    /// The ring after this step. Refuses one that would cut off what is alive, and says when it may be; `force` is
    /// for a key that leaked.
    pub fn take(
        self,
        (purpose, ring): (Purpose, &Ring),
        schedule: Schedule,
        force: bool,
        now: Timestamp,
    ) -> Result<Ring, NotYet> {
        let records = ring.records();
        let records = match self {
            Self::Stage => staged(purpose, records, now)?,
            Self::Promote => promoted(records, schedule, force, now)?,
            Self::Retire => retired(records, force, now)?,
        };
        Ring::from_records(purpose, records).map_err(NotYet::Ring)
    }

    /// What is due for a ring whose keys should seal for `age`, if anything is.
    pub fn due(ring: &Ring, schedule: Schedule, age: Seconds, now: Timestamp) -> Option<Self> {
        let records = ring.records();
        let of = |state| records.iter().find(|record| record.state == state);
        if records.iter().any(|record| is_over(record, now)) {
            return Some(Self::Retire);
        }
        match (of(State::Next), of(State::Active)) {
            (Some(next), _) if now.since(next.since) >= schedule.wait => Some(Self::Promote),
            (None, Some(active)) if now.since(active.since) >= Seconds(age.0 - schedule.wait.0) => {
                Some(Self::Stage)
            }
            _ => None,
        }
    }
}

fn staged(purpose: Purpose, mut records: Vec<KeyRecord>, now: Timestamp) -> Result<Vec<KeyRecord>, NotYet> {
    if records.iter().any(|record| record.state == State::Next) {
        return Err(NotYet::Staged);
    }
    records.push(KeyRecord::generate(purpose.encrypts(), State::Next, now));
    Ok(records)
}

fn promoted(
    mut records: Vec<KeyRecord>,
    schedule: Schedule,
    force: bool,
    now: Timestamp,
) -> Result<Vec<KeyRecord>, NotYet> {
    let next = records.iter().find(|record| record.state == State::Next).ok_or(NotYet::NothingStaged)?;
    let known = next.since + schedule.wait;
    if now < known && !force {
        return Err(NotYet::Unknown(known));
    }
    for record in &mut records {
        match record.state {
            State::Next => (record.state, record.since) = (State::Active, now),
            State::Active => {
                (record.state, record.since) = (State::Retired, now);
                record.until = schedule.outlives.map(|outlives| now + outlives);
            }
            State::Retired => {}
        }
    }
    Ok(records)
}

fn retired(records: Vec<KeyRecord>, force: bool, now: Timestamp) -> Result<Vec<KeyRecord>, NotYet> {
    let goes = |record: &KeyRecord| is_over(record, now) || (force && record.state == State::Retired);
    if records.iter().any(goes) {
        return Ok(records.into_iter().filter(|record| !goes(record)).collect());
    }
    let retired = records.iter().filter(|record| record.state == State::Retired);
    let ends: Vec<Option<Timestamp>> = retired.map(|record| record.until).collect();
    match ends.iter().flatten().min() {
        Some(first) => Err(NotYet::Needed(*first)),
        None if ends.is_empty() => Err(NotYet::NothingRetired),
        None => Err(NotYet::NeededForGood),
    }
}

fn is_over(record: &KeyRecord, now: Timestamp) -> bool {
    record.until.is_some_and(|until| now >= until)
}

/// Why a step is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotYet {
    #[error("a retired key is needed until {0}")]
    Needed(Timestamp),
    #[error("its retired keys verify client_ids, which never end; --force makes their clients register anew")]
    NeededForGood,
    #[error("it has no retired key")]
    NothingRetired,
    #[error("it has no staged key")]
    NothingStaged,
    #[error("{0}")]
    Ring(RingError),
    #[error("it has a staged key already")]
    Staged,
    #[error("not everybody may know the staged key before {0}")]
    Unknown(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_800_000_000);
    fn schedule(purpose: Purpose) -> Schedule {
        Schedule::new(purpose, longest(purpose))
    }

    fn longest(purpose: Purpose) -> Seconds {
        Seconds(if purpose == Purpose::Session { 7 * DAY } else { 3600 })
    }

    fn fresh(purpose: Purpose) -> Ring {
        Ring::from_records(purpose, vec![KeyRecord::generate(purpose.encrypts(), State::Active, START)])
            .unwrap()
    }

    fn kid(ring: &Ring) -> String {
        ring.active().record().kid().to_owned()
    }

    // JWK-07
    #[test]
    fn a_key_is_known_before_it_seals_and_accepted_until_what_it_sealed_is_over() {
        for purpose in Purpose::ALL {
            let schedule = schedule(purpose);
            let ring = fresh(purpose);
            let first = kid(&ring);
            let ring = Step::Stage.take((purpose, &ring), schedule, false, START).unwrap();
            assert_eq!(kid(&ring), first);
            let next = ring.iter().nth(1).unwrap().record().kid().to_owned();
            assert!(ring.find(&next, START).is_some(), "accepted at once");
            assert!(matches!(
                Step::Stage.take((purpose, &ring), schedule, false, START),
                Err(NotYet::Staged)
            ));
            let early = START + Seconds(schedule.wait.0 - 1);
            assert!(matches!(
                Step::Promote.take((purpose, &ring), schedule, false, early),
                Err(NotYet::Unknown(_))
            ));
            let then = START + schedule.wait;
            let ring = Step::Promote.take((purpose, &ring), schedule, false, then).unwrap();
            assert_eq!(kid(&ring), next);
            let Some(outlives) = schedule.outlives else {
                assert!(ring.find(&first, then + Seconds(100 * 365 * DAY)).is_some());
                assert!(matches!(
                    Step::Retire.take((purpose, &ring), schedule, false, then),
                    Err(NotYet::NeededForGood)
                ));
                continue;
            };
            let last = then + Seconds(outlives.0 - 1);
            assert!(ring.find(&first, last).is_some());
            assert!(matches!(
                Step::Retire.take((purpose, &ring), schedule, false, last),
                Err(NotYet::Needed(_))
            ));
            let ring = Step::Retire.take((purpose, &ring), schedule, false, then + outlives).unwrap();
            assert!(ring.find(&first, START).is_none());
            assert!(matches!(
                Step::Retire.take((purpose, &ring), schedule, false, then + outlives),
                Err(NotYet::NothingRetired)
            ));
        }
    }

    #[test]
    fn everybody_has_a_day_for_a_published_key_and_a_quarter_of_an_hour_for_the_others() {
        for (purpose, wait, outlives) in [
            (Purpose::Access, 86_400, Some(900 + 3_600 + 60)),
            (Purpose::Session, 900, Some(900 + 604_800 + 60)),
            (Purpose::Registration, 900, None),
        ] {
            let Schedule { wait: waits, outlives: lives } = schedule(purpose);
            assert_eq!((waits.0, lives.map(|it| it.0)), (wait, outlives), "{purpose:?}");
        }
    }

    #[test]
    fn the_wait_begins_when_the_key_is_staged() {
        let (purpose, schedule) = (Purpose::Access, schedule(Purpose::Access));
        let take = |step: Step, ring: &Ring, now| step.take((purpose, ring), schedule, false, now);
        let ring = fresh(purpose);
        let staged = START + Seconds(30 * DAY);
        assert!(matches!(take(Step::Promote, &ring, staged), Err(NotYet::NothingStaged)));
        let ring = take(Step::Stage, &ring, staged).unwrap();
        let early = take(Step::Promote, &ring, staged + Seconds(schedule.wait.0 - 1));
        assert!(matches!(early, Err(NotYet::Unknown(known)) if known == staged + schedule.wait));
        assert!(take(Step::Promote, &ring, staged + schedule.wait).is_ok());
    }

    #[test]
    fn what_a_key_sealed_last_is_over_before_the_key_is() {
        for purpose in [Purpose::Access, Purpose::Session] {
            let last_sealed = PROPAGATION.0;
            assert!(schedule(purpose).outlives.unwrap().0 > last_sealed + longest(purpose).0);
        }
    }

    #[test]
    fn a_leaked_key_goes_at_once_when_forced() {
        let (purpose, schedule) = (Purpose::Access, schedule(Purpose::Access));
        let leaked = fresh(purpose);
        let ring = Step::Stage.take((purpose, &leaked), schedule, false, START).unwrap();
        let ring = Step::Promote.take((purpose, &ring), schedule, true, START).unwrap();
        let ring = Step::Retire.take((purpose, &ring), schedule, true, START).unwrap();
        assert!(ring.find(&kid(&leaked), START).is_none());
        assert_eq!(ring.iter().count(), 1);
    }

    #[test]
    fn whatever_is_due_by_age_is_done_once_and_a_ring_turns_for_years() {
        for (purpose, age) in
            [(Purpose::Access, 30 * DAY), (Purpose::Session, 7 * DAY), (Purpose::Registration, 365 * DAY)]
        {
            let schedule = schedule(purpose);
            let (mut ring, mut promotions, mut last) = (fresh(purpose), 0, START);
            let first = kid(&ring);
            for hour in 0..4 * 365 * 24 {
                let now = START + Seconds(hour * 3600);
                if let Some(step) = Step::due(&ring, schedule, Seconds(age), now) {
                    ring = Step::take(step, (purpose, &ring), schedule, false, now).unwrap();
                    if step == Step::Promote {
                        assert!(
                            (now.since(last).0 - age).abs() <= 2 * 3600,
                            "{purpose:?} after {}",
                            now.since(last)
                        );
                        (promotions, last) = (promotions + 1, now);
                    }
                    assert_ne!(Step::due(&ring, schedule, Seconds(age), now), Some(step), "twice at once");
                }
            }
            assert!(promotions >= 3, "{purpose:?}: {promotions}");
            assert_eq!(ring.find(&first, last).is_some(), purpose == Purpose::Registration);
        }
    }
}
