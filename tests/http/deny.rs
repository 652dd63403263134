//! The deny file: revocations that last, asked at sign-in, at the token endpoint and at the gateway.

use crate::harness::person::person;
use crate::harness::rules::{Rules, until};
use crate::harness::upstream::Upstream;
use crate::harness::{Ask, Client, Person, TestServer, Tokens, alice, bob};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Alice's and Bob's tokens of the same client, and a code of Alice's that is still good.
struct Scene {
    server: TestServer,
    client: Client,
    alices: Tokens,
    bobs: Tokens,
    code: String,
    deny: Rules,
    _upstream: Upstream,
}

/// T33, T14, AZ-75, AZ-76, TR-11: a rule holds at every door
#[tokio::test]
async fn whom_a_rule_names_is_refused_everywhere_until_its_line_goes() {
    let scene = Scene::start().await;
    let jti = jti(&scene.client.id);
    for (rule, names_client, names_bob) in [
        ("person alice@example.com".to_owned(), false, false),
        (format!("person {}  # who left", alice().user), false, false),
        ("person ALICE@Example.com".to_owned(), false, false),
        (format!("# a comment\n\nclient {jti}\n"), true, true),
        ("redirect claude.ai".to_owned(), true, true),
        ("before 2100-01-01T00:00:00Z".to_owned(), false, true),
    ] {
        scene.deny.write(&rule);
        until(&rule, async || !scene.enters(&scene.alices).await).await;
        assert!(!scene.refreshes(&scene.alices).await, "{rule}: refresh");
        assert_eq!(scene.server.token(&scene.client.exchange(&scene.code)).await.status, 400, "{rule}: code");
        let asked = scene.server.authorize(&alice(), &scene.client.request()).await;
        assert!(asked.is_refusal_page(), "{rule}: {asked:?}");
        assert_eq!(asked.status, if names_client { 400 } else { 403 }, "{rule}");
        assert_eq!(!scene.enters(&scene.bobs).await, names_bob, "{rule}: another person");
        assert_eq!(!scene.is_asked(&bob()).await, names_bob, "{rule}: another person signs in");
        scene.deny.write("");
        until("no rule", async || scene.enters(&scene.alices).await).await;
        assert!(scene.is_asked(&alice()).await, "{rule}: signs in again");
    }
    assert!(scene.refreshes(&scene.alices).await && scene.refreshes(&scene.bobs).await);
    scene.server.token(&scene.client.exchange(&scene.code)).await.tokens();
}

/// T14, AZ-75: with a time only what was consented to earlier
#[tokio::test]
async fn a_rule_with_a_time_ends_what_was_consented_to_before_it() {
    let scene = Scene::start().await;
    // Ten seconds after what the scene holds.
    scene.server.wait(20);
    for rule in [
        "before 2030-03-17T17:46:50Z".to_owned(),
        "person alice@example.com before 2030-03-17T18:46:50+01:00".to_owned(),
        format!("client {} before 2030-03-17T17:46:50Z", jti(&scene.client.id)),
        "redirect claude.ai before 2030-03-17T17:46:50Z".to_owned(),
    ] {
        scene.deny.write(&rule);
        until(&rule, async || !scene.enters(&scene.alices).await).await;
        assert!(!scene.refreshes(&scene.alices).await, "{rule}");
        assert_eq!(scene.server.token(&scene.client.exchange(&scene.code)).await.status, 400, "{rule}");
        let anew = scene.server.tokens(&scene.client).await;
        assert!(scene.enters(&anew).await && scene.refreshes(&anew).await, "{rule}: who consents anew");
        scene.deny.write("");
        until("no rule", async || scene.enters(&scene.alices).await).await;
    }
}

