//! What the operator's dashboards see: one function per event, and labels from small fixed sets; and traces.

mod labels;
pub mod traces;

use std::time::Duration;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use crate::clock::Timestamp;
use labels::{Door, File, Kid, Kind, Outcome, Place, Progress, Reason, Request, Ring};
pub use labels::{Limited, Replayed, Step};

/// The counters of one server.
#[derive(Debug)]
pub struct Telemetry {
    registry: Registry,
    requests: Family<Request, Counter>,
    durations: Durations,
    steps: Family<Progress, Counter>,
    refusals: Family<Reason, Counter>,
    replays: Family<Kind, Counter>,
    limited: Family<Door, Counter>,
    document_fetches: Family<Outcome, Counter>,
    file_failures: Family<File, Counter>,
    file_read: Family<File, Gauge>,
    key_since: Family<Ring, Gauge>,
    key_uses: Family<Kid, Gauge>,
    families: Gauge,
    gateway_streams: Gauge,
    store_away: Gauge,
    revocations_read: Gauge,
}

impl Telemetry {
    /// A request was answered: at which door, with which status, which word of the protocol if it was refused, and
    /// after what time; a stream goes on after its answer began.
    pub fn answered(&self, door: &str, status: u16, error: &'static str, after: Duration) {
        self.requests.get_or_create(&Request { door: door.to_owned(), status, error }).inc();
        self.durations.get_or_create(&Place { door: door.to_owned() }).observe(after.as_secs_f64());
    }

    /// Somebody came one step on at this site.
    pub fn reached(&self, site: &str, step: Step) {
        self.steps.get_or_create(&Progress { site: site.to_owned(), step: step.name() }).inc();
    }

    /// Nobody has come anywhere yet at this site.
    pub fn opened(&self, site: &str) {
        for step in Step::ALL {
            self.steps.get_or_create(&Progress { site: site.to_owned(), step: step.name() }).inc_by(0);
        }
    }

    /// Something was refused for this reason of ours.
    pub fn refused(&self, reason: &str) {
        self.refusals.get_or_create(&Reason { reason: reason.to_owned() }).inc();
    }

    /// A code or refresh token came back after it was used up.
    pub fn replayed(&self, what: Replayed) {
        self.replays.get_or_create(&Kind { kind: what.name() }).inc();
    }

    /// A caller went over its limit.
    pub fn limited(&self, door: Limited) {
        self.limited.get_or_create(&Door { door: door.name() }).inc();
    }

    /// A client's document was asked for, and came or did not.
    pub fn document_fetched(&self, outcome: &'static str) {
        self.document_fetches.get_or_create(&Outcome { outcome }).inc();
    }

    /// A file of the operator's was read and is in force.
    pub fn file_read(&self, file: &'static str, now: Timestamp) {
        self.file_read.get_or_create(&File { file }).set(now.as_secs());
        self.file_failures.get_or_create(&File { file }).inc_by(0);
    }

    /// A file of the operator's is broken; what was last read stays in force.
    pub fn file_failed(&self, file: &'static str) {
        self.file_failures.get_or_create(&File { file }).inc();
    }

    /// The key of this ring that seals, by when it began.
    pub fn key_in_force(&self, ring: &'static str, since: Timestamp) {
        self.key_since.get_or_create(&Ring { ring }).set(since.as_secs());
    }

    /// How often a key encrypted since the server started.
    pub fn key_used(&self, kid: &str, times: u64) {
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        self.key_uses.get_or_create(&Kid { kid: kid.to_owned() }).set(times);
    }

    /// Does the shared store not answer?
    pub fn store_away(&self, away: bool) {
        self.store_away.set(away.into());
    }

    /// When the shared list of revoked families was last read.
    pub fn revocations_read(&self, at: Timestamp) {
        self.revocations_read.set(at.as_secs());
    }

