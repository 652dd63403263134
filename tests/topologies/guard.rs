//! What holds wherever an edge asks the sidecar about each call, for an MCP server that knows nothing of OAuth.

use reqwest::{Client, Method, RequestBuilder, Response, redirect::Policy};
use serde_json::{Value, json};

use crate::{
    counterfeit::Mould,
    forgery,
    mcp::{self, Mcp},
    person::Person,
    program::{Program, test_file, tool},
    raw,
    stack::{Site, Stack},
    way::Held,
};

pub(crate) fn plain_server() -> Program {
    Program::new([tool(".venv/bin/python"), test_file("topologies/parts/plain_server.py")], &[])
}

/// Who calls is said in the gateway's own headers, so that a server can move from one to the other.
pub(crate) async fn leads_the_whole_way(stack: &Stack) {
    let alice = Person::named("alice", stack);
    for site in [&stack.internal, &stack.public] {
        let held = Held::after_the_whole_way(site, &alice).await;
        let mut mcp = Mcp::connect(site, &held.tokens.access).await;
        let told = mcp.call("whoami").await;
        for (header, said) in [
            ("x-forwarded-email", alice.address.as_str()),
            ("x-forwarded-user", "1001"),
            ("x-forwarded-scope", "mcp"),
        ] {
            assert_eq!(told[header], said, "{told}");
        }
    }
    stack.the_logs_keep_secrets();
}

/// With the challenge that belongs to it, once, and with a body that a program can read.
pub(crate) async fn refuses_whoever_has_no_good_token(stack: &Stack) {
    let alice = Person::named("alice", stack);
    let (internal, public) = (&stack.internal, &stack.public);
    let held = Held::after_the_whole_way(internal, &alice).await;
    let elsewhere = Held::after_the_whole_way(public, &alice).await;
    let mould = Mould::of(&held.tokens.access, stack);
    let bad = Some("invalid_token");
    for (what, token, status, error) in [
        ("no token", None, 401, None),
        ("nonsense", Some("nonsense".to_owned()), 401, bad),
        ("the other site's token", Some(elsewhere.tokens.access), 401, bad),
        ("another resource's token", Some(mould.claim("aud", Some(json!(internal.url("/other"))))), 401, bad),
        ("expired", Some(mould.claim("exp", Some(json!(1_700_000_000)))), 401, bad),
        ("a refresh token", Some(held.tokens.refresh), 401, bad),
        ("another scope", Some(mould.claim("scope", Some(json!("files")))), 403, Some("insufficient_scope")),
    ] {
        for method in [Method::POST, Method::GET, Method::HEAD, Method::DELETE] {
            let answer = ask(&method, internal, token.as_deref(), &[]).await;
            assert_eq!(answer.status(), status, "{what}");
            let challenge = challenge(&answer).unwrap_or_else(|| panic!("{what}: no challenge"));
            let document = internal.url("/.well-known/oauth-protected-resource/mcp");
            assert!(challenge.contains(&format!("resource_metadata=\"{document}\"")), "{what}: {challenge}");
            assert!(challenge.contains("scope=\"mcp\""), "{what}: {challenge}");
            assert_eq!(error_of(challenge), error, "{what}: {challenge}");
            assert_eq!(all(&answer, "Access-Control-Allow-Origin"), ["*"], "{what}");
            assert_eq!(all(&answer, "Cache-Control"), ["no-store"], "{what}");
            if method != Method::HEAD {
                let body: Value = answer.json().await.unwrap();
                assert!(body["error"].is_string(), "{what}: {body}");
            }
        }
    }
}

/// Queries end up in logs: a good token in the header makes a second one there no better.
pub(crate) async fn refuses_a_token_in_the_query(stack: &Stack) {
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let (token, bad) = (held.tokens.access.as_str(), Some("invalid_token"));
    for (query, header, status, error) in [
        ("access_token=TOKEN", None, 401, None),
        ("access_token=TOKEN", Some(token), 401, bad),
        ("session=1&access_token=another", Some(token), 401, bad),
        ("acc%65ss%5Ftoken=another", Some(token), 401, bad),
        // Without a value it is not there.
        ("access_token=", Some(token), 200, None),
        ("session=access_token", Some(token), 200, None),
        ("my_access_token=another&session=%2Fa?b", Some(token), 200, None),
    ] {
        let address = stack.public.url(&format!("/mcp?{}", query.replace("TOKEN", token)));
        let request = Client::new().post(address);
        let request =
            request.header("Accept", "application/json, text/event-stream").json(&mcp::initialize());
        let answer = header.into_iter().fold(request, RequestBuilder::bearer_auth).send().await.unwrap();
        assert_eq!(answer.status(), status, "{query}");
        let challenge = challenge(&answer);
        assert_eq!(challenge.is_some(), status == 401, "{query}: {challenge:?}");
        assert_eq!(challenge.and_then(error_of), error, "{query}: {challenge:?}");
    }
    assert!(stack.wire.carried("?my_access_token=another&session=%2Fa?b"), "another query arrived");
    stack.the_logs_keep_secrets();
}

