//! Walks a deployment from outside, as each assistant does: without a secret, and bounded in time.
//!
//! An assistant's way ends at its first obstacle, like the assistant itself; what no assistant would notice is looked
//! at beside the ways. [`Probe`] asks, [`Road`] takes the steps, [`assistants`] has a file for each way, [`cause`] the
//! words for what is wrong.

mod answer;
mod assistants;
mod calls;
mod cause;
mod certificate;
mod challenge;
mod documents;
mod edge;
mod keys;
mod manners;
mod pages;
mod probe;
mod report;
mod road;
mod scheme;
mod shown;
mod sign_in;
mod stranger;
mod target;

use std::net::SocketAddr;

use reqwest::Method;

use answer::{Answer, Silence};
pub use assistants::Assistant;
use assistants::Outcome;
use cause::{Cause, Finding};
use documents::ServerMetadata;
use probe::{Probe, Trust};
pub use report::Report;
use road::{Client, Road, knocking};
pub use target::Target;

use crate::artifact::AccessToken;
use crate::clock::Timestamp;
use crate::seal::Sealed;

/// What is to be examined.
#[derive(Debug)]
pub struct Examination {
    pub target: Target,
    /// Where to connect, whatever resolvers say.
    pub at: Option<SocketAddr>,
    /// Hosts that must not be answered there.
    pub foreign: Vec<String>,
    /// Those that should connect.
    pub expected: Vec<Assistant>,
    /// What opens the MCP server, if somebody has it.
    pub token: Option<Sealed<AccessToken>>,
}

/// Nothing was reached at all.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unreached(String);

impl Examination {
    /// Goes every way, and looks around.
    pub async fn report(&self, now: Timestamp) -> Result<Report, Unreached> {
        let report = Report::new(self.target.as_str());
        if self.target.is_plain() {
            let finding = Finding::new(Cause::PLAIN_HTTP, self.target.as_str());
            return Ok(report.stops_everybody(&finding));
        }
        let host = self.target.url().host_str().unwrap_or_default();
        let probe = Probe::new(host, self.at, Trust::Known).map_err(|error| Unreached(error.to_string()))?;
        let first = knocking(Method::POST, &self.target);
        let answered = probe.ask(&first).await;
        if let Some(finding) = scheme::mistaken(&self.target, self.at, &answered).await {
            return Ok(report.stops_everybody(&finding));
        }
        match answered {
            Ok(answer) => Ok(self.examined(&probe, &answer, report, now).await),
            Err(silence @ (Silence::Unreached(_) | Silence::TimedOut(_))) => {
                Err(Unreached(silence.to_string()))
            }
            Err(silence) => Ok(report.stops_everybody(&Finding::silent(&silence, &first.shown()))),
        }
    }

    async fn examined(&self, probe: &Probe, answer: &Answer, mut report: Report, now: Timestamp) -> Report {
        let road = Road::new(probe, &self.target);
        let client = self.walk(road, &mut report).await;
        let around = [edge::clock(answer, now), edge::certificate(answer, now)].into_iter().flatten();
        let found = self.look_around(road, client).await.into_iter().chain(around);
        found.chain(edge::slow(probe)).for_each(|finding| report.add(finding));
        report
    }

    /// Gives a client that registered on the way, if one did.
    async fn walk(&self, road: Road<'_>, report: &mut Report) -> Option<Client> {
        let mut registered = None;
        for assistant in Assistant::ALL {
            let way = assistant.walk(road).await;
            if let Ok(Outcome::Connects(client)) = &way {
                registered.get_or_insert(client.clone());
            }
            report.ended(assistant, way, self.expected.contains(&assistant));
        }
        registered
    }

    async fn look_around(&self, road: Road<'_>, client: Option<Client>) -> Vec<Finding> {
        let mut found = manners::findings(&road).await;
        if let Ok(server) = server(&road).await {
            found.extend(pages::findings(&road, &server).await);
            found.extend(keys::findings(&road, &server).await);
            found.extend(manners::revoking(&road, &server).await);
            if let Some(client) = &client {
                found.extend(keys::forgotten(&road, &server, client).await);
            }
            found.extend(sign_in::findings(&road, &server, &client.unwrap_or_else(nobody)).await);
        }
        if let Some(token) = &self.token {
            found.extend(calls::findings(&road, token).await);
        }
        found.extend(edge::admin(road.probe, &self.target).await);
        found.extend(edge::any_host(road.probe, &self.target).await);
        if let Some(at) = self.address().await {
            for host in &self.foreign {
                found.extend(edge::foreign(&self.target, host, at).await);
            }
        }
        found
    }

    /// Where other hosts are looked for: at this address, too.
    async fn address(&self) -> Option<SocketAddr> {
        if self.at.is_some() || self.foreign.is_empty() {
            return self.at;
        }
        let port = self.target.url().port_or_known_default()?;
        let host = self.target.url().host_str()?.trim_matches(['[', ']']);
        tokio::net::lookup_host((host, port)).await.ok()?.next()
    }
}

async fn server(road: &Road<'_>) -> Result<ServerMetadata, Finding> {
    road.server(&road.resource().await?).await
}

/// Good enough to see who is asked to sign in.
fn nobody() -> Client {
    Client { id: "doctor".to_owned(), redirect_uri: "http://localhost/callback".to_owned() }
}
