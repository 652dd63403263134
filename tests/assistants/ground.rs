//! What every one of these tests begins with.

use std::process::Command;

use crate::{
    desk::{Desk, landing},
    person::Person,
    stack::{Watched, stack, tool},
};

pub(crate) struct Ground {
    pub(crate) stack: Watched,
    pub(crate) alice: Person,
    pub(crate) desk: Desk,
    /// What the page of the internal site tells about this assistant.
    pub(crate) told: Vec<String>,
}

impl Ground {
    pub(crate) async fn of(assistant: &str) -> Self {
        let check = Command::new(tool("install.sh")).args(["--check", "assistant_parts"]).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        let stack = stack();
        let told = landing(&stack.internal).await.texts(assistant).to_vec();
        let desk = Desk::of(&assistant.replace(' ', "-"), &stack);
        Self { alice: Person::named("alice", &stack), desk, told, stack }
    }

    /// The lines of a text that is for a terminal.
    pub(crate) fn lines<const N: usize>(&self) -> [&str; N] {
        let lines: Vec<_> = self.told[0].lines().collect();
        lines.try_into().unwrap()
    }
}
