//! What `doctor` says of a topology as it is shipped, and of one that holds streams back or has lost its MCP server.

use std::{
    fs::{self, File},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{
    gateway, nginx,
    part::Part,
    person::Person,
    ports::free_port,
    stack::{SIDECAR, Site, Stack},
    way::Held,
};

/// Without a token and with one; and the other site is not answered where it should not be.
pub(crate) async fn finds_nothing(stack: &Stack) {
    let alice = Person::named("alice", stack);
    for (site, expected, other) in [
        (&stack.internal, ["--for=claude-code", "--for=cursor"], &stack.public),
        (&stack.public, ["--for=claude-desktop", "--for=cursor-cloud-agents"], &stack.internal),
    ] {
        // Where both sites have one port, each is answered there.
        let foreign = (site.port() != other.port()).then(|| format!("--foreign-host={}", other.host()));
        let foreign: Vec<_> = foreign.as_deref().into_iter().collect();
        let said = Examined::of(stack, site, &[&expected[..], &foreign].concat(), None);
        assert_eq!(said.report["healthy"], true, "{:#}", said.report);
        let held = Held::after_the_whole_way(site, &alice).await;
        let said = Examined::of(stack, site, &[], Some(&held.tokens.access));
        assert_eq!(said.report["healthy"], true, "{:#}", said.report);
    }
}

struct Examined {
    report: Value,
}

impl Examined {
    fn of(stack: &Stack, site: &Site, arguments: &[&str], token: Option<&str>) -> Self {
        let mut command = Command::new(SIDECAR);
        command.args(["doctor", &site.url("/mcp"), "--json"]).args(arguments).env_clear();
        command.stdin(Stdio::null());
        if let Some(token) = token {
            let file = stack.write(&format!("token-{}", free_port()), token);
            command.arg("--with-token").stdin(File::open(&file).unwrap());
            fs::remove_file(file).unwrap();
        }
        let output = command.output().unwrap();
        let said = serde_json::from_slice(&output.stdout);
        let report = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        Self { report }
    }

    fn causes(&self) -> Vec<&str> {
        let findings = self.report["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["cause"].as_str().unwrap()).collect()
    }
}

/// A token of the other site, as an operator might take the wrong one
#[tokio::test]
async fn a_token_that_opens_nothing_is_named() {
    let stack = gateway::stack();
    let held = Held::after_the_whole_way(&stack.internal, &Person::named("alice", stack)).await;
    let said = Examined::of(stack, &stack.public, &[], Some(&held.tokens.access));
    assert_eq!(said.causes(), ["token_refused"], "{:#}", said.report);
}

/// The shipped files without one line each, beside the shipped ones
#[tokio::test]
async fn an_edge_without_one_of_its_lines_is_named() {
    let stack = nginx::stack();
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let mcp_server = format!("proxy_pass http://127.0.0.1:{};", stack.wire.port);
    for (name, line, instead, token, cause) in [
        ("buffering", "    proxy_buffering off;\n", BUFFERS, true, "stream_held"),
        ("server-away", mcp_server.as_str(), "proxy_pass http://127.0.0.1:9;", true, "upstream_away"),
        ("preflight", "if ($request_method = OPTIONS) { return 204; }", "", false, "preflight_refused"),
        ("question", "    auth_request /oauth/verify/mcp;\n", "", false, "unguarded"),
        ("sign-in", "    error_page 401 = @sign_in;\n", "", false, "sign_in_refused"),
    ] {
        let (edge, port) = nginx_with(stack, name, (line, instead));
        let at = format!("--at=127.0.0.1:{port}");
        let said = Examined::of(stack, &stack.public, &[&at], token.then_some(held.tokens.access.as_str()));
        assert_eq!(said.causes(), [cause], "{name}: {:#}", said.report);
        drop(edge);
    }
}

/// MCP servers ask for no buffering by a header of theirs, which an edge may ignore.
const BUFFERS: &str = "proxy_ignore_headers X-Accel-Buffering;\n";

/// Another nginx with the public site at another port.
fn nginx_with(stack: &Stack, name: &'static str, (line, instead): (&str, &str)) -> (Part, u16) {
    let (port, listeners) = (free_port(), [nginx::upstreams(stack), stack.for_the_listeners()].concat());
    let secret = format!("auth_request_set $mcp_secret \"{}\";\n", stack.proxy_secret);
    stack.write(&format!("{name}/mcp/secret.conf"), &secret);
    let program = stack.nginx(name, &nginx::files(stack, listeners));
    for (file, says, instead) in [
        ("mcp/site.conf", line, instead),
        ("conf.d/mcp.conf", &format!(":{}", stack.ports.public), &format!(":{port}")),
        ("conf.d/mcp.conf", &format!(":{}", stack.ports.internal), &format!(":{}", free_port())),
    ] {
        let text = fs::read_to_string(stack.file(&format!("{name}/{file}"))).unwrap();
        assert!(text.contains(says), "{file} has no {says:?}");
        stack.write(&format!("{name}/{file}"), &text.replace(says, instead));
    }
    let mut edge = Part::start(name, stack.folder.join(format!("{name}.log")), &program, &[]);
    edge.wait_until_it_answers(port, "/").unwrap();
    (edge, port)
}

/// Straight at a sidecar, so that nobody asks people to sign in either
#[tokio::test]
async fn an_mcp_server_that_is_away_or_is_none_is_named() {
    let stack = gateway::stack();
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let no_mcp_server = stack.provider();
    for (name, upstream, cause) in [
        ("away", "http://127.0.0.1:9", "mcp_server_away"),
        ("none", no_mcp_server.as_str(), "mcp_server_refuses"),
    ] {
        let (port, admin) = (free_port(), free_port());
        let settings = [stack.by_port(), vec![("http://127.0.0.1:9000", upstream.to_owned())]].concat();
        let mut environment = stack.environment(settings);
        for (setting, listen) in [("MCP_AUTH_LISTEN", port), ("MCP_AUTH_ADMIN_LISTEN", admin)] {
            environment.retain(|(known, _)| known != setting);
            environment.push((setting.to_owned(), format!("127.0.0.1:{listen}")));
        }
        let log = stack.folder.join(format!("{name}.log"));
        let mut sidecar = Part::start(name, log, &[SIDECAR.to_owned()], &environment);
        sidecar.wait_until_it_answers(admin, "/readyz").unwrap();
        let at = format!("--at=127.0.0.1:{port}");
        let said = Examined::of(stack, &stack.public, &[&at], Some(&held.tokens.access));
        assert_eq!(said.causes(), ["sign_in_missing", cause], "{:#}", said.report);
    }
}
