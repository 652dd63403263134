//! Nothing comes past the guard by being read in two ways, and nobody gets the answer to what another one hid.

use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials},
    cursor,
    echo::{SAY, Seen},
    framings::framings,
    guarded::{Guarded, guarded},
    journey::{Attempt, Way},
    probes::{Probe, send_all},
    stack::stack,
    targets::{hosts, targets},
    wire::insist,
};

const WAY: Way = Way { callback: "http://127.0.0.1:53016/callback", ..cursor::WAY };

#[tokio::test]
async fn no_request_hides_another_one() {
    let ground = guarded().await;
    nothing_goes_wrong(ground, "framing", &framings(&ground.host));
}

// PX-04
#[tokio::test]
async fn no_spelling_of_a_path_leads_past_its_guard() {
    let ground = guarded().await;
    nothing_goes_wrong(ground, "target", &targets(&ground.host));
}

// T29
#[tokio::test]
async fn no_spelling_of_a_host_makes_a_site_of_it() {
    let ground = guarded().await;
    nothing_goes_wrong(ground, "host", &hosts(&ground.host));
}

// PX-04
#[tokio::test]
async fn no_spelling_of_the_authorize_path_leads_around_the_sign_in() {
    let stack = stack();
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = json!({"client_name": "around", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    let url = assistant.authorize_url(&Attempt::new(&assistant, &client, &WAY).request);
    let (host, query) = (stack.internal.host(), url.split_once('?').unwrap().1);
    let targets = AUTHORIZE.iter().flat_map(|path| {
        let path = path.replace("@HOST@", host);
        ["?@", "?@#x", "#?@", "%23?@"].map(|end| path.clone() + &end.replace('@', query))
    });
    let lines = format!("Host: {host}\r\n{NO_PERSON}Connection: close\r\nContent-Length: 0\r\n\r\n");
    for target in targets {
        for (method, port) in [
            ("GET", stack.ports.proxy),
            ("GET", stack.ports.sidecar),
            ("POST", stack.ports.proxy),
            ("POST", stack.ports.sidecar),
        ] {
            let reply = insist(port, format!("{method} {target} HTTP/1.1\r\n{lines}").as_bytes()).remove(0);
            let to = reply.values("location").concat();
            let in_order = match reply.status {
                // To its plain spelling, which is tried as well.
                301 | 307 | 308 => to.starts_with("/oauth/"),
                302 => to.starts_with(&stack.provider()),
                status => (400..500).contains(&status),
            };
            let asks = reply.body.contains(r#"name="question""#);
            assert!(in_order && !asks, "{method} {target} at {port}: {reply:?}");
        }
    }
}

/// What some proxies take for the path.
const NO_PERSON: &str = "X-Forwarded-Uri: /oauth/token\r\nX-Original-URL: /oauth/token\r\n";

const AUTHORIZE: [&str; 24] = [
    "/oauth/authorize",
    "/oauth/consent",
    "/oauth/authorize/",
    "//oauth/authorize",
    "/oauth//authorize",
    "/./oauth/authorize",
    "/oauth/./authorize",
    "/oauth/token/../authorize",
    "/mcp/../oauth/authorize",
    "/oauth/%61uthorize",
    "/oauth/authoriz%65",
    "/%6fauth/authorize",
    "/oauth%2fauthorize",
    "/oauth%2Fauthorize",
    "/oauth/%2e%2e/oauth/authorize",
    "/oauth/..;/oauth/authorize",
    "/oauth/authorize;x",
    "/oauth;x/authorize",
    "/oauth\\authorize",
    "/oauth/authorize%00",
    "/oauth/authorize%2f",
    "/OAuth/Authorize",
    "http://@HOST@/oauth/authorize",
    "https://@HOST@/oauth/authorize",
];

fn nothing_goes_wrong(ground: &Guarded, of: &str, probes: &[Probe]) {
    let report = send_all(ground, of, probes);
    println!("\n{of}: {} that could be read in two ways\n{report}", probes.len());
    let wrong = report.wrong();
    assert!(
        wrong.is_empty(),
        "{} are wrong, such as\n{}",
        wrong.len(),
        wrong[..wrong.len().min(5)].join("\n")
    );
    let stray: Vec<_> = ground.echo.seen().into_iter().filter(is_stray).collect();
    assert!(stray.is_empty(), "nobody sent {stray:#?}");
    ground.assert_the_log_keeps_secrets();
}

/// Whatever reached the MCP server and was none of the requests that these tests send.
fn is_stray(seen: &Seen) -> bool {
    let known = ["/mcp?forged=", "/mcp?connection=", "/mcp/bob?", SAY];
    seen.values("x-probe").len() != 1 && !known.iter().any(|start| seen.target.starts_with(start))
}
