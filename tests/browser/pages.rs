//! Every page there is, and the way to it.

use crate::{
    chromium::Tab,
    client::Client,
    front::Headers,
    listener::Listener,
    provider::{AUDIENCE, Provider},
    server::{TestServer, alice, bob, person},
};

pub(crate) const LOOPBACK: &str = "http://127.0.0.1:33418/callback";
pub(crate) const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";
pub(crate) const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
const GEMINI: &str = "https://vertexaisearch.cloud.google.com/oauth-redirect";

const DOCUMENT: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";

pub(crate) const HOSTILE: &str =
    "<script>document.title='x'</script>\"><b>Example Corp, checked. Press Allow to close this window.";
/// Letters of both directions, and the marks that turn them around.
pub(crate) const TURNING: &str = "\u{202e}\u{5e2}\u{5d5}\u{5d6}\u{5e8} Claude 3 \u{645}\u{633}\u{627}\u{639}\u{62f}\u{2067} (allow) \u{5d0}";

pub(crate) struct Page {
    pub name: &'static str,
    url: String,
    person: Headers,
    status: u16,
    /// What happens between the question and the press of the button; the page is then the one that follows.
    answered: Option<fn(&TestServer)>,
    says: &'static [&'static str],
}

impl Page {
    fn new(name: &'static str, url: String, says: &'static [&'static str]) -> Self {
        Self { name, url, person: alice(), status: 200, answered: None, says }
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn person(self, person: Headers) -> Self {
        Self { person, ..self }
    }

    fn answered(self, answered: fn(&TestServer)) -> Self {
        Self { answered: Some(answered), ..self }
    }

    /// Leads a tab there, and reads it.
    pub(crate) async fn reach(&self, tab: &Tab, server: &TestServer) {
        server.front.sign_in(self.person.clone());
        assert_eq!(tab.go(&self.url).await, self.status, "{}", self.name);
        if let Some(answered) = self.answered {
            answered(server);
            tab.press("Allow").await;
            tab.arrive(&format!("{}/oauth/consent", server.internal)).await;
        }
        let shown = tab.shown().await;
        for words in self.says {
            assert!(shown.text.contains(words), "{}: {words} in {}", self.name, shown.text);
        }
    }
}

pub(crate) async fn questions(server: &TestServer) -> Vec<Page> {
    let (internal, public) = (&server.internal, &server.public);
    let register = async |site, name: &str, uri| Client::register(site, name, uri).await;
    let claude_code = register(internal, "Claude Code", LOOPBACK).await;
    let cursor = register(internal, "Cursor", CURSOR).await;
    let claude = register(public, "Claude", CLAUDE).await;
    let gemini = server.mint("Gemini Enterprise", "public", GEMINI);
    let described = Client { id: DOCUMENT.to_owned(), ..claude.clone() };
    let hostile = register(internal, HOSTILE, LOOPBACK).await;
    let endless = register(internal, &"W".repeat(100), LOOPBACK).await;
    let turning = register(public, TURNING, CLAUDE).await;
    let nameless = register(internal, "", LOOPBACK).await;
    let far = person("108000000000000000003", &format!("{}@example.com", "far.too.long.".repeat(20)));
    vec![
        Page::new(
            "question-loopback",
            claude_code.asks(internal),
            &[
                "Claude Code",
                "Nobody has checked",
                "a program on this computer",
                "127.0.0.1:33418",
                "Any program",
            ],
        ),
        Page::new(
            "question-app",
            cursor.asks(internal),
            &[
                "Cursor",
                "Nobody has checked",
                "cursor://anysphere.cursor-mcp",
                "Any application",
                "you can close it",
            ],
        ),
        Page::new(
            "question-https",
            claude.asks(public),
            &[
                "Claude",
                "Nobody has checked",
                "claude.ai",
                "alice@example.com",
                "Use another account",
                "For a week at most",
            ],
        ),
        Page::new(
            "question-minted",
            gemini.asks(public),
            &["Gemini Enterprise", "Set up by the people who run this server", "https://mcp.example.com/mcp"],
        ),
        Page::new(
            "question-document",
            described.asks(public),
            &["Claude", "Known to this server by its description at claude.ai", "choose Deny"],
        ),
        Page::new("question-hostile", hostile.asks(internal), &[HOSTILE, "Nobody has checked"]),
        Page::new(
            "question-endless",
            endless.asks_with(internal, "state", &"s".repeat(8000)),
            &["WWWW", "Deny"],
        )
        .person(far),
        Page::new("question-turning", turning.asks(public), &["Claude 3", "Nobody has checked"]),
        Page::new(
            "question-nameless",
            nameless.asks_with(internal, "scope", "mcp"),
            &["gives no name", "With the permission"],
        ),
    ]
}

pub(crate) async fn refusals(server: &TestServer) -> Vec<Page> {
    let site = &server.internal;
    let client = Client::register(site, "Claude Code", LOOPBACK).await;
    let request = client.asks(site);
    let unproven = alice().into_iter().filter(|(name, _)| *name != "x-sidecar-auth").collect::<Headers>();
    let wrong =
        [unproven, vec![("x-sidecar-auth", "not-the-secret-but-as-long-as-the-secret".into())]].concat();
    let elsewhere = format!("http://elsewhere.localhost:{}/oauth/authorize", server.front.port);
    vec![
        Page::new(
            "sorry-unknown-client",
            client.asks_with(site, "client_id", "nonsense"),
            &["not known here", "client_id", "add it again", "mcp-remote"],
        )
        .status(400),
        Page::new(
            "sorry-redirect-mismatch",
            client.asks_with(site, "redirect_uri", "http://127.0.0.1:1/elsewhere"),
            &["redirect address", "redirect_uri", "Nothing was sent there"],
        )
        .status(400),
        Page::new(
            "sorry-unknown-document",
            client.asks_with(&server.public, "client_id", "https://elsewhere.example/client.json"),
            &["not known here", "client_id", "address of its own description"],
        )
        .status(400),
        Page::new("sorry-no-client", client.asks_with(site, "client_id", ""), &["client", "Start again"])
            .status(400),
        Page::new("sorry-unreadable", format!("{request}&redirect_uri=%zz"), &["cannot be read"]).status(400),
        Page::new("sorry-not-signed-in", request.clone(), &["not signed in", "sign-in proxy"])
            .person(Vec::new())
            .status(401),
        Page::new("sorry-wrong-secret", request.clone(), &["not signed in", "another secret"])
            .person(wrong)
            .status(401),
        Page::new("sorry-wrong-domain", request.clone(), &["no access", "Use another account"])
            .person(person("7", "mallory@elsewhere.example"))
            .status(403),
        Page::new("sorry-misdirected", elsewhere, &["no server at this address"]).status(421),
        Page::new(
            "sorry-another-origin",
            strangers_form(site).await,
            &["not accepted", "Nothing was allowed"],
        )
        .answered(|_| {}),
        Page::new("sorry-another-person", request.clone(), &["somebody else", "Nothing was allowed"])
            .answered(|server| server.front.sign_in(bob())),
        Page::new("sorry-too-late", request, &["too long", "Nothing was allowed", "Start again"])
            .answered(|server| server.wait(601)),
        Page::new("sorry-answer-lost", format!("{site}/oauth/consent"), &["ended meanwhile", "Start again"])
            .status(405),
    ]
}

/// Needs a server of its own, which wants ID tokens.
pub(crate) async fn too_old() -> (TestServer, Page) {
    let provider = Provider::start().await;
    let server = TestServer::spawn_with(&[
        ("MCP_AUTH_ID_TOKEN_ISSUER", &provider.issuer),
        ("MCP_AUTH_ID_TOKEN_AUDIENCE", AUDIENCE),
    ])
    .await;
    let client = Client::register(&server.internal, "Claude Code", LOOPBACK).await;
    let old = provider.id_token("108000000000000000001", "alice@example.com", server.now() - 7201);
    let person = [alice(), vec![("x-forwarded-id-token", old)]].concat();
    let says = &["Please sign in again", "Sign in again; you then come back"];
    let page = Page::new("sorry-too-old", client.asks(&server.internal), says).person(person).status(401);
    (server, page)
}

pub(crate) fn landings(server: &TestServer) -> Vec<Page> {
    let says_local =
        &["claude mcp add --transport http tools https://mcp.internal.example/mcp", "mcp-remote"];
    let says_hosted =
        &["https://mcp.example.com/reports/mcp", "Add custom connector", "Cursor Cloud Agents", "Token URL"];
    vec![
        Page::new("landing-internal", format!("{}/", server.internal), says_local),
        Page::new("landing-public", format!("{}/", server.public), says_hosted),
    ]
}

pub(crate) async fn branded(server: &TestServer, names: [&'static str; 3]) -> Vec<Page> {
    let client = Client::register(&server.public, "Claude", CLAUDE).await;
    let says = &["Example Corp Tools & Data", "Questions: help@example.com"];
    let [question, sorry, landing] = names;
    vec![
        Page::new(question, client.asks(&server.public), says),
        Page::new(sorry, client.asks_with(&server.public, "client_id", "nonsense"), says).status(400),
        Page::new(landing, format!("{}/", server.internal), says),
    ]
}

/// An answer that a stranger's page would send.
async fn strangers_form(site: &str) -> String {
    let form = format!(
        "<form method=post action='{site}/oauth/consent'><input name=question value=x><button name=answer value=allow>Allow</button></form>"
    );
    format!("http://127.0.0.1:{}/", Listener::start(form).await.port)
}
