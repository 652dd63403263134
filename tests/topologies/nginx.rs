//! `deploy/nginx/`: nginx asks oauth2-proxy who somebody is, and the sidecar whether a call may pass.

use std::sync::OnceLock;

use reqwest::{Client, redirect::Policy};

use crate::{
    direct,
    edge::File,
    examined, guard,
    person::Person,
    ports::Ports,
    raw,
    shipped::{Substitutions, piece},
    stack::Stack,
    way::{self, Held},
};

pub(crate) fn stack() -> &'static Stack {
    static STACK: OnceLock<Result<Stack, String>> = OnceLock::new();
    STACK.get_or_init(start).as_ref().unwrap_or_else(|sentence| panic!("{sentence}"))
}

fn start() -> Result<Stack, String> {
    let mut stack = before(Stack::of("nginx", Ports::behind_an_edge())?)?;
    stack.start_mcp_server(&guard::plain_server(), "/ready")?;
    Ok(stack.shows_its_logs_when_a_test_fails())
}

/// All that stands before the MCP server.
pub(crate) fn before(mut stack: Stack) -> Result<Stack, String> {
    stack.start_sidecar(stack.by_port())?;
    let ours = format!("[\"{}\", \"{}\"]", stack.internal.host(), stack.public.host());
    stack.start_proxy(vec![(r#"["mcp.internal.example", "mcp.example.com"]"#, ours)], vec![])?;
    // As the page of the folder tells an operator to make it.
    let secret = format!("auth_request_set $mcp_secret \"{}\";\n", stack.proxy_secret);
    stack.write("nginx/mcp/secret.conf", &secret);
    let listeners = [upstreams(&stack), stack.for_the_listeners()].concat();
    stack.start_nginx(&files(&stack, listeners))?;
    Ok(stack)
}

pub(crate) fn upstreams(stack: &Stack) -> Substitutions<'static> {
    vec![
        ("127.0.0.1:4180", format!("127.0.0.1:{}", stack.ports.proxy)),
        ("127.0.0.1:8080", format!("127.0.0.1:{}", stack.sidecar_wire.port)),
    ]
}

pub(crate) fn files<'a>(stack: &Stack, listeners: Substitutions<'a>) -> [File<'a>; 4] {
    let mcp_server = format!("127.0.0.1:{}", stack.wire.port);
    let site = vec![
        ("http://127.0.0.1:9000", format!("http://{mcp_server}")),
        ("Host 127.0.0.1:9000", format!("Host {mcp_server}")),
    ];
    [
        ("nginx.conf", "conf.d/mcp.conf", listeners),
        ("site.conf", "mcp/site.conf", [site, direct::site(stack), another(stack)].concat()),
        ("headers.conf", "mcp/headers.conf", vec![]),
        ("answers.conf", "mcp/answers.conf", vec![]),
    ]
}

/// Another MCP server is another location, as the file says: here one whose paths are not all below one.
fn another(stack: &Stack) -> Substitutions<'static> {
    let next = "location /oauth/verify {";
    let location = piece("nginx/site.conf", "location ~ ^/mcp(/|$) {", next)
        .replace("^/mcp(/|$)", "^/(sse|messages)(/|$)")
        .replace("/oauth/verify/mcp", "/oauth/verify/sse")
        .replace("127.0.0.1:9000", &format!("127.0.0.1:{}", stack.wire.port));
    stack.origin_is_a_resource.then(|| (next, location + next)).into_iter().collect()
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
async fn each_address_answers_for_its_own_host_alone() {
    direct::each_answers_for_its_own_host_alone(stack()).await;
}

/// They are questions of nginx's own.
#[tokio::test]
async fn nobody_outside_asks_oauth2_proxy_or_the_sidecar_about_somebody() {
    let stack = stack();
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    for path in ["/oauth2/auth", "/oauth/verify/mcp", "/oauth/verify", "/oauth/verify/"] {
        let request = http.get(stack.public.url(path)).bearer_auth(&held.tokens.access);
        assert_eq!(request.send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_path_is_written_in_one_way() {
    guard::takes_a_path_written_in_one_way(stack()).await;
}

/// What oauth2-proxy says of a person, and the secret that proves it, go to the two places where they are used.
#[tokio::test]
async fn the_secret_is_sent_to_the_sidecar_with_a_signed_in_persons_request_and_never_else() {
    let stack = stack();
    guard::leads_the_whole_way(stack).await;
    let proven = stack.sidecar_wire.requests_with(&stack.proxy_secret);
    let places = |request: &String| {
        request.starts_with("GET /oauth/authorize?") || request.starts_with("POST /oauth/consent ")
    };
    assert!(proven.iter().any(|request| request.starts_with("GET /oauth/authorize?")), "{proven:?}");
    assert!(proven.iter().any(|request| request.starts_with("POST /oauth/consent ")), "{proven:?}");
    let elsewhere: Vec<_> = proven.iter().filter(|request| !places(request)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    for other in ["POST /oauth/token ", "POST /oauth/register ", "GET /oauth/verify/mcp "] {
        let unproven = stack.sidecar_wire.requests_with(other);
        assert!(!unproven.is_empty(), "{other} never came this way");
    }
}

#[tokio::test]
async fn whoever_a_client_says_is_signed_in_oauth2_proxy_knows_better() {
    let stack = stack();
    let alice = Person::named("alice", stack);
    let url = way::authorize_url(&stack.internal).await;
    alice.asked(&url).await;
    let target = url.strip_prefix(&stack.internal.issuer).unwrap();
    let cookies = alice.cookies("localhost");
    let claimed = |name: &'static str| match name {
        "X-Sidecar-Auth" => (name, stack.proxy_secret.as_str()),
        _ => (name, "bob@example.com"),
    };
    for names in [
        ["X-Forwarded-User", "X-Forwarded-Email", "X-Sidecar-Auth"],
        ["X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Id-Token"],
        ["X_Forwarded_User", "X_Forwarded_Email", "X_Sidecar_Auth"],
        ["X-Forwarded-Id-Token", "X-Forwarded-Uri", "X-Forwarded-Host"],
    ] {
        let headers = [vec![("Host", stack.internal.host())], names.map(claimed).to_vec()].concat();
        let ask = |headers: &[(&str, &str)]| {
            raw::send(stack.ports.internal, &raw::request("GET", target, headers, b"")).unwrap()
        };
        let nobody = ask(&headers);
        assert_eq!(nobody.status, 302, "{names:?}: {}", nobody.text);
        let somebody = ask(&[headers, vec![("Cookie", &cookies)]].concat());
        assert_eq!(somebody.status, 200, "{names:?}: {}", somebody.text);
        assert!(somebody.text.contains("alice@example.com") && !somebody.text.contains("bob@"), "{names:?}");
    }
}

#[tokio::test]
async fn without_a_session_a_person_is_sent_to_sign_in_and_comes_back_with_the_whole_query() {
    let stack = stack();
    let url = format!("{}&odd=//a/../b;c&%2F%2f+x", way::authorize_url(&stack.public).await);
    let page = Person::named("alice", stack).asked(&url).await.page;
    assert_eq!(page.url.as_str(), url);
    let http = Client::builder().redirect(Policy::none()).build().unwrap();
    let answer = http.get(&url).send().await.unwrap();
    assert!(answer.headers()["Location"].to_str().unwrap().starts_with(&stack.provider()));
    assert_eq!(answer.status(), 302);
}
