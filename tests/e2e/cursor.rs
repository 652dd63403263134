//! Cursor: on a person's machine, on the internal site; one registration serves desktop, cloud and loopback callbacks.

use serde_json::{Value, json};

use crate::{
    assistant::{Assistant, Credentials},
    journey::Way,
    person::Person,
    stack::stack,
};

pub(crate) const WAY: Way = Way {
    callback: "cursor://anysphere.cursor-mcp/oauth/callback",
    scope: "mcp",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};
pub(crate) const LOOPBACK: &str = "http://localhost:8787/callback";
pub(crate) const CLOUD: &str = "https://www.cursor.com/agents/mcp/oauth/callback";

#[tokio::test]
async fn cursor_registers_three_callbacks_at_once_and_is_answered_at_its_desktop_or_its_loopback_one() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let cursor = Assistant::discover(&stack.internal).await;
    let registered = cursor.register(&registration()).await;
    assert_eq!(registered["redirect_uris"], registration()["redirect_uris"], "all three are allowed here");
    let client = Credentials::public(&registered);
    cursor.goes_all_the_way(&client, &WAY, &alice).await;
    cursor.goes_all_the_way(&client, &Way { callback: LOOPBACK, ..WAY }, &alice).await;
}

pub(crate) fn registration() -> Value {
    json!({
        "client_name": "Cursor",
        "redirect_uris": [WAY.callback, CLOUD, LOOPBACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    })
}
