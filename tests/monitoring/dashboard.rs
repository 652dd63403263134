//! `dashboard.json`, as far as Grafana needs it to ask.

use std::fs;

use serde::Deserialize;

use crate::prometheus::RATE_INTERVAL;

pub(crate) const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/monitoring/dashboard.json");

#[derive(Deserialize)]
pub(crate) struct Dashboard {
    pub(crate) panels: Vec<Panel>,
    templating: Templating,
}

#[derive(Deserialize)]
struct Templating {
    list: Vec<Variable>,
}

#[derive(Deserialize)]
struct Variable {
    name: String,
    query: String,
    #[serde(rename = "allValue")]
    all: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Panel {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) targets: Vec<Target>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Target {
    expr: String,
    pub(crate) legend_format: String,
    /// Asked at one moment, not over a time.
    #[serde(default)]
    pub(crate) instant: bool,
}

impl Dashboard {
    pub(crate) fn read() -> Self {
        serde_json::from_str(&fs::read_to_string(FILE).unwrap()).unwrap()
    }

    /// The value that stands for all sites.
    pub(crate) fn all_sites(&self) -> &str {
        self.variable().all.as_deref().unwrap()
    }

    /// The metric and the label that the sites are read from.
    pub(crate) fn sites(&self) -> (&str, &str) {
        let query = self.variable().query.strip_prefix("label_values(").unwrap();
        query.strip_suffix(')').unwrap().split_once(", ").unwrap()
    }

    fn variable(&self) -> &Variable {
        self.templating.list.iter().find(|variable| variable.name == "site").unwrap()
    }
}

impl Target {
    /// With its variables filled in.
    pub(crate) fn query(&self, site: &str, range_secs: u64) -> String {
        let filled = self.expr.replace("$__rate_interval", RATE_INTERVAL).replace("$site", site);
        let filled = filled.replace("$__range", &format!("{range_secs}s"));
        assert!(!filled.contains('$'), "a variable that nobody fills in: {filled}");
        filled
    }

    pub(crate) fn is_of_a_site(&self) -> bool {
        self.expr.contains("$site")
    }

    /// The labels that its legend names.
    pub(crate) fn labels(&self) -> Vec<&str> {
        let parts = self.legend_format.split("{{").skip(1);
        parts.map(|rest| rest.split_once("}}").unwrap().0).collect()
    }
}
