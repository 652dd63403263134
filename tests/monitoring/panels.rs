//! Every panel of the dashboard shows what happens at two sidecars that are busy, and is drawn from what it was told; alerts ring.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::dashboard::{Dashboard, FILE, Panel, Target};
use crate::prometheus::{Prometheus, STEP_SECS};
use crate::server::runtime;
use crate::traffic::Traffic;

/// What rightly stays at nought where all is well, and why.
const QUIET: [(&str, &str, &str); 1] =
    [("Shared store", "away", "the Redis answers all the time; tests/store takes it away")];

/// What was asked, when.
struct Asked {
    dashboard: Dashboard,
    prometheus: Prometheus,
    range: (f64, f64),
}

/// `DASHBOARD_SECS` says for how long, for a picture that shows more
#[test]
fn every_panel_of_the_dashboard_shows_what_happens_and_can_be_drawn() {
    let asked = runtime().block_on(busy());
    runtime().block_on(async {
        let mut panels = Vec::new();
        for panel in &asked.dashboard.panels {
            panels.push(asked.answers(panel).await);
        }
        asked.offers_its_sites().await;
        asked.raises_what_happened_once().await;
        let (from, to) = asked.range;
        drawn(&json!({"from": from, "to": to, "panels": panels}));
    });
}

async fn busy() -> Asked {
    let long = Duration::from_secs(secs());
    let traffic = Traffic::prepared(long).await;
    let (alone, sharing) = (&traffic.alone.admin, &traffic.sharing.admin);
    let prometheus = Prometheus::start([("alone", alone), ("with-redis", sharing)]).await;
    let begun = now();
    traffic.flow().await;
    // What happened last is scraped, too.
    sleep(Duration::from_secs(2 * STEP_SECS)).await;
    assert_eq!(traffic.figures.failures(), Vec::<String>::new());
    Asked { dashboard: Dashboard::read(), prometheus, range: (begun, now()) }
}

impl Asked {
    /// What Grafana would get for a panel, each series with its name and its points.
    async fn answers(&self, panel: &Panel) -> Value {
        let mut all = Vec::new();
        for target in &panel.targets {
            let series = self.told(target, self.dashboard.all_sites()).await;
            judged(panel, target, &series);
            all.extend(series.iter().map(|one| json!({"name": named(target, one), "points": points(one)})));
        }
        let names: BTreeSet<&str> = all.iter().map(|one| one["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), all.len(), "{}: two series have one name: {names:?}", panel.title);
        json!({"id": panel.id, "series": all})
    }

    async fn told(&self, target: &Target, site: &str) -> Vec<Value> {
        let (from, to) = self.range;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a test")]
        let query = target.query(site, (to - from).ceil() as u64);
        let data = if target.instant {
            self.prometheus.at(&query, to).await
        } else {
            self.prometheus.over(&query, self.range).await
        };
        data["result"].as_array().unwrap().clone()
    }

    /// A file broke once, and values that were used up came again; nothing else has lasted long enough.
    async fn raises_what_happened_once(&self) {
        let alerts = self.prometheus.alerts().await;
        assert!(alerts.iter().all(|[_, health, _]| health == "ok"), "{alerts:?}");
        for name in ["McpAuthFileBroken", "McpAuthReplays"] {
            assert!(alerts.iter().any(|[alert, _, state]| alert == name && state == "firing"), "{alerts:?}");
        }
    }

    /// The variable at the top lists both, and each alone is shown, too.
    async fn offers_its_sites(&self) {
        let (metric, label) = self.dashboard.sites();
        assert_eq!(self.prometheus.values(metric, label).await, json!(["internal", "public"]));
        let targets = self.dashboard.panels.iter().flat_map(|panel| &panel.targets);
        let of_a_site: Vec<&Target> = targets.filter(|target| target.is_of_a_site()).collect();
        assert!(!of_a_site.is_empty());
        for target in of_a_site {
            for site in ["internal", "public"] {
                assert!(!self.told(target, site).await.is_empty(), "{}", target.query(site, 1));
            }
            assert!(self.told(target, "nowhere").await.is_empty(), "{}", target.query("nowhere", 1));
        }
    }
}

/// There is something, something happens, and the legend names labels that are there.
fn judged(panel: &Panel, target: &Target, series: &[Value]) {
    let of = format!("{}, {}", panel.title, target.legend_format);
    assert!(!series.is_empty(), "{of}: nothing is shown");
    let mut values = series.iter().flat_map(points).map(|(_, value)| value);
    let happens = values.any(|value| value.is_some_and(|value| value > 0.0));
    let quiet =
        QUIET.iter().any(|(title, legend, _)| *title == panel.title && *legend == target.legend_format);
    assert_eq!(happens, !quiet, "{of}: {series:?}");
    for label in target.labels() {
        assert!(series.iter().any(|one| one["metric"][label].is_string()), "{of}: no series has {label}");
    }
}

/// As Grafana writes it: an absent label is empty.
fn named(target: &Target, series: &Value) -> String {
    let fill = |name: String, label: &str| {
        name.replace(&format!("{{{{{label}}}}}"), series["metric"][label].as_str().unwrap_or_default())
    };
    target.labels().into_iter().fold(target.legend_format.clone(), fill)
}

/// Of one moment, or of many. What is no number is a gap.
fn points(series: &Value) -> Vec<(f64, Option<f64>)> {
    let point = |point: &Value| {
        let value: f64 = point[1].as_str().unwrap().parse().unwrap();
        (point[0].as_f64().unwrap(), value.is_finite().then_some(value))
    };
    match series["values"].as_array() {
        Some(many) => many.iter().map(point).collect(),
        None => vec![point(&series["value"])],
    }
}

fn drawn(data: &Value) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let told = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("dashboard-told.json");
    fs::write(&told, data.to_string()).unwrap();
    let picture = root.join("tests/screenshots/dashboard.png");
    fs::create_dir_all(picture.parent().unwrap()).unwrap();
    let mut draws = Command::new(root.join("tests/tools/node_modules/.bin/node"));
    draws.arg(root.join("tests/monitoring/parts/picture.mjs")).args([
        FILE.as_ref(),
        told.as_os_str(),
        picture.as_os_str(),
    ]);
    let output = draws.output().expect("node is missing: run `make tools`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[expect(clippy::disallowed_methods, reason = "a setting of this test's, not of the server's")]
fn secs() -> u64 {
    env::var("DASHBOARD_SECS").map_or(15, |secs| secs.parse().expect("a number"))
}

#[expect(clippy::disallowed_methods, reason = "what Prometheus calls now")]
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
