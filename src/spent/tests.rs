//! A client and a thief over a whole family, in every order of few steps and in many of more.

use proptest::prelude::*;

use super::memory::{FAMILIES_A_PERSON, SWEEP_EVERY};
use super::*;
use crate::artifact::{ClientDigest, Grant, Person};
use crate::oauth::Catalogue;
use crate::seal::{Sealed, new_nonce};

const GRACE: Seconds = Seconds(60);
const WEEK: i64 = 604_800;
const START: Timestamp = Timestamp::from_secs(0);
const END: Timestamp = Timestamp::from_secs(WEEK);
const ACCESS: Seconds = Seconds(600);

/// Who holds which tokens of one family, and what the store says of it.
struct World {
    spent: Spent,
    now: Timestamp,
    /// What the client keeps, and what another part of it got at the same time.
    kept: RefreshToken,
    beside: Option<RefreshToken>,
    /// The stolen token, then what the thief got for it.
    thief: Vec<RefreshToken>,
}

impl World {
    async fn new() -> Self {
        let world =
            Self { spent: Spent::memory(ACCESS), now: START, kept: first(), beside: None, thief: Vec::new() };
        let (sid, sub) = (&world.kept.grant.sid, &world.kept.grant.person.sub);
        world.spent.open_family(sid, sub, world.kept.exp, world.now).await.unwrap();
        world
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now + Seconds(seconds);
    }

    async fn present(&self, token: &RefreshToken) -> Result<RefreshToken, Reused> {
        self.spent.present(token, GRACE, self.now).await.map_err(reused)?;
        Ok(RefreshToken { generation: token.generation + 1, nonce: new_nonce(), ..copy(token) })
    }

    async fn client_refreshes(&mut self) -> Result<(), Reused> {
        self.kept = self.present(&self.kept).await?;
        self.beside = None;
        Ok(())
    }

    async fn client_loses_the_answer(&mut self) -> Result<(), Reused> {
        self.beside = None;
        self.present(&self.kept).await.map(|_| ())
    }

    /// Two parts of the client use the same token at once; the answer that comes last is kept.
    async fn client_refreshes_twice_at_once(&mut self) -> Result<(), Reused> {
        let earlier = self.present(&self.kept).await?;
        self.kept = self.present(&self.kept).await?;
        self.beside = Some(earlier);
        Ok(())
    }

    /// Each part uses what it got when both refreshed at once.
    async fn both_parts_refresh(&mut self) -> Result<(), Reused> {
        if let Some(beside) = self.beside.take() {
            self.present(&beside).await?;
            self.wait(GRACE.0);
        }
        self.client_refreshes().await
    }

    fn steal(&mut self) {
        self.thief = vec![copy(&self.kept)];
    }

    /// With the token that was stolen, or with the newest that came of it.
    async fn thief_refreshes(&mut self, newest: bool) -> Result<(), Reused> {
        let token = if newest { self.thief.last() } else { self.thief.first() };
        let successor = self.present(token.unwrap()).await?;
        self.thief.push(successor);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.spent.is_revoked(&self.kept.grant.sid)
    }
}

/// An honest client loses nothing: whatever answers get lost, however long it takes to notice, and however
/// many of its parts refresh at once, what it keeps is good.
// TR-07, TR-14
#[tokio::test]
async fn lost_answers_and_parallel_refreshes_cost_nobody_the_session() {
    for steps in sequences(8, 5) {
        let mut world = World::new().await;
        for step in &steps {
            world.wait(if step % 2 == 0 { 30 } else { 3_600 });
            let done = match step / 2 {
                0 => world.client_refreshes().await,
                1 => world.client_loses_the_answer().await,
                2 => world.client_refreshes_twice_at_once().await,
                _ => world.both_parts_refresh().await,
            };
            assert_eq!(done, Ok(()), "{steps:?}");
        }
    }
}

