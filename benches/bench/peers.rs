//! Flows per second of other authorization servers in this one's place, all with the same driver and both cores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;
use crate::assistant::{Assistant, CALLBACK, CHALLENGE, FORM, VERIFIER, form, text};
use crate::figures::{Goal, between, median, row};
use crate::load::Load;
use crate::process::{Process, until};
use crate::sidecar::{Home, free_address};
use crate::wire::{Wire, request};

const ROUNDS: u32 = 5;
const CLIENTS: usize = 8;
/// Each client's, in a round.
const FLOWS: u32 = 150;
const FLOWS_OF_PEERS: u32 = 20;

pub(crate) fn run() -> Outcome<()> {
    let (home, folder) = (Home::new()?, TempDir::new()?);
    let sidecar = home.sidecar(&[])?;
    let peers = [Peer::fastmcp(folder.path())?, Peer::oidc_provider(folder.path())?];
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let assistants = (0..CLIENTS).map(|_| Assistant::of(&home, &[&sidecar]));
        let mut assistants = assistants.collect::<Outcome<Vec<_>>>()?;
        let mut steps: Vec<_> = assistants.iter_mut().map(|assistant| || assistant.flow()).collect();
        let flows = measured(&sidecar.process, &mut steps, FLOWS)?;
        let mut steps: Vec<_> = assistants.iter_mut().map(Assistant::refreshing).collect::<Outcome<_>>()?;
        let refreshes = measured(&sidecar.process, &mut steps, FLOWS)?;
        rounds.push([flows, refreshes, peers[0].measured()?, peers[1].measured()?]);
    }
    let of = |who: usize, what: usize| median(rounds.iter().map(|round| round[who][what]));
    let names = ["this server's flows", "its refreshes", "FastMCP in memory", "oidc-provider"];
    for (who, name) in names.into_iter().enumerate() {
        println!("{name}: {:.0} us of CPU each, {:.0} per second", of(who, 1), of(who, 0));
    }
    println!(
        "flows for the same CPU: {:.1} of FastMCP's, {:.1} of oidc-provider's",
        of(2, 1) / of(0, 1),
        of(3, 1) / of(0, 1)
    );
    let [flows, refreshes, fastmcp, oidc_provider] = [0, 1, 2, 3].map(|who| of(who, 0));
    row("flows per second / FastMCP's in-memory provider", flows / fastmcp, Goal::AtLeast(3.0));
    row("flows per second / npm oidc-provider", flows / oidc_provider, Goal::AtLeast(10.0));
    row(
        "refreshes per second / flows of FastMCP's in-memory provider",
        refreshes / fastmcp,
        Goal::AtLeast(10.0),
    );
    Ok(())
}

/// Steps per second, and microseconds of the server's CPU for each.
fn measured(
    server: &Process,
    clients: &mut [impl FnMut() -> Outcome<()> + Send],
    steps: u32,
) -> Outcome<[f64; 2]> {
    let before = server.cpu()?;
    let load = Load::of(clients, steps)?;
    Ok([load.per_second(), load.of_a_step(server.cpu()?.saturating_sub(before))])
}

/// Another server, which asks nobody: its flow is one request shorter.
struct Peer {
    process: Process,
    origin: String,
    authorize: &'static str,
    client_id: String,
    /// Of somebody who is signed in.
    cookie: String,
}

impl Peer {
    fn fastmcp(folder: &Path) -> Outcome<Self> {
        let (mut command, address) = (Command::new(tool(".venv/bin/python")), free_address()?);
        let script = peer("fastmcp_in_memory.py");
        // In a folder without settings of its own.
        command.arg(script).arg(address.port().to_string()).current_dir(folder);
        let process = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let metadata = json!({
            "redirect_uris": [CALLBACK],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
        });
        let host = format!("Host: {address}");
        let head = ["POST /register", &host, "Content-Type: application/json"];
        let register = request(&head, &metadata.to_string());
        let registered = until("FastMCP answers", || Wire::to(address).ask(&register))?;
        let client_id = text(&serde_json::from_str(&registered.body)?, "client_id")?;
        Ok(Self {
            process,
            origin: address.to_string(),
            authorize: "/authorize",
            client_id,
            cookie: String::new(),
        })
    }

    fn oidc_provider(folder: &Path) -> Outcome<Self> {
        let (mut command, address) = (Command::new(tool("node_modules/.bin/node")), free_address()?);
        let cookies = folder.join("cookies");
        command.arg(peer("oidc_provider.mjs")).arg(address.port().to_string()).arg(&cookies);
        let process = Process::start(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        let cookie = until("oidc-provider signs in", || Ok(fs::read_to_string(&cookies)?))?;
        let client_id = "bench".to_owned();
        Ok(Self { process, origin: address.to_string(), authorize: "/auth", client_id, cookie })
    }

    /// Flows per second, and microseconds of CPU for each.
    fn measured(&self) -> Outcome<[f64; 2]> {
        let address = self.origin.parse()?;
        let mut wires: Vec<Wire> = (0..CLIENTS).map(|_| Wire::to(address)).collect();
        let mut steps: Vec<_> = wires.iter_mut().map(|wire| || self.flow(wire)).collect();
        measured(&self.process, &mut steps, FLOWS_OF_PEERS)
    }

    fn flow(&self, wire: &mut Wire) -> Outcome<()> {
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", CALLBACK),
            ("scope", if self.cookie.is_empty() { "" } else { "mcp" }),
            ("state", "some-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let query = query.replace("scope=&", "");
        let (host, cookie) = (format!("Host: {}", self.origin), format!("Cookie: {}", self.cookie));
        let authorize = format!("GET {}?{query}", self.authorize);
        let answer = wire.ask(&request(&[&authorize, &host, &cookie], ""))?;
        let code = between(answer.header("location").unwrap_or_default(), "code=", "&")?.to_owned();
        let mut token = |fields: &[(&str, &str)]| -> Outcome<Value> {
            Ok(serde_json::from_str(&wire.ask(&request(&["POST /token", &host, FORM], &form(fields)))?.body)?)
        };
        let tokens = token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("client_id", &self.client_id),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])?;
        let refresh = text(&tokens, "refresh_token")?;
        token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &refresh),
            ("client_id", &self.client_id),
        ])?;
        Ok(())
    }
}

fn tool(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools").join(path)
}

fn peer(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script)
}
