//! What a whole sign-in costs, as a ratio to its cryptography alone, and what it leaves in memory.

use std::time::Duration;

use josekit::jwe::{self, Dir, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::{self, ES256, JwsHeader};

use crate::Outcome;
use crate::assistant::Assistant;
use crate::figures::{median, micros};
use crate::load::Load;
use crate::process::own_cpu;
use crate::sidecar::Home;

const ROUNDS: u32 = 5;
const FLOWS: u32 = 400;
const FLOWS_FOR_MEMORY: u32 = 10_000;
const REGISTRATIONS: u32 = 100_000;

pub(crate) fn run() -> Outcome<()> {
    let home = Home::new()?;
    let sidecar = home.sidecar(&[])?;
    let mut assistant = Assistant::of(&home, &[&sidecar])?;
    let at_start = sidecar.process.memory_kib()?;

    let (mut cpu, mut cryptography, mut driver) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let mut clients = (0..FLOWS).map(|_| assistant.register()).collect::<Outcome<Vec<_>>>()?;
        let before = sidecar.process.cpu()?;
        let flow_of_a_new_client = || assistant.flow_as(clients.pop().ok_or("no client is left")?);
        let load = Load::of(&mut [flow_of_a_new_client], FLOWS)?;
        cpu.push(load.of_a_step(sidecar.process.cpu()?.saturating_sub(before)));
        driver.push(load.of_a_step(load.cpu));
        cryptography.push(micros(cryptography_alone()?));
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

/// The signatures, verifications and encryptions of one flow, on claims of the same size, in a loop. (What was
/// verified is remembered, so a `client_id` is verified at its first request.)
///
/// | request | verified | opened | signed | sealed |
/// |---|---|---|---|---|
/// | authorize | `client_id` | | | question |
/// | consent | | question | code | code |
/// | code | code | code | access token | refresh token |
/// | refresh | | refresh token | access token | refresh token |
fn cryptography_alone() -> Outcome<Duration> {
    let jwk = Jwk::generate_ec_key(EcCurve::P256)?;
    let (signer, verifier) = (ES256.signer_from_jwk(&jwk)?, ES256.verifier_from_jwk(&jwk)?);
    let (encrypter, decrypter) = (Dir.encrypter_from_bytes([7; 32])?, Dir.decrypter_from_bytes([7; 32])?);
    let (plain, mut hidden) = (JwsHeader::new(), JweHeader::new());
    hidden.set_content_encryption("A256GCM");
    let claims = "x".repeat(450);
    let sign = || jws::serialize_compact(claims.as_bytes(), &plain, &signer);
    let seal = || jwe::serialize_compact(claims.as_bytes(), &hidden, &encrypter);
    let (token, code) = (sign()?, seal()?);
    let began = own_cpu()?;
    for _ in 0..FLOWS {
        for _ in 0..3 {
            sign()?;
            jwe::deserialize_compact(&code, &decrypter)?;
        }
        for _ in 0..4 {
            seal()?;
        }
        for _ in 0..2 {
            jws::deserialize_compact(&token, &verifier)?;
        }
    }
    Ok(own_cpu()?.saturating_sub(began) / FLOWS)
}
