//! What the proxy carries through a sign-in: long requests whole, and nobody past it by a header that names another path.

use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials},
    cursor,
    journey::{Attempt, Way},
    person::Person,
    raw,
    stack::{Stack, stack},
};

const WAY: Way = Way { callback: "http://127.0.0.1:53013/callback", ..cursor::WAY };

/// AZ-10, AZ-47: the proxy keeps the whole URL in its own state while the person signs in
#[tokio::test]
async fn a_request_of_seven_kilobytes_comes_through_the_sign_in_with_its_state() {
    let stack = stack();
    let (assistant, mut attempt) = attempt(&stack).await;
    let state = format!("{}{}", "%20+&=?#\"<>'é/..//", "s".repeat(6_000));
    attempt
        .request
        .iter_mut()
        .filter(|(name, _)| *name == "state")
        .for_each(|(_, sent)| sent.clone_from(&state));
    attempt.state = state;
    let url = assistant.authorize_url(&attempt.request);
    assert!((6_500..8_000).contains(&url.len()), "{} characters", url.len());
    attempt.is_allowed(&assistant, &Person::named("alice", &stack)).await;
}

/// PX-05: `X-Forwarded-Uri` once chose the path that the proxy judged
#[tokio::test]
async fn a_header_that_names_an_open_path_opens_nothing() {
    let stack = stack();
    let (assistant, attempt) = attempt(&stack).await;
    let url = assistant.authorize_url(&attempt.request);
    let target = url.strip_prefix(&stack.internal.issuer).unwrap();
    let host = stack.internal.issuer.trim_start_matches("http://");
    for header in ["X-Forwarded-Uri", "X-Original-Url", "X-Rewrite-Url"] {
        let request = raw::request("GET", target, &[("Host", host), (header, "/oauth/token")], b"");
        let reply = raw::send(stack.ports.proxy, &request).unwrap();
        assert_eq!(reply.status, 302, "{header}: {}", reply.text);
        assert!(!reply.text.contains("name=\"question\""), "{header}");
    }
}

async fn attempt(stack: &Stack) -> (Assistant, Attempt) {
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = json!({"client_name": "long way", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    let attempt = Attempt::new(&assistant, &client, &WAY);
    (assistant, attempt)
}