/// T33: nobody is answered at a host that is denied, by whichever client
#[tokio::test]
async fn a_denied_host_leaves_the_client_its_other_addresses() {
    let deny = Rules::new("redirect localhost\n");
    let server = TestServer::spawn_with([("MCP_AUTH_DENY_FILE", deny.path().as_str())]).internal();
    let mut metadata = server.metadata();
    let both = ["http://localhost:1/cb", "http://127.0.0.1:1/cb"];
    metadata["redirect_uris"] = serde_json::json!(both);
    let client = server.client_of(&metadata).await;
    for (uri, is_asked) in [(both[0], false), (both[1], true)] {
        let client = Client { redirect_uri: uri.to_owned(), ..client.clone() };
        let answer = server.authorize(&alice(), &client.request()).await;
        assert_eq!(answer.is_question(), is_asked, "{uri}: {answer:?}");
        assert_eq!(answer.is_refusal_page(), !is_asked, "{uri}: {answer:?}");
    }
}

/// T14: a mistake in the file lets nobody back in
#[tokio::test]
async fn a_broken_file_leaves_the_last_good_one_in_force() {
    let scene = Scene::start().await;
    scene.deny.write("person alice@example.com\n");
    until("denied", async || !scene.enters(&scene.alices).await).await;
    for (count, broken) in
        [(1, "persons alice@example.com\n"), (2, "person bob@example.com\nbefore yesterday\n"), (3, "\u{0}")]
    {
        scene.deny.write(broken);
        let line = format!("mcp_auth_file_failures_total{{file=\"deny\"}} {count}");
        until(broken, async || scene.server.admin("/metrics").answer().await.text().contains(&line)).await;
        assert!(!scene.enters(&scene.alices).await, "{broken}");
        assert!(scene.enters(&scene.bobs).await, "{broken}");
    }
    scene.deny.write("person bob@example.com\n");
    until("mended", async || scene.enters(&scene.alices).await && !scene.enters(&scene.bobs).await).await;
}

/// AZ-76: also who comes by one of several spellings of an address
#[tokio::test]
async fn a_rule_about_an_address_holds_in_any_case() {
    let deny = Rules::new("person Alice@example.com\n");
    let server = TestServer::spawn_with([("MCP_AUTH_DENY_FILE", deny.path().as_str())]);
    let client = server.client().await;
    for (email, is_asked) in
        [("alice@example.com", false), ("ALICE@EXAMPLE.COM", false), ("alice2@example.com", true)]
    {
        let answer = server.authorize(&person("77", email), &client.request()).await;
        assert_eq!(answer.is_question(), is_asked, "{email}: {answer:?}");
    }
}

impl Scene {
    async fn start() -> Self {
        let upstream = Upstream::start().await;
        let deny = Rules::new("");
        let server = TestServer::spawn_with([
            ("MCP_AUTH_UPSTREAM", upstream.url.as_str()),
            ("MCP_AUTH_DENY_FILE", deny.path().as_str()),
            ("MCP_AUTH_KEYS_POLL_SECS", "1"),
        ]);
        let client = server.client().await;
        let alices = server.tokens(&client).await;
        let page = server.authorize(&bob(), &client.request()).await;
        let code = server.reply(&bob(), &page.question(), "allow").await.param("code").unwrap();
        let bobs = server.token(&client.exchange(&code)).await.tokens();
        let code = server.code(&client).await;
        Self { server, client, alices, bobs, code, deny, _upstream: upstream }
    }

    async fn enters(&self, tokens: &Tokens) -> bool {
        let answer = self.server.post("/mcp").bearer_auth(&tokens.access).answer().await;
        assert!([200, 401].contains(&answer.status), "{answer:?}");
        answer.status == 200
    }

    async fn refreshes(&self, tokens: &Tokens) -> bool {
        let answer = self.server.token(&self.client.refresh(&tokens.refresh)).await;
        assert!(answer.status == 200 || answer.refusal() == (400, "invalid_grant".to_owned()), "{answer:?}");
        answer.status == 200
    }

    async fn is_asked(&self, person: &Person) -> bool {
        self.server.authorize(person, &self.client.request()).await.is_question()
    }
}

/// How logs and rules name a client.
fn jti(client_id: &str) -> String {
    let claims = URL_SAFE_NO_PAD.decode(client_id.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}
