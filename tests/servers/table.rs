//! What comes out, as `docs/servers.md` shows it: a line for each server and transport, and for revisions that differ.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{self, Write as _},
};

use tokio::{sync::OnceCell, task::JoinSet};

use crate::{
    door::Door,
    server::{Server, Transport, servers},
    stack::{Stack, stack},
    trial::{Found, TRIED, tried},
};

const REVISIONS: [&str; 4] = ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/servers.md");

#[tokio::test]
async fn through_the_gateway_a_server_does_what_it_does_without_it() {
    for Measured { server, revision, straight, guarded } in measured().await {
        assert_eq!(guarded, straight, "{} at {}, {revision}, {TRIED:?}", server.name, server.path);
    }
}

#[tokio::test]
async fn every_server_lists_and_calls_its_tools_and_reports_progress_while_it_works() {
    for server in servers() {
        let spoken = measured().await.iter().filter(|one| one.server.path == server.path && one.is_spoken());
        let found: Vec<_> = spoken.map(|one| (one.revision, &one.guarded[..2])).collect();
        assert!(!found.is_empty(), "{} speaks no revision", server.name);
        assert!(found.iter().all(|(_, found)| *found == ["yes", "yes"]), "{}: {found:?}", server.name);
    }
}

#[tokio::test]
async fn the_page_shows_what_this_run_found() {
    let table = table(measured().await);
    // Past the test harness, which keeps what a test prints.
    let _ = write!(io::stdout(), "\n{table}\n");
    let page = std::fs::read_to_string(PAGE).unwrap();
    assert!(page.contains(&table), "docs/servers.md shows another table than the one above");
}

/// One revision tried with one server, both ways.
#[derive(Debug)]
struct Measured {
    server: &'static Server,
    revision: &'static str,
    straight: Found,
    guarded: Found,
}

impl Measured {
    fn is_spoken(&self) -> bool {
        self.guarded[1] != "-"
    }
}

/// As it was found to speak it.
pub(crate) async fn newest_revision(server: &Server) -> &'static str {
    let spoken = measured().await.iter().filter(|one| one.server.path == server.path && one.is_spoken());
    spoken.map(|one| one.revision).max().unwrap()
}

async fn measured() -> &'static [Measured] {
    static MEASURED: OnceCell<Vec<Measured>> = OnceCell::const_new();
    MEASURED.get_or_init(|| async { measure(&stack()).await }).await
}

/// All at once; in the order of the servers and revisions.
async fn measure(stack: &Stack) -> Vec<Measured> {
    let mut all = JoinSet::new();
    for (place, server) in servers().iter().enumerate() {
        let doors = (Door::straight(server), Door::guarded(server, stack).await);
        for revision in REVISIONS {
            let (straight, guarded) = doors.clone();
            all.spawn(async move {
                let straight = tried(straight, server.transport, revision).await;
                let guarded = tried_through_the_proxy(guarded, server.transport, revision, &straight).await;
                ((place, revision), Measured { server, revision, straight, guarded })
            });
        }
    }
    let measured: BTreeMap<_, _> = all.join_all().await.into_iter().collect();
    measured.into_values().collect()
}

/// Of ten thousand streamed answers to a POST, on a machine with other work to do, oauth2-proxy cuts off one or two: Go
/// closes a request's body as soon as the answer begins, and when its writer comes to look for the end of that body only
/// then, it gives up the connection (golang/go#40747). So what differs is tried once more; twice is no accident.
async fn tried_through_the_proxy(
    door: Door,
    transport: Transport,
    revision: &'static str,
    straight: &Found,
) -> Found {
    let found = tried(door.clone(), transport, revision).await;
    if found == *straight { found } else { tried(door, transport, revision).await }
}

fn table(measured: &[Measured]) -> String {
    let mut rows: Vec<(&Server, &Found, Vec<&str>)> = Vec::new();
    for Measured { server, revision, guarded, .. } in measured {
        match rows.last_mut().filter(|(other, found, _)| other.path == server.path && *found == guarded) {
            Some((.., revisions)) => revisions.push(revision),
            None => rows.push((server, guarded, vec![revision])),
        }
    }
    let mut table = format!("| server | transport | revision | {} |\n", TRIED.join(" | "));
    writeln!(table, "|{}", "---|".repeat(3 + TRIED.len())).unwrap();
    for (server, found, revisions) in rows {
        let (label, revisions, found) = (server.label(), revisions.join(", "), found.join(" | "));
        writeln!(table, "| {label} | {revisions} | {found} |").unwrap();
    }
    table
}
