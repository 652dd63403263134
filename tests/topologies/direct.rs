//! `deploy/direct/`: nginx leads straight to an MCP server that verifies its tokens itself, and everything else to oauth2-proxy.

use std::{collections::BTreeMap, sync::OnceLock};

use reqwest::{Client, redirect::Policy};

use crate::{
    examined, forgery, mcp::Mcp, person::Person, ports::Ports, resource_servers, shipped::Substitutions,
    stack::Stack, way::Held,
};

pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<Stack, String> {
    let mut stack = before(Stack::of("direct", Ports::behind_an_edge())?)?;
    stack.start_mcp_server(&resource_servers::python_sdk(&stack), "/mcp")?;
    Ok(stack.shows_its_logs_when_a_test_fails())
}

/// All that stands before the MCP server.
pub(crate) fn before(mut stack: Stack) -> Result<Stack, String> {
    stack.start_sidecar(stack.by_port())?;
    let sidecar = format!("http://127.0.0.1:{}", stack.ports.sidecar);
    stack.start_proxy(
        vec![],
        vec![
            ("http://127.0.0.1:8080", sidecar),
            ("/etc/oauth2-proxy/proxy-secret", stack.file("proxy-secret")),
        ],
    )?;
    let listeners = [upstreams(&stack), stack.for_the_listeners()].concat();
    stack.start_nginx(&[
        ("nginx.conf", "conf.d/mcp.conf", listeners),
        ("site.conf", "mcp/site.conf", site(&stack)),
    ])?;
    Ok(stack)
}

pub(crate) fn upstreams(stack: &Stack) -> Substitutions<'static> {
    vec![
        ("127.0.0.1:4180", format!("127.0.0.1:{}", stack.ports.proxy)),
        ("127.0.0.1:9000", format!("127.0.0.1:{}", stack.wire.port)),
    ]
}

pub(crate) fn site(stack: &Stack) -> Substitutions<'static> {
    vec![("/var/log/nginx/mcp.log", stack.file("nginx-access.log"))]
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
        let mut mcp = Mcp::connect(site, &held.tokens.access).await;
        assert_eq!(mcp.call("whoami").await["email"], alice.address.as_str());
    }
    stack.the_logs_keep_secrets();
}

#[tokio::test]
async fn each_address_answers_for_its_own_host_alone() {
    each_answers_for_its_own_host_alone(stack()).await;
}

pub(crate) async fn each_answers_for_its_own_host_alone(stack: &Stack) {
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    for (at, hosts) in [
        (&stack.internal, [stack.public.host(), "127.0.0.1", "mcp.elsewhere.example"]),
        (&stack.public, [stack.internal.host(), "localhost", "mcp.elsewhere.example"]),
    ] {
        for path in ["/", "/mcp", "/oauth/jwks", "/oauth/authorize", "/oauth2/start"] {
            for host in hosts {
                let address = format!("http://127.0.0.1:{}{path}", at.port());
                let answer = http.get(address).header("Host", host).send().await.unwrap();
                assert_eq!(answer.status(), 421, "{host}{path} at {}", at.issuer);
            }
        }
    }
}

#[tokio::test]
async fn whoever_else_a_client_says_it_is_the_mcp_server_does_not_hear_of_it() {
    let stack = stack();
    let held = Held::after_the_whole_way(&stack.internal, &Person::named("alice", stack)).await;
    forgery::reaches_nobody(&stack.internal, &held.tokens.access, &stack.wire);
}

#[tokio::test]
async fn neither_the_id_token_nor_the_secret_reaches_the_mcp_server_even_of_a_browser_that_is_signed_in() {
    let stack = stack();
    let bob = Person::named("bob", stack);
    let held = Held::after_the_whole_way(&stack.internal, &bob).await;
    let cookies = BTreeMap::from([("Cookie", bob.cookies("localhost"))]);
    assert!(cookies["Cookie"].contains("mcp_auth="), "no session");
    let mut mcp = Mcp::connect_with(&stack.internal, &held.tokens.access, cookies).await;
    assert_eq!(mcp.call("whoami").await["email"], bob.address.as_str());
    stack.wire.carried_nothing_of_the_proxys(stack, &held.tokens.access);
}

/// The proxy has one upstream, which serves no resource here.
#[tokio::test]
async fn past_nginx_there_is_no_way_to_the_mcp_server() {
    let stack = stack();
    let held = Held::after_the_whole_way(&stack.internal, &Person::named("alice", stack)).await;
    let address = format!("http://127.0.0.1:{}/mcp", stack.ports.proxy);
    let request = Client::new().post(address).header("Host", stack.internal.host());
    assert_eq!(request.bearer_auth(&held.tokens.access).send().await.unwrap().status(), 404);
}

#[test]
fn an_event_arrives_before_the_next_one_is_sent() {
    let stack = stack();
    stack.wire.streams(&stack.internal, "");
}

/// HTML from the MCP server is of the consent page's origin.
#[tokio::test]
async fn what_the_mcp_server_sends_is_inert_in_a_browser() {
    let stack = stack();
    let answer = Client::new().get(stack.public.url("/mcp")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["Content-Security-Policy"]),
        (401, &"sandbox".parse().unwrap())
    );
}
