//! What `doctor` says of a topology as it is shipped: nothing is wrong, and the other site is not answered where it should not be.

use std::process::Command;

use serde_json::Value;

use crate::stack::{SIDECAR, Site, Stack};

pub(crate) fn finds_nothing(stack: &Stack) {
    for (site, expected, other) in
        [(&stack.internal, "claude-code", &stack.public), (&stack.public, "claude-desktop", &stack.internal)]
    {
        // Where both sites have one port, each is answered there.
        let foreign = (site.port() != other.port()).then(|| format!("--foreign-host={}", other.host()));
        let said = examined(
            site,
            &[
                &["--for", expected, "--for", "cursor"][..],
                &foreign.as_deref().into_iter().collect::<Vec<_>>(),
            ]
            .concat(),
        );
        assert_eq!(said["healthy"], true, "{said:#}");
    }
}

fn examined(site: &Site, arguments: &[&str]) -> Value {
    let mut command = Command::new(SIDECAR);
    command.args(["doctor", &site.url("/mcp"), "--json"]).args(arguments).env_clear();
    let output = command.output().unwrap();
    let said = serde_json::from_slice(&output.stdout);
    said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}
