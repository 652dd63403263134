//! The alert rules of `deploy/monitoring`, judged by Prometheus' own tool.

use std::process::Command;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/monitoring");

#[test]
fn the_rules_are_rules_and_each_raises_its_alert_when_it_must_and_only_then() {
    for arguments in [["check", "rules", "alerts.yaml"], ["test", "rules", "alerts-test.yaml"]] {
        let judged = Command::new("promtool").args(arguments).current_dir(FOLDER).output();
        let judged = judged.expect("promtool is missing: run `make tools`");
        let said = [judged.stdout, judged.stderr].concat();
        assert!(judged.status.success(), "{}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn every_alert_is_tried_with_what_must_raise_it_and_with_what_must_not() {
    let read = |file: &str| std::fs::read_to_string(format!("{FOLDER}/{file}")).expect("a file");
    let (rules, tried) = (read("alerts.yaml"), read("alerts-test.yaml"));
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        let raised = tried.contains(&format!("alertname=\"{alert}\""))
            || tried.contains(&format!("{alert}, exp_alerts"));
        assert!(raised, "{alert} is raised by nothing");
        assert!(tried.contains(&format!("alertname: {alert}}}")), "{alert} is never quiet");
    }
}
