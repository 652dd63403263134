//! Claude Code: on a person's machine, on the internal site, public, with a loopback callback on any port.

use serde_json::{Value, json};

use crate::{
    assistant::{Assistant, Credentials},
    journey::{Attempt, Way},
    mcp::{self, Mcp},
    person::Person,
    secrets,
    stack::{node, stack},
    talk::Talk,
};

const WAY: Way = Way {
    callback: "http://localhost:53003/callback",
    scope: "mcp offline_access",
    sends_resource: true,
    sends_challenge: true,
    extras: &[],
};

#[tokio::test]
async fn the_official_sdk_registers_one_port_signs_in_on_another_calls_a_tool_and_refreshes() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    let arguments = [stack.internal.url("/mcp"), "53001".to_owned(), "53002".to_owned()];
    let mut client = Talk::with("sdk-client", &node("sdk_client.mjs", &arguments), &[], &stack);

    let authorize_url = client.hear()["authorize"].as_str().unwrap().to_owned();
    let answer = alice.allow(&authorize_url).await;
    assert!(answer.url.as_str().starts_with("http://localhost:53002/callback?"), "{}", answer.url);
    assert_eq!(answer.param("state").as_deref(), Some("a state / with + signs & more"));
    client.say(answer.url.as_str());

    let (first, second) = (client.hear(), client.hear());
    for heard in [&first, &second] {
        assert_eq!(heard["whoami"]["claims"]["email"], alice.address, "{heard}");
        for secret in
            [&heard["tokens"]["access_token"], &heard["tokens"]["refresh_token"], &heard["verifier"]]
        {
            secrets::note(secret.as_str().unwrap());
        }
    }
    assert_ne!(first["tokens"], second["tokens"], "a refresh gives new tokens");
}

#[tokio::test]
async fn the_recorded_requests_of_claude_code_lead_to_a_tool_call_and_a_refresh() {
    let stack = stack();
    let alice = Person::named("alice", &stack);
    Assistant::discover(&stack.internal).await;
    let claude = Assistant::discover(&stack.internal).await;
    let client = Credentials::public(&claude.register(&registration(&claude.scope)).await);
    let url = claude.authorize_url(&Attempt::new(&claude, &client, &WAY).request);
    assert!(url.contains("scope=mcp+offline_access"), "blanks are joined by +: {url}");
    alice.asked(&url).await.names(&["Claude Code (t)", "localhost:53003"]);
    let tokens = claude.goes_all_the_way(&client, &WAY, &alice).await;
    calls_come_in_the_recorded_order(&claude, &tokens.access).await;
}

fn registration(scope: &str) -> Value {
    json!({
        "client_name": "Claude Code (t)",
        "redirect_uris": [WAY.callback],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "scope": scope,
    })
}

/// `server/discover` first, which a server of an older revision may not know; then the session, and a look for its stream.
async fn calls_come_in_the_recorded_order(claude: &Assistant, token: &str) {
    let discover = json!({"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {}});
    let probed = Mcp::without_session(&claude.site, token).post(&discover).await;
    assert!(probed.status().is_success() || probed.status() == 400, "{}", probed.status());
    let session = Mcp::connect(&claude.site, token).await;
    assert_eq!(session.open_stream().await, 200);
    let listed =
        mcp::read(session.post(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await).await;
    assert_eq!(listed["result"]["tools"][0]["name"], "whoami");
}