/// A thief who has used a stolen token is found out, whatever the order. Once he uses what he got for it, the
/// client's next refresh ends the family. Once the client has refreshed twice, his own next attempt ends it.
/// So one who keeps pace hour by hour is out when the client refreshes for the second time. Uses that lie no
/// further apart than the grace time are taken for the client's own.
// TR-07, TR-08, T10
#[tokio::test]
async fn a_thief_is_found_out_at_the_second_refresh() {
    for (steps, used_before) in sequences(4, 6).flat_map(|steps| [(steps.clone(), false), (steps, true)]) {
        let mut world = World::new().await;
        world.steal();
        if used_before {
            world.client_refreshes().await.unwrap();
        }
        let (mut thefts, mut answered) = (0, 0);
        let mut keeps_pace = false;
        for step in &steps {
            world.wait(3_600);
            let by_thief = *step >= 2;
            let must_end = if by_thief { thefts > 0 && answered >= 2 } else { keeps_pace };
            let done = match step {
                0 => world.client_refreshes().await,
                1 => world.client_loses_the_answer().await,
                step => world.thief_refreshes(*step == 3).await,
            };
            assert!(!must_end || (done.is_err() && world.is_over()), "{steps:?} {used_before}");
            keeps_pace |= *step == 3 && thefts > 0 && done.is_ok();
            thefts += usize::from(by_thief && done.is_ok());
            answered += usize::from(*step == 0 && thefts > 0 && done.is_ok());
        }
    }
}

/// A part of the client that is a generation behind gets nothing, and within the grace time does no harm.
// TR-07, TR-14
#[tokio::test]
async fn who_is_behind_is_refused_and_nothing_comes_of_it() {
    let mut world = World::new().await;
    let behind = copy(&world.kept);
    world.client_refreshes().await.unwrap();
    world.client_refreshes().await.unwrap();
    world.wait(GRACE.0);
    assert_eq!(world.present(&behind).await.err(), Some(Reused::Superseded));
    assert_eq!(world.client_refreshes().await, Ok(()));
}

// TR-08, T10
#[tokio::test]
async fn a_family_that_is_over_stays_over_for_every_token_of_it() {
    let mut world = World::new().await;
    world.steal();
    world.client_refreshes().await.unwrap();
    world.client_refreshes().await.unwrap();
    world.wait(GRACE.0 + 1);
    assert_eq!(world.thief_refreshes(false).await, Err(Reused::Stolen));
    for hours in [0, 1, 100] {
        world.wait(3_600 * hours);
        assert_eq!(world.thief_refreshes(false).await, Err(Reused::Revoked));
        assert_eq!(world.client_refreshes().await, Err(Reused::Revoked));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    /// The same with delays of all lengths: whatever went before, when both sides use their newest token in
    /// turn and each later than the grace time, the family is over at the fourth.
    // TR-08, T10
    #[test]
    fn in_turn_they_come_no_further_than_three(
        used_before: bool,
        steps in prop::collection::vec((0_u8..5, prop::sample::select(vec![0, 1, 30, 60, 61, 3_600, 86_400])), 1..16),
    ) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let mut world = World::new().await;
            world.steal();
            if used_before {
                world.client_refreshes().await.unwrap();
            }
            let mut turns: Vec<bool> = Vec::new();
            for &(step, delay) in &steps {
                world.wait(delay);
                let _ = match step {
                    0 | 1 => world.client_refreshes().await,
                    2 | 3 => world.thief_refreshes(true).await,
                    _ => world.client_loses_the_answer().await,
                };
                let by_thief = (2..4).contains(&step);
                let goes_on = delay > GRACE.0 && step != 4 && turns.last() != Some(&by_thief);
                if !goes_on {
                    turns.clear();
                }
                if step != 4 {
                    turns.push(by_thief);
                }
                assert!(turns.len() < 4 || world.is_over(), "{steps:?} {used_before}");
            }
        });
    }
}

