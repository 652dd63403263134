//! A real Prometheus that looks at two sidecars every second, and the two questions that Grafana asks it.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Form, browser, encoded};
use crate::room::{free_address, within};

/// So often it looks, and Grafana's shortest interval for a rate is four times that.
pub(crate) const STEP_SECS: u64 = 1;
pub(crate) const RATE_INTERVAL: &str = "4s";

const ALERTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/monitoring/alerts.yaml");

/// It ends with its handle.
pub(crate) struct Prometheus {
    address: String,
    process: Child,
    _home: TempDir,
}

impl Prometheus {
    /// Scrapes these admin ports, each under a name.
    pub(crate) async fn start(targets: [(&str, &str); 2]) -> Self {
        let (home, address) = (TempDir::new().unwrap(), free_address());
        let config = home.path().join("prometheus.yml");
        fs::write(&config, written(targets)).unwrap();
        let log = File::create(home.path().join("log")).unwrap();
        // A test run that was killed leaves none behind.
        let mut command = Command::new("/usr/bin/setpriv");
        command.args(["--pdeathsig", "KILL", "prometheus", "--config.file"]).arg(&config);
        command.arg(format!("--web.listen-address={address}"));
        command.arg(format!("--storage.tsdb.path={}", home.path().join("data").display()));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let prometheus = Self { address, process, _home: home };
        within("Prometheus is ready", async || prometheus.scrapes_both().await).await;
        prometheus
    }

    async fn scrapes_both(&self) -> bool {
        let up = self.asked("query", &[("query", "sum(up)")]).await;
        up.is_some_and(|data| data["result"][0]["value"][1] == "2")
    }

    /// At one moment.
    pub(crate) async fn at(&self, query: &str, time: f64) -> Value {
        self.answered("query", &[("query", query), ("time", &time.to_string())]).await
    }

    /// From one moment to another.
    pub(crate) async fn over(&self, query: &str, (start, end): (f64, f64)) -> Value {
        let [start, end, step] =
            [start, end, f64::from(u32::try_from(STEP_SECS).unwrap())].map(|n| n.to_string());
        self.answered("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", &step)])
            .await
    }

    /// The values of a label.
    pub(crate) async fn values(&self, metric: &str, label: &str) -> Value {
        self.answered(&format!("label/{label}/values"), &[("match[]", metric)]).await
    }

    /// The name of each alert, whether it can be judged, and how it stands.
    pub(crate) async fn alerts(&self) -> Vec<[String; 3]> {
        let rules = self.answered("rules", &[("type", "alert")]).await;
        let groups = rules["groups"].as_array().unwrap().iter();
        let rules = groups.flat_map(|group| group["rules"].as_array().unwrap());
        rules
            .map(|rule| ["name", "health", "state"].map(|of| rule[of].as_str().unwrap().to_owned()))
            .collect()
    }

    async fn answered(&self, path: &str, query: &[(&str, &str)]) -> Value {
        self.asked(path, query).await.unwrap_or_else(|| panic!("Prometheus refuses {query:?}"))
    }

    async fn asked(&self, path: &str, query: &[(&str, &str)]) -> Option<Value> {
        let query: Form =
            query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let url = format!("http://{}/api/v1/{path}?{}", self.address, encoded(&query));
        let answer: Value = browser().get(url).send().await.ok()?.json().await.ok()?;
        (answer["status"] == "success").then(|| answer["data"].clone())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn written(targets: [(&str, &str); 2]) -> String {
    let target = |(name, address): (&str, &str)| {
        format!("      - {{targets: [\"{address}\"], labels: {{instance: {name}}}}}\n")
    };
    let interval = format!(
        "global: {{scrape_interval: {STEP_SECS}s, scrape_timeout: {STEP_SECS}s, evaluation_interval: {STEP_SECS}s}}\n"
    );
    let rules = format!("rule_files: [\"{ALERTS}\"]\n");
    let jobs = "scrape_configs:\n  - job_name: mcp-auth-sidecar\n    static_configs:\n";
    interval + &rules + jobs + &targets.map(target).concat()
}
