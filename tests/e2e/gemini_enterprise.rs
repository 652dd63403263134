//! Gemini Enterprise: from Google's cloud, on the public site, confidential, set up by an operator, without `resource`.

use crate::{
    assistant::{Assistant, Credentials},
    journey::Way,
    person::Person,
    stack::{Stack, stack},
};

pub(crate) const WAY: Way = Way {
    callback: "https://vertexaisearch.cloud.google.com/oauth-redirect",
    scope: "mcp",
    sends_resource: false,
    sends_challenge: false,
    extras: &[("access_type", "offline"), ("prompt", "consent")],
};

#[tokio::test]
async fn a_minted_client_proves_itself_by_basic_or_by_post_with_or_without_pkce() {
    let stack = stack();
    let bob = Person::named("bob", &stack);
    let gemini = Assistant::discover(&stack.public).await;
    let (id, secret) = minted(&stack);
    for client in
        [Credentials::Basic { id: id.clone(), secret: secret.clone() }, Credentials::Post { id, secret }]
    {
        for sends_challenge in [false, true] {
            gemini.goes_all_the_way(&client, &Way { sends_challenge, ..WAY }, &bob).await;
        }
    }
}

pub(crate) fn minted(stack: &Stack) -> (String, String) {
    stack.mint(&["--name", "Gemini", "--site", "public", "--for", "gemini-enterprise", "--pkce", "optional"])
}
