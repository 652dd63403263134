//! Many clients at once, each in a thread of its own that does one thing after another.

use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::figures::Waits;
use crate::process::own_cpu;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Load {
    /// How long each step took.
    pub(crate) waits: Waits,
    pub(crate) steps: u32,
    pub(crate) wall: Duration,
    /// What the driver itself used.
    pub(crate) cpu: Duration,
}

impl Load {
    /// Every client takes so many steps.
    pub(crate) fn of<C: FnMut() -> Outcome<()> + Send>(clients: &mut [C], steps: u32) -> Outcome<Self> {
        let began = Instant::now();
        let ended: Vec<Outcome<Self>> = thread::scope(|scope| {
            let threads: Vec<_> =
                clients.iter_mut().map(|client| scope.spawn(move || Self::of_one(client, steps))).collect();
            let joined = threads.into_iter().map(thread::ScopedJoinHandle::join);
            joined.map(|ended| ended.unwrap_or_else(|_| Err("a client panicked".into()))).collect()
        });
        let mut load = Self::default();
        for client in ended {
            load.add(client?);
        }
        load.wall = began.elapsed();
        Ok(load)
    }

    fn of_one(mut step: impl FnMut() -> Outcome<()>, steps: u32) -> Outcome<Self> {
        let mut load = Self { steps, ..Self::default() };
        let (began, used) = (Instant::now(), own_cpu()?);
        for _ in 0..steps {
            let asked = Instant::now();
            step()?;
            load.waits.add([asked.elapsed()]);
        }
        (load.wall, load.cpu) = (began.elapsed(), own_cpu()?.saturating_sub(used));
        Ok(load)
    }

    /// One after the other.
    pub(crate) fn add(&mut self, other: Self) {
        self.waits.add(other.waits);
        self.steps += other.steps;
        self.wall += other.wall;
        self.cpu += other.cpu;
    }

    pub(crate) fn per_second(&self) -> f64 {
        f64::from(self.steps) / self.wall.as_secs_f64()
    }

    /// A share of what one step costs, in microseconds.
    pub(crate) fn of_a_step(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / f64::from(self.steps)
    }
}
