//! What is run, and where it lies.

/// A program that is told its port between its name and the rest.
#[derive(Debug)]
pub(crate) struct Program {
    name: Vec<String>,
    arguments: Vec<String>,
}

impl Program {
    pub(crate) fn new(name: impl Into<Vec<String>>, arguments: &[String]) -> Self {
        Self { name: name.into(), arguments: arguments.to_vec() }
    }

    pub(crate) fn on(&self, port: u16) -> Vec<String> {
        [&self.name[..], &[port.to_string()], &self.arguments].concat()
    }
}

const HERE: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn tool(path: &str) -> String {
    format!("{HERE}/tests/tools/{path}")
}

pub(crate) fn test_file(path: &str) -> String {
    format!("{HERE}/tests/{path}")
}

pub(crate) fn example(name: &str) -> String {
    format!("{HERE}/examples/resource-servers/{name}")
}
