//! Cursor Cloud Agents: from Cursor's cloud, on the public site, registered by itself or set up by a team's admin.

use serde_json::json;

use crate::{
    assistant::{Assistant, Credentials},
    cursor::{self, CLOUD, registration},
    journey::Way,
    person::Person,
    stack::stack,
};

const WAY: Way = Way { callback: CLOUD, ..cursor::WAY };

#[tokio::test]
async fn cursor_cloud_registers_itself_and_is_answered_at_its_web_callback() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let cursor = Assistant::discover(&stack.public).await;
    let registered = cursor.register(&registration()).await;
    assert!(registered["redirect_uris"].as_array().unwrap().contains(&json!(CLOUD)), "{registered}");
    cursor.goes_all_the_way(&Credentials::public(&registered), &WAY, &alice).await;
}

#[tokio::test]
async fn cursor_cloud_uses_the_client_that_an_operator_minted() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let cursor = Assistant::discover(&stack.public).await;
    let (id, secret) = stack.mint(&["--name", "Cursor Cloud", "--site", "public", "--redirect-uri", CLOUD]);
    cursor.goes_all_the_way(&Credentials::Basic { id, secret }, &WAY, &alice).await;
}
