//! Judges that others wrote, each against the server as an operator starts it; prints one table, and fails when one is not content.
//!
//! The ground: [`ground`] starts the server between [`stand_in`] (proxy, browser and person in one) and a `FastMCP` server,
//! [`client`] gets tokens, [`judge`] runs a program for as long as it may take, [`table`] is what comes out.
//! Then one file for each judge.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what fails in a test, panics")]

mod client;
mod ground;
mod judge;
#[path = "../e2e/part.rs"]
mod part;
mod stand_in;
mod table;

mod haproxy;
mod mcp_authlab;
mod mcp_conformance;
mod oauth4webapi;
mod rfc_vectors;
mod verifiers;
mod wycheproof;

use std::process::ExitCode;

use crate::{ground::Ground, table::Table};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let ground = match Ground::start().await {
        Ok(ground) => ground,
        Err(sentence) => {
            eprintln!("{sentence}");
            return ExitCode::FAILURE;
        }
    };
    let mut table = Table::default();
    for site in [&ground.public, &ground.internal] {
        mcp_conformance::judge(&ground, site, &mut table).await;
        mcp_authlab::judge(&ground, site, &mut table).await;
    }
    oauth4webapi::judge(&ground, &mut table).await;
    verifiers::judge(&ground, &mut table).await;
    wycheproof::judge(&mut table);
    rfc_vectors::judge(&mut table);
    print!("{table}");
    if table.is_content() {
        return ExitCode::SUCCESS;
    }
    eprintln!("\nWhat the judges printed lies in {}.", ground.folder.display());
    ExitCode::FAILURE
}
