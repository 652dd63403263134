//! `deploy/gateway/`: oauth2-proxy in front of everything, the sidecar its only upstream, the MCP server behind the gateway.

use std::{collections::BTreeMap, fs, sync::OnceLock};

use reqwest::{Client, Method, RequestBuilder, redirect::Policy};

use crate::{
    examined, forgery, guard,
    mcp::Mcp,
    person::Person,
    ports::Ports,
    program::{Program, test_file, tool},
    shipped::on_loopback,
    stack::Stack,
    way::Held,
};

pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<Stack, String> {
    let mut stack = before(Stack::of("gateway", Ports::behind_the_proxy())?)?;
    let python = [tool(".venv/bin/python"), test_file("e2e/parts/mcp_server.py")];
    stack.start_mcp_server(&Program::new(python, &stack.sites()), "/mcp")?;
    Ok(stack.shows_its_logs_when_a_test_fails())
}

/// All that stands before the MCP server.
pub(crate) fn before(mut stack: Stack) -> Result<Stack, String> {
    let mcp_server = format!("http://127.0.0.1:{}", stack.wire.port);
    let upstream = vec![("http://127.0.0.1:9000", mcp_server)];
    stack.start_sidecar([stack.by_port(), upstream].concat())?;
    let sidecar = format!("http://127.0.0.1:{}", stack.ports.sidecar);
    stack.start_proxy(
        vec![],
        vec![
            ("0.0.0.0", "127.0.0.1".to_owned()),
            ("http://127.0.0.1:8080", sidecar),
            ("/etc/oauth2-proxy/proxy-secret", stack.file("proxy-secret")),
        ],
    )?;
    Ok(stack)
}

#[tokio::test]
async fn nothing_is_wrong_as_seen_from_outside() {
    examined::finds_nothing(stack()).await;
}

#[tokio::test]
async fn an_assistant_goes_the_whole_way_on_either_site() {
    let stack = stack();
    let alice = Person::named("alice", stack);
    for site in [&stack.internal, &stack.public] {
        let held = Held::after_the_whole_way(site, &alice).await;
        Mcp::connect(site, &held.tokens.access).await.knows(site, &alice.address).await;
    }
    stack.the_logs_keep_secrets();
}

#[tokio::test]
async fn without_a_token_of_the_site_nothing_of_the_mcp_server_is_to_be_had() {
    let stack = stack();
    let alice = Person::named("alice", stack);
    let held = Held::after_the_whole_way(&stack.internal, &alice).await;
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
        for token in [None, Some(&held.tokens.access)] {
            let request = http.request(method.clone(), stack.public.url("/mcp"));
            let request = token.into_iter().fold(request, RequestBuilder::bearer_auth);
            assert_eq!(request.send().await.unwrap().status(), 401, "{method} with {token:?}");
        }
    }
}

#[tokio::test]
async fn another_host_is_nobodys() {
    let stack = stack();
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    for path in ["/", "/mcp", "/.well-known/oauth-authorization-server", "/anything"] {
        let request = http.get(stack.public.url(path)).header("Host", "mcp.elsewhere.example");
        assert_eq!(request.send().await.unwrap().status(), 421, "{path}");
    }
}

#[tokio::test]
async fn whoever_else_a_client_says_it_is_the_mcp_server_does_not_hear_of_it() {
    let stack = stack();
    let held = Held::after_the_whole_way(&stack.internal, &Person::named("alice", stack)).await;
    forgery::reaches_nobody(&stack.internal, &held.tokens.access, &stack.wire);
    guard::leads_nobody_inside(&stack.internal, &held.tokens.access).await;
}

#[tokio::test]
async fn the_proxys_headers_end_at_the_sidecar_even_for_a_browser_that_is_signed_in() {
    let stack = stack();
    let bob = Person::named("bob", stack);
    let held = Held::after_the_whole_way(&stack.internal, &bob).await;
    let cookies = BTreeMap::from([("Cookie", bob.cookies("localhost"))]);
    assert!(cookies["Cookie"].contains("mcp_auth="), "no session");
    let mut mcp = Mcp::connect_with(&stack.internal, &held.tokens.access, cookies).await;
    mcp.knows(&stack.internal, &bob.address).await;
    stack.wire.carried_nothing_of_the_proxys(stack, &held.tokens.access);
}

/// What they find wrong, they find wrong here.
#[test]
fn the_end_to_end_tests_run_behind_these_very_files() {
    let placeholder = |text: &str| text.to_owned();
    let core = vec![
        ("\"__Host-mcp_auth\"", placeholder("\"mcp_auth\"")),
        ("cookie_secure        = true", placeholder("cookie_secure        = false")),
        ("/etc/oauth2-proxy/cookie-secret", placeholder("@FOLDER@/cookie-secret")),
    ];
    let alpha = vec![
        ("0.0.0.0:4180", placeholder("127.0.0.1:@PROXY@")),
        ("127.0.0.1:8080", placeholder("127.0.0.1:@SIDECAR@")),
        ("/etc/oauth2-proxy/proxy-secret", placeholder("@FOLDER@/upstream-secret")),
        ("/etc/oauth2-proxy/client-secret", placeholder("@FOLDER@/client-secret")),
        ("1234-abc.apps.googleusercontent.com", placeholder("@CLIENT@")),
        ("https://accounts.google.com", placeholder("@PROVIDER@")),
    ];
    for (file, substitutions) in [("core.cfg", core), ("alpha.yaml", alpha)] {
        let theirs = fs::read_to_string(test_file(&format!("e2e/parts/{file}"))).unwrap();
        let ours = on_loopback(&format!("gateway/{file}"), &substitutions);
        let said: Vec<_> = ours.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        assert_eq!(said, theirs.lines().collect::<Vec<_>>(), "{file}");
    }
}