    /// How many families this replica remembers by itself.
    pub fn families(&self, count: usize) {
        self.families.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// An answer of the MCP server that is on its way, for as long as this lives.
    pub fn gateway_stream(&self) -> OpenStream {
        self.gateway_streams.inc();
        OpenStream(self.gateway_streams.clone())
    }

    /// Everything in the text format of Prometheus.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counted until it is dropped.
#[derive(Debug)]
pub struct OpenStream(Gauge);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Telemetry {
    /// A counter that begins at 1 has never increased: what is rare begins at 0, so that its first time is seen.
    fn rare(self) -> Self {
        for door in Limited::ALL {
            self.limited.get_or_create(&Door { door: door.name() }).inc_by(0);
        }
        for what in Replayed::ALL {
            self.replays.get_or_create(&Kind { kind: what.name() }).inc_by(0);
        }
        self
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("mcp_auth");
        let of = &mut registry;
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        of.register("build", "Which build this is", build);
        let telemetry = Self {
            requests: metric(of, "requests", "Requests by door, status and error"),
            durations: durations(of),
            steps: metric(of, "steps", "Steps from the first challenge to a call that passes, by site"),
            refusals: metric(of, "refusals", "Refusals by reason"),
            replays: metric(of, "replays", "Codes and refresh tokens used again"),
            limited: metric(of, "limited", "Requests over a caller's limit"),
            document_fetches: metric(of, "document_fetches", "Fetches of clients' documents by outcome"),
            file_failures: metric(of, "file_failures", "Readings of a broken file"),
            file_read: metric(of, "file_read_timestamp_seconds", "When a file was last read well"),
            key_since: metric(of, "key_since_timestamp_seconds", "Since when a ring's key seals"),
            key_uses: metric(of, "key_uses", "Encryptions by a session key since the start"),
            families: metric(of, "families", "Families this replica remembers by itself"),
            gateway_streams: metric(of, "gateway_streams", "Answers of the MCP server that are on their way"),
            store_away: metric(of, "store_away", "Whether the shared store does not answer"),
            revocations_read: metric(
                of,
                "revocations_read_timestamp_seconds",
                "When the shared list of revoked families was last read; 0 without a shared store",
            ),
            registry,
        };
        telemetry.rare()
    }
}

type Durations = Family<Place, Histogram, fn() -> Histogram>;

/// From what is answered out of memory to what waits for the MCP server; in seconds.
const BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

fn durations(registry: &mut Registry) -> Durations {
    let durations = Durations::new_with_constructor(|| Histogram::new(BOUNDS));
    registry.register("request_duration_seconds", "Time until an answer begins, by door", durations.clone());
    durations
}

/// A metric that is registered and at hand.
fn metric<M: Clone + Default + Metric>(registry: &mut Registry, name: &str, help: &str) -> M {
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eventful() -> Telemetry {
        let telemetry = Telemetry::default();
        telemetry.answered("/oauth/token", 400, "invalid_grant", Duration::from_millis(2));
        telemetry.reached("public", Step::Consented);
        telemetry.refused("Reused");
        telemetry.replayed(Replayed::Code);
        telemetry.limited(Limited::Register);
        telemetry.document_fetched("read");
        telemetry.file_read("deny", Timestamp::from_secs(7));
        telemetry.file_failed("deny");
        telemetry.key_in_force("access", Timestamp::from_secs(9));
        telemetry.key_used("k1", 11);
        telemetry.families(3);
        telemetry.store_away(true);
        telemetry.revocations_read(Timestamp::from_secs(11));
        telemetry
    }

    #[test]
    fn every_event_is_in_the_text() {
        let telemetry = eventful();
        let (open, over) = (telemetry.gateway_stream(), telemetry.gateway_stream());
        drop(over);
        let text = telemetry.text();
        drop(open);
        assert!(telemetry.text().contains("mcp_auth_gateway_streams 0"));
        for line in [
            r#"mcp_auth_requests_total{door="/oauth/token",status="400",error="invalid_grant"} 1"#,
            r#"mcp_auth_request_duration_seconds_bucket{door="/oauth/token",le="0.001"} 0"#,
            r#"mcp_auth_request_duration_seconds_bucket{door="/oauth/token",le="0.0025"} 1"#,
            r#"mcp_auth_steps_total{site="public",step="consented"} 1"#,
            r#"mcp_auth_refusals_total{reason="Reused"} 1"#,
            r#"mcp_auth_replays_total{kind="code"} 1"#,
            r#"mcp_auth_limited_total{door="register"} 1"#,
            r#"mcp_auth_document_fetches_total{outcome="read"} 1"#,
            r#"mcp_auth_file_read_timestamp_seconds{file="deny"} 7"#,
            r#"mcp_auth_file_failures_total{file="deny"} 1"#,
            r#"mcp_auth_key_since_timestamp_seconds{ring="access"} 9"#,
            r#"mcp_auth_key_uses{kid="k1"} 11"#,
            "mcp_auth_families 3",
            "mcp_auth_gateway_streams 1",
            "mcp_auth_store_away 1",
            "mcp_auth_revocations_read_timestamp_seconds 11",
            concat!(r#"mcp_auth_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn what_dashboard_and_alerts_name_is_there_and_the_dashboard_shows_everything() {
        let dashboard = include_str!("../../deploy/monitoring/dashboard.json");
        let alerts = include_str!("../../deploy/monitoring/alerts.yaml");
        let text = eventful().text();
        for shown in [dashboard, alerts] {
            let names: Vec<&str> = names(shown).collect();
            assert!(!names.is_empty());
            for name in names {
                let is_there = [" ", "{"].iter().any(|end| text.contains(&format!("\n{name}{end}")));
                assert!(is_there, "{name} is no metric of ours");
            }
        }
        for metric in text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()) {
            assert!(dashboard.contains(metric), "{metric} is not on the dashboard");
        }
    }

    fn names(text: &str) -> impl Iterator<Item = &str> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.filter(|word| word.starts_with("mcp_auth_"))
    }
}
