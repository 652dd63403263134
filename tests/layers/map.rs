//! What `src/lib.rs` says of the house: the modules in order of dependence, and where heavy crates live.

use std::collections::BTreeMap;

pub(crate) struct Map {
    pub(crate) modules: Vec<String>,
    pub(crate) homes: BTreeMap<String, Vec<String>>,
}

impl Map {
    /// Modules are lines like ``//! * [`oauth`]: …``, homes are lines like ``//! `josekit`: seal, provider``.
    pub(crate) fn read(lib: &str) -> Self {
        let lines = || lib.lines().filter_map(|line| line.strip_prefix("//!")).map(str::trim);
        Self { modules: lines().filter_map(module).collect(), homes: lines().filter_map(home).collect() }
    }

    pub(crate) fn place(&self, module: &str) -> Option<usize> {
        self.modules.iter().position(|known| known == module)
    }
}

fn module(line: &str) -> Option<String> {
    let (name, _) = line.strip_prefix("* [`")?.split_once("`]:")?;
    Some(name.to_owned())
}

fn home(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.strip_prefix("* ").unwrap_or(line);
    let (name, homes) = line.strip_prefix('`')?.split_once("`:")?;
    let homes = homes.split(',').map(|home| home.trim().trim_matches('`').to_owned());
    Some((name.replace('-', "_"), homes.collect()))
}
