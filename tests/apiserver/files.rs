//! A copy of `deploy/kubernetes`, in which an operator changes what is to be changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/kubernetes");

pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let copied = Command::new("cp").args(["-r", &format!("{SHIPPED}/."), &at(folder.path())]).status();
        assert!(copied.unwrap().success());
        Self(folder)
    }

    /// A site behind this kind of edge, in a namespace of its own.
    pub(crate) fn of(site: &str, edge: &str, namespace: &str) -> Self {
        let files = Self::new();
        let file = format!("{site}/kustomization.yaml");
        files.change(&file, &format!("namespace: mcp-{site}"), &format!("namespace: {namespace}"));
        for kind in ["ingress", "httproute"] {
            files.change_if(&file, &format!("../edge/{kind}"), &format!("../edge/{edge}"));
        }
        files
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        at(&self.within(name))
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.within(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.within(name), text).unwrap();
    }

    pub(crate) fn change(&self, name: &str, before: &str, after: &str) {
        assert!(self.read(name).contains(before), "{name} has no {before}");
        self.change_if(name, before, after);
    }

    fn change_if(&self, name: &str, before: &str, after: &str) {
        self.write(name, &self.read(name).replace(before, after));
    }

    fn within(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }
}

fn at(path: &Path) -> String {
    path.display().to_string()
}
