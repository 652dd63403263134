//! What registrations and tokens leave behind in memory and in the time of a call: nothing is kept, so little can.

use crate::Outcome;
use crate::assistant::Assistant;
use crate::figures::{Goal, median, micros, row};
use crate::load::Load;
use crate::picture::Picture;
use crate::process::OneCore;
use crate::sidecar::{Home, Sidecar};

const CLIENTS: u32 = 4;
const SAMPLES: u32 = 20;
const ROUNDS: usize = 9;
const CALLS: u32 = 200;

/// So many registrations, then as many tokens.
pub(crate) fn run(count: u32) -> Outcome<()> {
    // A core that falls asleep between two calls is woken late, and which server that meets is chance.
    let _core = OneCore::keep()?;
    let home = Home::new()?;
    let sidecar = home.sidecar(&[])?;
    let assistants = (0..CLIENTS).map(|_| Assistant::of(&home, &[&sidecar]));
    let mut assistants = assistants.collect::<Outcome<Vec<_>>>()?;
    row("memory when idle, MB", mb(&sidecar)?, Goal::AtMost(20.0));

    let mut refresh: Vec<_> = assistants.iter_mut().map(Assistant::refreshing).collect::<Outcome<_>>()?;
    // Whatever is filled once by any load is there from here on.
    Load::of(&mut refresh, CALLS)?;
    drop(refresh);
    let mut points = vec![(0.0, mb(&sidecar)?)];
    for sample in 1..=SAMPLES {
        let mut register: Vec<_> = assistants.iter_mut().map(|it| || it.register().map(drop)).collect();
        Load::of(&mut register, count / SAMPLES / CLIENTS)?;
        points.push((f64::from(count / SAMPLES * sample), mb(&sidecar)?));
    }
    let mut refresh: Vec<_> = assistants.iter_mut().map(Assistant::refreshing).collect::<Outcome<_>>()?;
    Load::of(&mut refresh, count / 2 / CLIENTS)?;
    let under_load = mb(&sidecar)?;
    drop(refresh);

    let grown = under_load - points[0].1;
    row(
        &format!("memory after {count} registrations and {count} tokens minus at start, MB"),
        grown,
        Goal::AtMost(5.0),
    );
    row("memory after all that, MB", under_load, Goal::AtMost(40.0));
    let ratio = slower(&home, assistants.first_mut().ok_or("nobody")?)?;
    row("a refresh after these / at a server that just started, median", ratio, Goal::AtMost(1.05));
    let lines = [("resident", points)];
    let title = "Memory while clients register (MB resident)";
    Picture { file: "memory.svg", title, across: "registrations", lines: &lines }.draw()
}

/// How much longer a refresh takes at the server that has done so much than at a fresh one, in turns.
fn slower(home: &Home, old: &mut Assistant) -> Outcome<f64> {
    let fresh = home.sidecar(&[])?;
    let mut new = Assistant::of(home, &[&fresh])?;
    let (mut old, mut new) = (old.refreshing()?, new.refreshing()?);
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let (after, before) = (Load::of(&mut [&mut old], CALLS)?, Load::of(&mut [&mut new], CALLS)?);
        ratios.push(micros(after.waits.at(0.5)) / micros(before.waits.at(0.5)));
    }
    Ok(median(ratios))
}

fn mb(sidecar: &Sidecar) -> Outcome<f64> {
    Ok(f64::from(u32::try_from(sidecar.process.memory_kib()?)?) / 1024.0)
}
