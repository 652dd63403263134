//! Documents that everybody may read, beside a static body of the same process.

use crate::Outcome;
use crate::figures::{Goal, median, row};
use crate::load::Load;
use crate::process::OneCore;
use crate::sidecar::{HOST, Home};
use crate::wire::{Wire, request};

const ROUNDS: u32 = 7;
const CALLS: u32 = 1_500;

const DOCUMENTS: [&str; 3] =
    ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource/mcp", "/oauth/jwks"];

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let sidecar = Home::new()?.sidecar(&[])?;
    let host = format!("Host: {HOST}");
    let measured = |address, path: &str| -> Outcome<(f64, f64)> {
        let mut wire = Wire::to(address);
        let request = request(&[&format!("GET {path}"), &host], "");
        let before = sidecar.process.cpu()?;
        let load = Load::of(&mut [|| wire.ask(&request).map(drop)], CALLS)?;
        Ok((load.per_second(), load.of_a_step(sidecar.process.cpu()?.saturating_sub(before))))
    };
    for path in DOCUMENTS {
        let (mut rates, mut cpu) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (a, b) = (measured(sidecar.admin, "/healthz")?, measured(sidecar.address, path)?);
            rates.push(b.0 / a.0);
            cpu.push(b.1 / a.1);
        }
        row(&format!("{path}: requests per second / a static body's"), median(rates), Goal::AtLeast(0.9));
        println!("  its CPU / a static body's: {:.2}", median(cpu));
    }
    Ok(())
}
