//! Where nothing is wrong nothing is found, and every assistant is told whether it is invited.

use std::collections::BTreeSet;

use crate::{ground::ground, said::doctor};

#[test]
fn a_healthy_deployment_has_no_findings() {
    let ground = ground();
    let internal = doctor(&ground.internal(), None, &[]);
    internal.is_healthy("internal");
    assert_eq!(internal.not_invited(), BTreeSet::from(["chatgpt", "claude-desktop"]));
    assert_eq!(internal.stopped(), BTreeSet::new());
    let public = doctor(&ground.public(), None, &["--for", "claude-desktop", "--for", "gemini-enterprise"]);
    public.is_healthy("public");
    assert_eq!(public.not_invited(), BTreeSet::new());
}

#[test]
fn a_connection_may_lead_elsewhere_than_the_name() {
    let ground = ground();
    doctor(&ground.internal(), Some(ground.proxy), &[]).is_healthy("where it is");
    let said = doctor(&ground.internal(), Some(1), &[]);
    assert_eq!(said.code, 69, "{}", said.err);
}

#[test]
fn people_read_a_line_for_each_assistant() {
    let ground = ground();
    let output =
        std::process::Command::new(crate::ground::SIDECAR).args(["doctor", &ground.internal()]).output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    for line in [
        "Claude Code          would connect\n",
        "Cursor               would connect, through mcp-remote\n",
        "Cursor Cloud Agents  would connect, if its vendor's cloud reaches this address\n",
        "Claude Desktop       is not invited: MCP_AUTH_<SITE>_REDIRECTS has no `claude`\n",
        "\nNothing is wrong as far as one sees from here without signing in.\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
}