/// `Origin` is looked at, and a preflight, which has no token, is answered.
pub(crate) async fn speaks_with_browsers(stack: &Stack) {
    let alice = Person::named("alice", stack);
    let held = Held::after_the_whole_way(&stack.public, &alice).await;
    let (inspector, foreign) = (("Origin", "http://localhost:6274"), ("Origin", "https://evil.example"));
    for origin in [inspector, foreign] {
        let wish = [origin, ("Access-Control-Request-Method", "POST")];
        let answer = ask(&Method::OPTIONS, &stack.public, None, &wish).await;
        assert_eq!(answer.status(), 204);
        let allowed = answer.headers()["Access-Control-Allow-Headers"].to_str().unwrap().to_lowercase();
        assert!(allowed.contains("authorization") && allowed.contains("mcp-session-id"), "{allowed}");
    }
    let token = Some(held.tokens.access.as_str());
    let answer = ask(&Method::POST, &stack.public, token, &[inspector]).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(all(&answer, "Access-Control-Allow-Origin"), ["*"]);
    assert!(all(&answer, "Access-Control-Expose-Headers")[0].contains("Mcp-Session-Id"));
    assert_eq!(all(&answer, "Content-Security-Policy"), ["sandbox"]);
    let answer = ask(&Method::POST, &stack.public, token, &[foreign]).await;
    assert_eq!((answer.status().as_u16(), challenge(&answer)), (403, None));
}

pub(crate) async fn says_alone_who_calls(stack: &Stack) {
    let bob = Person::named("bob", stack);
    let held = Held::after_the_whole_way(&stack.internal, &bob).await;
    let token = Some(held.tokens.access.as_str());
    let cookies = bob.cookies("localhost");
    assert!(cookies.contains("mcp_auth="), "no session");
    assert_eq!(ask(&Method::POST, &stack.internal, token, &[("Cookie", &cookies)]).await.status(), 200);
    stack.wire.carried_nothing_of_the_proxys(stack, &held.tokens.access);
    forgery::reaches_nobody(&stack.internal, &held.tokens.access, &stack.wire);
    leads_nobody_inside(&stack.internal, &held.tokens.access).await;
}

/// The MCP server sends who writes a slash too many to the name by which it is called, which is nobody's outside.
pub(crate) async fn leads_nobody_inside(site: &Site, token: &str) {
    let request = Client::builder().redirect(Policy::none()).build().unwrap().post(site.url("/mcp/"));
    let answer = request.bearer_auth(token).header("Host", site.host()).send().await.unwrap();
    let location = answer.headers().get("Location").map(|value| value.to_str().unwrap());
    assert_eq!((answer.status().as_u16(), location), (307, Some(site.url("/mcp").as_str())));
}

/// And to browsers the edge speaks alone.
pub(crate) async fn streams(stack: &Stack) {
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let answer = stack.wire.streams(&stack.public, &held.tokens.access);
    assert_eq!(answer.matches("Access-Control-Allow-Origin: ").count(), 1, "{answer}");
    assert!(!answer.contains("its.own.example"), "{answer}");
}

/// What can be read in two ways could be asked about in one and served in the other.
pub(crate) async fn takes_a_path_written_in_one_way(stack: &Stack) {
    let held = Held::after_the_whole_way(&stack.public, &Person::named("alice", stack)).await;
    let authorization = format!("Bearer {}", held.tokens.access);
    let headers = [("Host", stack.public.host()), ("Authorization", &authorization)];
    for path in [
        "//mcp",
        "/mcp/./x",
        "/mcp//x",
        "/other/../mcp",
        "/other/%2e%2e/mcp",
        "/mcp%2fx",
        "/mcp/a%5cb",
        "/mcp/.x",
        "/mcp/a\\b",
    ] {
        let reply = raw::send(stack.ports.public, &raw::request("GET", path, &headers, b"")).unwrap();
        assert_eq!(reply.status, 400, "{path}: {}", reply.text);
    }
}

async fn ask(method: &Method, site: &Site, token: Option<&str>, headers: &[(&str, &str)]) -> Response {
    let request = Client::new().request(method.clone(), site.url("/mcp"));
    let request = request.header("Accept", "application/json, text/event-stream").json(&mcp::initialize());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    token.into_iter().fold(request, RequestBuilder::bearer_auth).send().await.unwrap()
}

/// One at most.
fn challenge(answer: &Response) -> Option<&str> {
    let challenges = all(answer, "WWW-Authenticate");
    assert!(challenges.len() < 2, "{challenges:?}");
    challenges.first().copied()
}

fn error_of(challenge: &str) -> Option<&str> {
    let (_, rest) = challenge.split_once(" error=\"")?;
    Some(rest.split_once('"').unwrap().0)
}

fn all<'a>(answer: &'a Response, name: &str) -> Vec<&'a str> {
    answer.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}
