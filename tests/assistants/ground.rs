//! What every one of these tests begins with.

use std::process::Command;

use crate::{
    desk::{Desk, landing},
    person::Person,
    stack::{Site, Stack, Watched, stack, tool},
};

pub(crate) struct Ground {
    pub(crate) stack: Watched,
    pub(crate) alice: Person,
    pub(crate) desk: Desk,
    /// What the page of the site tells about this assistant.
    pub(crate) told: Vec<String>,
}

impl Ground {
    pub(crate) async fn of(assistant: &str) -> Self {
        Self::at(assistant, &assistant.replace(' ', "-")).await
    }

    /// At a desk of its own.
    pub(crate) async fn at(assistant: &str, desk: &str) -> Self {
        Self::of_site(|stack| &stack.internal, assistant, desk).await
    }

    /// The same at the other site.
    pub(crate) async fn that_knows_documents(assistant: &str, desk: &str) -> Self {
        Self::of_site(|stack| &stack.public, assistant, desk).await
    }

    async fn of_site(site: fn(&Stack) -> &Site, assistant: &str, desk: &str) -> Self {
        let stack = stack_with_assistants();
        let told = landing(site(&stack)).await.texts(assistant).to_vec();
        Self { alice: Person::named("alice", &stack), desk: Desk::of(desk, &stack), told, stack }
    }

    /// What is for a terminal, a line each.
    pub(crate) fn lines<const N: usize>(&self) -> [&str; N] {
        let lines: Vec<_> = self.told.iter().map(String::as_str).collect();
        lines.try_into().unwrap()
    }
}

fn stack_with_assistants() -> Watched {
    let check = Command::new(tool("install.sh")).args(["--check", "assistant_parts"]).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    stack()
}
