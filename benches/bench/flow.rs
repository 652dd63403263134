//! What a whole sign-in costs, as a ratio to its cryptography alone, and what it leaves in memory.

use crate::Outcome;
use crate::assistant::Assistant;
use crate::cryptography::Cryptography;
use crate::figures::{median, micros};
use crate::load::Load;
use crate::process::OneCore;
use crate::sidecar::Home;

const ROUNDS: u32 = 5;
const FLOWS: u32 = 400;
const FLOWS_FOR_MEMORY: u32 = 10_000;
const REGISTRATIONS: u32 = 100_000;

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let home = Home::new()?;
    let sidecar = home.sidecar(&[])?;
    let mut assistant = Assistant::of(&home, &[&sidecar])?;
    let at_start = sidecar.process.memory_kib()?;

    let alone = Cryptography::new()?;
    let (mut cpu, mut cryptography, mut driver) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut clients = (0..FLOWS).map(|_| assistant.register()).collect::<Outcome<Vec<_>>>()?;
        let before = sidecar.process.cpu()?;
        let flow_of_a_new_client = || assistant.flow_as(clients.pop().ok_or("no client is left")?);
        let load = Load::of(&mut [flow_of_a_new_client], FLOWS)?;
        cpu.push(load.of_a_step(sidecar.process.cpu()?.saturating_sub(before)));
        driver.push(load.of_a_step(load.cpu));
        cryptography.push(micros(alone.flow(FLOWS)?));
    }
    let ratio = median(cpu.iter().zip(&cryptography).map(|(cpu, cryptography)| cpu / cryptography));
    println!(
        "cpu of a flow (authorize, consent, code, refresh): {:.0} us, of its cryptography alone {:.0} us, ratio {ratio:.2}; the driver {:.0} us",
        median(cpu),
        median(cryptography),
        median(driver)
    );

    Load::of(&mut [|| assistant.register().map(drop)], REGISTRATIONS)?;
    Load::of(&mut [|| assistant.flow()], FLOWS_FOR_MEMORY - ROUNDS * FLOWS)?;
    let grown = sidecar.process.memory_kib()?.saturating_sub(at_start);
    println!(
        "memory: {at_start} KiB at the start, {grown} KiB more after {REGISTRATIONS} registrations and {FLOWS_FOR_MEMORY} flows of 1000 people"
    );
    Ok(())
}
