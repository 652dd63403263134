//! `deploy/caddy/`: Caddy asks the sidecar whether a call may pass, and leads everything else to oauth2-proxy.

use std::sync::OnceLock;

use crate::{
    direct, examined, guard,
    ports::Ports,
    shipped::{Substitutions, piece},
    stack::Stack,
};

pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<Stack, String> {
    let mut stack = before(Stack::of("caddy", Ports::behind_an_edge())?)?;
    stack.start_mcp_server(&guard::plain_server(), "/ready")?;
    Ok(stack.shows_its_logs_when_a_test_fails())
}

/// All that stands before the MCP server.
pub(crate) fn before(mut stack: Stack) -> Result<Stack, String> {
    stack.start_sidecar(stack.by_port())?;
    let sidecar = format!("http://127.0.0.1:{}", stack.ports.sidecar);
    let alpha = vec![
        ("http://127.0.0.1:8080", sidecar),
        ("/etc/oauth2-proxy/proxy-secret", stack.file("proxy-secret")),
    ];
    stack.start_proxy(vec![], alpha)?;
    let (internal, public) = (stack.ports.internal, stack.ports.public);
    // Without TLS, each address is a port.
    let listeners = vec![
        (
            "https://mcp.internal.example {\n\tbind 10.0.0.5\n\ttls /etc/caddy/tls/mcp.internal.example.pem /etc/caddy/tls/mcp.internal.example.key\n",
            format!("http://localhost:{internal} {{\n\tbind 127.0.0.1\n"),
        ),
        ("https:// {\n\tbind 10.0.0.5\n", format!("http://:{internal} {{\n\tbind 127.0.0.1\n")),
        (
            "https://mcp.example.com {\n\tbind 203.0.113.7\n\ttls /etc/caddy/tls/mcp.example.com.pem /etc/caddy/tls/mcp.example.com.key\n",
            format!("http://127.0.0.1:{public} {{\n\tbind 127.0.0.1\n"),
        ),
        ("https:// {\n\tbind 203.0.113.7\n", format!("http://:{public} {{\n\tbind 127.0.0.1\n")),
    ];
    let substitutions = [listeners, upstreams(&stack), another(&stack)].concat();
    stack.start_caddy(&substitutions)?;
    Ok(stack)
}

pub(crate) fn upstreams(stack: &Stack) -> Substitutions<'static> {
    vec![
        ("127.0.0.1:4180", format!("127.0.0.1:{}", stack.ports.proxy)),
        ("127.0.0.1:8080", format!("127.0.0.1:{}", stack.ports.sidecar)),
        ("127.0.0.1:9000", format!("127.0.0.1:{}", stack.wire.port)),
    ]
}

/// Another MCP server is another matcher and route, as the file says: here one whose paths are not all below one.
fn another(stack: &Stack) -> Substitutions<'static> {
    let next = "\t# Everything else.\n";
    let route = piece("caddy/Caddyfile", "\t@mcp path /mcp /mcp/*\n", next)
        .replace("@mcp path /mcp /mcp/*", "@origin path /sse /messages")
        .replace("route @mcp", "route @origin")
        .replace("/oauth/verify/mcp", "/oauth/verify/sse")
        .replace("127.0.0.1:8080", &format!("127.0.0.1:{}", stack.ports.sidecar))
        .replace("127.0.0.1:9000", &format!("127.0.0.1:{}", stack.wire.port));
    stack.origin_is_a_resource.then(|| (next, route + next)).into_iter().collect()
}

#[tokio::test]
async fn nothing_is_wrong_as_seen_from_outside() {
    examined::finds_nothing(stack()).await;
}

#[tokio::test]
async fn an_assistant_goes_the_whole_way_on_either_site() {
    guard::leads_the_whole_way(stack()).await;
}

#[tokio::test]
async fn who_has_no_good_token_is_told_where_to_get_one() {
    guard::refuses_whoever_has_no_good_token(stack()).await;
}

#[tokio::test]
async fn a_token_in_the_query_opens_nothing_beside_a_good_one_either() {
    guard::refuses_a_token_in_the_query(stack()).await;
}

#[tokio::test]
async fn a_browser_may_ask_first_and_read_the_answer_but_not_from_a_foreign_page() {
    guard::speaks_with_browsers(stack()).await;
}

#[tokio::test]
async fn the_mcp_server_hears_who_calls_from_the_sidecar_alone() {
    guard::says_alone_who_calls(stack()).await;
}

#[tokio::test]
async fn an_event_arrives_before_the_next_one_is_sent() {
    guard::streams(stack()).await;
}

#[tokio::test]
async fn a_path_is_written_in_one_way() {
    guard::takes_a_path_written_in_one_way(stack()).await;
}

#[tokio::test]
async fn each_address_answers_for_its_own_host_alone() {
    direct::each_answers_for_its_own_host_alone(stack()).await;
}
