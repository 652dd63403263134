//! What the command says of an address.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    time::Instant,
};

use serde_json::Value;

use crate::ground::SIDECAR;

/// So many assistants go their ways.
pub(crate) const EVERYBODY: usize = 9;

#[derive(Debug)]
pub(crate) struct Said {
    pub code: i32,
    pub report: Value,
    pub err: String,
    pub secs: u64,
}

/// Runs `doctor ADDRESS … --json`, by the way that `at` leads.
pub(crate) fn doctor(address: &str, at: Option<u16>, more: &[&str]) -> Said {
    trusting(address, at, more, &[])
}

/// The same with something in its environment.
pub(crate) fn trusting(address: &str, at: Option<u16>, more: &[&str], environment: &[(&str, &str)]) -> Said {
    let began = Instant::now();
    let at = at.map(|port| format!("--at=127.0.0.1:{port}"));
    let mut command = Command::new(SIDECAR);
    command.args(["doctor", address, "--json"]).args(at).args(more).env_clear().stdin(Stdio::null());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        report: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
        secs: began.elapsed().as_secs(),
    }
}

impl Said {
    /// Every cause that was named, notes too.
    pub(crate) fn causes(&self) -> BTreeSet<&str> {
        let findings = self.report["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("no report: {} {:?}", self.err, self.report));
        findings.iter().map(|finding| finding["cause"].as_str().unwrap()).collect()
    }

    /// This one, and with the exit code that belongs to it.
    pub(crate) fn names(&self, cause: &str, of: &str) {
        assert_eq!(self.causes(), BTreeSet::from([cause]), "{of}: {:#}", self.report);
        assert_eq!(self.code, 1, "{of}");
        let finding = &self.report["findings"][0];
        for said in ["title", "looks", "change"] {
            assert!(finding[said].as_str().is_some_and(|text| text.len() > 20), "{of}: {finding}");
        }
        assert!(!finding["seen"].as_array().unwrap().is_empty(), "{of}: {finding}");
    }

    pub(crate) fn is_healthy(&self, of: &str) {
        assert_eq!((self.causes(), self.code), (BTreeSet::new(), 0), "{of}: {:#}", self.report);
    }

    /// Those that would not connect.
    pub(crate) fn stopped(&self) -> BTreeSet<&str> {
        self.assistants(|verdict| verdict["connects"] == false && verdict["invited"] == true)
    }

    pub(crate) fn connecting(&self) -> BTreeSet<&str> {
        self.assistants(|verdict| verdict["connects"] == true)
    }

    pub(crate) fn not_invited(&self) -> BTreeSet<&str> {
        self.assistants(|verdict| verdict["invited"] == false)
    }

    fn assistants(&self, which: impl Fn(&&Value) -> bool) -> BTreeSet<&str> {
        let verdicts = self.report["assistants"].as_array().unwrap();
        verdicts.iter().filter(which).map(|verdict| verdict["assistant"].as_str().unwrap()).collect()
    }
}
