//! A person who comes out elsewhere than they wanted.

use crate::{
    assistant::{Assistant, Credentials},
    journey::{Attempt, Way},
    person::Person,
    stack::stack,
};

const WAY: Way = Way {
    callback: "http://localhost:53061/callback",
    scope: "mcp",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};

/// The proxy takes nobody back to an address with `//` in it, which a client may write unescaped in a query (RFC 3986 section 3.4).
#[tokio::test]
async fn whoever_signs_in_for_a_request_with_bare_slashes_comes_out_at_the_page_and_is_asked_at_the_next_try()
{
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let assistant = Assistant::discover(&stack.internal).await;
    let registration = serde_json::json!({"client_name": "Bare", "redirect_uris": [WAY.callback]});
    let client = Credentials::public(&assistant.register(&registration).await);
    let url = assistant.authorize_url(&Attempt::new(&assistant, &client, &WAY).request).replace("%2F", "/");

    let page = alice.page(&url).await;
    assert_eq!(page.url.as_str(), stack.internal.url("/"));
    assert!(
        page.html.contains("If you signed in just now and came out here, connect once more"),
        "{}",
        page.html
    );
    let answer = alice.allow(&url).await;
    assert!(answer.url.as_str().starts_with(WAY.callback), "{}", answer.url);
}
