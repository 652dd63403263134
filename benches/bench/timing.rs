//! Does the time of a refusal tell a secret? What is compared takes turns, request by request.

use std::io::Read as _;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Outcome;
use crate::assistant::{FORM, form, text};
use crate::figures::{micros, quartiles};
use crate::process::OneCore;
use crate::sidecar::{BINARY, HOST, Home};
use crate::wire::{Wire, request};

const TURNS: u32 = 2_400;
/// Of each kind in a batch; the noise is what batches of one kind differ by.
const BATCHES: u32 = 20;
/// Who comes after its own kind finds warm caches, so each comes after each as often.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0], [1, 0, 2], [0, 2, 1]];

pub(crate) fn run() -> Outcome<()> {
    let _core = OneCore::keep()?;
    let home = Home::new()?;
    let sidecar = home.sidecar(&[("MCP_AUTH_TOKEN_FAILURES_PER_MINUTE", "0")])?;
    let mut mint = Command::new(BINARY);
    mint.args(["client", "mint", "--json", "--name", "bench", "--redirect-uri", "https://client.example/cb"]);
    mint.env("MCP_AUTH_DEFAULT_ISSUER", crate::sidecar::ISSUER).env("MCP_AUTH_KEYS_DIR", home.keys());
    let mint = mint.env("MCP_AUTH_EMAIL_DOMAINS", "example.com");
    let mint = mint.env("MCP_AUTH_PROXY_SECRET_FILE", home.dir.path().join("secret")).output()?;
    let minted: Value = serde_json::from_slice(&mint.stdout)
        .map_err(|_| format!("client mint: {}", String::from_utf8_lossy(&mint.stderr)))?;
    let (id, secret) = (text(&minted, "client_id")?, text(&minted, "client_secret")?);

    let token = |id: &str, secret: &str| {
        let basic = format!("Authorization: Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let host = format!("Host: {HOST}");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", "x")];
        request(&["POST /oauth/token", &host, FORM, &basic], &form(&fields))
    };
    let (near, far) = (changed(&secret, secret.len() - 1), changed(&secret, 0));
    let compare = |what: &str, one: &[u8], other: &[u8]| compared(sidecar.address, what, one, other);
    compare(
        "two wrong secrets, the last character wrong / the first",
        &token(&id, &near),
        &token(&id, &far),
    )?;
    // Somebody else's signature: the same length, and as well-formed.
    let unknown = changed(&id, id.len() - 3);
    compare("an unknown client / a wrong secret", &token(&unknown, &far), &token(&id, &far))?;
    let authorize = |proof: &str| {
        let (host, proof) = (format!("Host: {HOST}"), format!("X-Sidecar-Auth: {proof}"));
        request(&["GET /oauth/authorize", &host, &proof, "X-Forwarded-User: 1"], "")
    };
    let (near, far) = (changed(&home.secret, home.secret.len() - 1), changed(&home.secret, 0));
    compare(
        "wrong proxy secrets, the last character wrong / the first",
        &authorize(&near),
        &authorize(&far),
    )?;
    println!(
        "A leak would be two wrong secrets, of a client or of the proxy, whose ratio is further from 1 than the noise of one kind: a secret could then be guessed byte by byte. An unknown client may differ: a client_id is no secret, and nobody can make one that is known."
    );
    Ok(())
}

/// Another character at this place.
fn changed(text: &str, at: usize) -> String {
    let (before, rest) = text.split_at(at);
    let other = if rest.starts_with('A') { 'B' } else { 'A' };
    format!("{before}{other}{}", &rest[1..])
}

fn compared(address: std::net::SocketAddr, what: &str, one: &[u8], other: &[u8]) -> Outcome<()> {
    let (mut ratios, mut noise, mut medians) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..BATCHES {
        let mut waits = [Vec::new(), Vec::new(), Vec::new()];
        for turn in 0..TURNS / BATCHES {
            for kind in ORDERS[turn as usize % ORDERS.len()] {
                waits[kind].push(micros(refused(address, if kind == 0 { one } else { other })?));
            }
        }
        let [one, other, again] = waits.map(|waits| quartiles(waits)[1]);
        ratios.push(one / other);
        noise.push(again / other);
        medians.push(other);
    }
    let ([low, ratio, high], [least, _, most]) = (quartiles(ratios), quartiles(noise));
    println!(
        "{what}: {ratio:.3} ({low:.3} to {high:.3}); the noise of one kind {least:.3} to {most:.3}; {:.0} us",
        quartiles(medians)[1]
    );
    Ok(())
}

/// How long a refusal takes, from the last byte of the request to the last of the answer.
fn refused(address: std::net::SocketAddr, request: &[u8]) -> Outcome<Duration> {
    let mut wire = Wire::to(address);
    wire.connect()?;
    let asked = Instant::now();
    let (head, mut body) = wire.open(request)?;
    let mut rest = String::new();
    body.read_to_string(&mut rest)?;
    let waited = asked.elapsed();
    if head.get(9..10) == Some("4") { Ok(waited) } else { Err(format!("not refused: {head}").into()) }
}