/// What is remembered stays bounded: for each person so many families, and none past its end.
// T9, T20
#[tokio::test]
async fn the_memory_is_bounded_for_each_person_and_swept_of_what_is_over() {
    let spent = Spent::memory(ACCESS);
    for family in 0..FAMILIES_A_PERSON + 10 {
        open(&spent, (family, 0), START).await.unwrap();
    }
    assert_eq!(spent.count(), FAMILIES_A_PERSON);
    let newest = open(&spent, (FAMILIES_A_PERSON, 0), START).await;
    assert_eq!(newest, Err(Reused::Code), "the newest are remembered");
    for family in 0..SWEEP_EVERY {
        open(&spent, (10_000 + family, 1 + family), END + ACCESS).await.unwrap();
    }
    assert!(spent.count() <= SWEEP_EVERY, "{}", spent.count());
}

/// What goes is what is over, and nothing else: no family that may be replayed yet, and nobody's bound.
// T9, T20
#[tokio::test]
async fn a_sweep_forgets_nothing_that_is_not_over() {
    let spent = Spent::memory(ACCESS);
    for person in 0..2 * SWEEP_EVERY {
        open(&spent, (person, person), START).await.unwrap();
    }
    assert_eq!(spent.count(), 2 * SWEEP_EVERY);
    assert_eq!(open(&spent, (0, 0), START).await, Err(Reused::Code));
    for family in 0..FAMILIES_A_PERSON {
        open(&spent, (10_000 + family, 0), START).await.unwrap();
    }
    assert_eq!(spent.count(), 2 * SWEEP_EVERY - 1 + FAMILIES_A_PERSON, "one pushed out the first");
}

/// An access token of its last moment is still about when a family ends.
// RV-07
#[tokio::test]
async fn what_is_revoked_stays_so_as_long_as_an_access_token_of_it_may_live() {
    let spent = Spent::memory(ACCESS);
    let (sid, sub) = (Jti("revoked".to_owned()), "p0".to_owned().try_into().unwrap());
    spent.revoke(&sid, &sub, END, Timestamp::from_secs(WEEK - 1)).await.unwrap();
    for (round, (later, revoked)) in
        [(0, true), (ACCESS.0 - 1, true), (ACCESS.0, false)].into_iter().enumerate()
    {
        for person in 1..=SWEEP_EVERY {
            let family = round * SWEEP_EVERY + person;
            open(&spent, (family, person), END + Seconds(later)).await.unwrap();
        }
        assert_eq!(spent.is_revoked(&sid), revoked, "{later} s after the end");
    }
}

/// A code of this person's is used, as the first of its family.
async fn open(spent: &Spent, (family, person): (usize, usize), now: Timestamp) -> Result<(), Reused> {
    let (sid, sub) = (Jti(format!("f{family}")), format!("p{person}").try_into().unwrap());
    spent.open_family(&sid, &sub, END, now).await.map_err(reused)
}

fn reused(unspent: Unspent) -> Reused {
    match unspent {
        Unspent::Reused(reused) => reused,
        Unspent::Away(away) => panic!("memory is never away: {away}"),
    }
}

fn first() -> RefreshToken {
    let text = |text: &str| text.to_owned();
    let grant = Grant {
        person: Person {
            sub: text("1001").try_into().unwrap(),
            email: text("alice@example.com").try_into().unwrap(),
        },
        client: ClientDigest::of(&Sealed::new("a client")),
        scope: Catalogue::try_from(vec![text("mcp")]).unwrap().granted(None),
        resource: text("https://mcp.example/mcp").try_into().unwrap(),
        auth_time: START,
        sid: Jti(text("family")),
    };
    RefreshToken { exp: END, grant, generation: 1, nonce: new_nonce() }
}

fn copy(token: &RefreshToken) -> RefreshToken {
    RefreshToken { grant: token.grant.clone(), ..*token }
}

/// All sequences of so many steps out of so many kinds.
fn sequences(kinds: usize, steps: u32) -> impl Iterator<Item = Vec<usize>> {
    (0..kinds.pow(steps))
        .map(move |number| (0..steps).map(|place| number / kinds.pow(place) % kinds).collect())
}
