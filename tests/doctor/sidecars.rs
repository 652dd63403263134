//! A sidecar with one setting that is not as it should be, and replicas that are not alike.

use std::{collections::BTreeSet, fs};

use crate::{
    ground::{ground, operator},
    relay::relay,
    said::{Said, doctor},
};

fn examined(name: &'static str, changes: &[(&str, &str)], more: &[&str]) -> Said {
    let ground = ground();
    let sidecar = ground.sidecar_with(name, changes);
    let proxy = ground.proxy_before(name, sidecar.port, &[]);
    doctor(&ground.internal(), Some(proxy.port), more)
}

#[test]
fn a_setting_that_is_not_as_it_should_be_is_named() {
    let other_path = format!("http://localhost:{}/other", ground().proxy);
    for (name, setting, value, cause) in [
        ("no-gateway", "MCP_AUTH_UPSTREAM", "", "not_served"),
        ("other-path", "MCP_AUTH_INTERNAL_RESOURCES", other_path.as_str(), "not_served"),
        ("other-issuer", "MCP_AUTH_INTERNAL_ISSUER", "https://mcp.elsewhere.example", "misdirected"),
        ("limit", "MCP_AUTH_REGISTER_PER_MINUTE", "1", "too_many"),
    ] {
        examined(name, &[(setting, value)], &[]).names(cause, name);
    }
}

#[test]
fn who_should_connect_and_is_not_invited_is_named() {
    let ground = ground();
    let said = doctor(&ground.internal(), None, &["--for", "claude-desktop", "--for", "cursor"]);
    said.names("not_invited", "claude-desktop");
    assert_eq!(said.stopped(), BTreeSet::from(["claude-desktop"]));
    let closed = examined("closed", &[("MCP_AUTH_INTERNAL_REGISTRATION", "off")], &["--for", "cursor"]);
    closed.names("not_invited", "registration is off");
    let documents =
        [("MCP_AUTH_INTERNAL_REGISTRATION", "off"), ("MCP_AUTH_INTERNAL_CLIENT_DOCUMENTS", "pinned")];
    let said = examined("documents", &documents, &["--for", "claude-code"]);
    said.is_healthy("a client that needs not register");
}

/// A port that others reach, and no other proof than a socket: here the way to it is the test's relay
#[test]
fn a_sidecar_that_believes_whoever_reaches_it_is_named() {
    let ground = ground();
    let socket = ground.file("open.sock");
    let settings = [
        ("MCP_AUTH_LISTEN", format!("unix:{socket}")),
        ("MCP_AUTH_PROXY_SECRET_FILE", String::new()),
        ("MCP_AUTH_ID_TOKEN_ISSUER", String::new()),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", String::new()),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let _sidecar = ground.sidecar_with("socket", &settings);
    let location = format!("proxy_pass http://unix:{socket}:; }} location = /never {{");
    let edge = ground.nginx("to-the-socket", crate::edge::Conf { location: &location, ..Default::default() });
    let said = doctor(&ground.internal(), Some(edge.port), &[]);
    assert_eq!(said.causes(), BTreeSet::from(["identity_forged", "sign_in_missing"]), "{:#}", said.report);
}

#[test]
fn replicas_with_different_keys_are_named() {
    let ground = ground();
    operator(&["keys", "init", "--dir", &ground.file("others")], &[]);
    for (ring, cause) in [("access", "keys_differ"), ("registration", "client_forgotten")] {
        let mixed = ground.file(&format!("mixed-{ring}"));
        fs::create_dir(&mixed).unwrap();
        for name in ["access", "session", "registration"] {
            let from = if name == ring { "others" } else { "keys" };
            fs::copy(ground.file(&format!("{from}/{name}.json")), format!("{mixed}/{name}.json")).unwrap();
        }
        let replica = ground.sidecar_with("replica", &[("MCP_AUTH_KEYS_DIR", &mixed)]);
        let balancer = relay(vec![ground.sidecar, replica.port], None);
        let proxy = ground.proxy_before("balanced", balancer, &[]);
        doctor(&ground.internal(), Some(proxy.port), &[]).names(cause, ring);
    }
}
