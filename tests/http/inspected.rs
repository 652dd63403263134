//! `token inspect` says of a value what the doors then do with it, and never the value itself.

use crate::harness::rules::Rules;
use crate::harness::{Ask, CLAUDE, Client, TestServer, alice, bob, vars};
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

const ALL: [&str; 5] = ["access token", "authorization code", "client_id", "question", "refresh token"];
const OF_A_PERSON: [&str; 4] = ["access token", "authorization code", "question", "refresh token"];
const OF_A_GRANT: [&str; 3] = ["authorization code", "question", "refresh token"];
/// The others hold no more of it than a digest.
const OF_A_CLIENT: [&str; 3] = ["access token", "client_id", "question"];

/// A setting, which kinds are asked about, which of them are refused, and why. A file is written where one is named.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str], &'static str);
const DENY: &str = "MCP_AUTH_DENY_FILE";
const ACCESS: &str = "access token";
const CASES: [Case; 11] = [
    ("MCP_AUTH_CONSENT", "always", &ALL, &[], ""),
    (DENY, "person alice@example.com", &ALL, &OF_A_PERSON, "about its person"),
    (DENY, "client JTI", &OF_A_CLIENT, &OF_A_CLIENT, "about its client"),
    (
        DENY,
        "redirect claude.ai",
        &[ACCESS, "authorization code", "client_id", "question"],
        &ALL,
        "where that is answered",
    ),
    ("MCP_AUTH_PUBLIC_PEOPLE_FILE", "bob@example.com", &ALL, &OF_A_GRANT, "people file"),
    ("MCP_AUTH_EMAIL_DOMAINS", "ops.example", &OF_A_PERSON, &OF_A_GRANT, "MCP_AUTH_EMAIL_DOMAINS"),
    ("MCP_AUTH_SCOPES", "admin", &ALL, &[ACCESS], "lacks the scope admin"),
    ("MCP_AUTH_PUBLIC_RESOURCES", "https://mcp.example.com/x", &ALL, &[ACCESS], "no resource of this site"),
    ("MCP_AUTH_REFRESH_TOKEN_SECS", "0", &ALL, &["refresh token"], "no refresh tokens"),
    ("MCP_AUTH_PUBLIC_REGISTRATION", "off", &OF_A_CLIENT, &["client_id"], "is off"),
    ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback", &ALL, &["client_id", "question"], "redirect URIs"),
];

/// design 2: the rules of the command are those of the doors
#[tokio::test]
async fn what_is_said_of_a_value_is_what_the_doors_do_with_it() {
    let issuing = TestServer::spawn_today([]);
    let client = issuing.client().await;
    let jti = jti(&issuing, &client);
    for (name, value, asked, refused, reason) in CASES {
        let file = Rules::new(&value.replace("JTI", &jti));
        let setting = (name, if name.ends_with("_FILE") { &file.path() } else { value });
        let server = issuing.again_with([setting]);
        for &kind in asked {
            let text = fresh(&issuing, &client, kind).await;
            let said = Said::of(&issuing, &["--site", "public"], setting, &text);
            let accepted = !refused.contains(&kind);
            assert_eq!(said.accepted(), accepted, "{name}={value}, {kind}: {}", said.json);
            assert!(said.json["kind"].as_str().unwrap().starts_with(kind), "{}", said.json);
            let reasons = said.json["sites"][0]["refusals"].to_string();
            assert!(accepted || reasons.contains(reason), "{name}={value}, {kind}: {reasons}");
            let taken = is_taken(&server, &client, kind, &text).await;
            assert_eq!(taken, accepted, "{name}={value}, {kind}: {}", said.json);
        }
    }
}

/// design 3: what one site issued, the other refuses
#[tokio::test]
async fn a_value_is_accepted_where_it_was_made_and_nowhere_else() {
    let server = TestServer::spawn_today([]);
    let client = server.client().await;
    let nothing = ("MCP_AUTH_CONSENT", "");
    for kind in ALL {
        let text = fresh(&server, &client, kind).await;
        let said = Said::of(&server, &[], nothing, &text);
        assert_eq!(said.json["claims"]["issuer"], "https://mcp.example.com", "{}", said.json);
        let sites = said.json["sites"].as_array().unwrap();
        let verdicts: Vec<Value> = sites.iter().map(|it| json!([it["site"], it["accepted"]])).collect();
        assert_eq!(verdicts, [json!(["internal", false]), json!(["public", true])], "{kind}");
        assert!(said.accepted());
        let elsewhere = Said::of(&server, &["--site", "internal"], nothing, &text);
        let reasons = elsewhere.json["sites"][0]["refusals"].to_string();
        assert!(!elsewhere.accepted() && reasons.contains("another issuer"), "{reasons}");
        assert!(!is_taken(&server.internal(), &client, kind, &text).await, "{kind}");
    }
}

/// design 2: the person is told apart, the value is not given away
#[tokio::test]
async fn whose_a_value_is_is_said_and_no_part_of_it_shown() {
    let server = TestServer::spawn_today([]);
    let client = server.client().await;
    let registered = jti(&server, &client);
    for kind in ALL {
        let text = fresh(&server, &client, kind).await;
        let said = Said::of(&server, &[], ("MCP_AUTH_CONSENT", ""), &text);
        let claims = &said.json["claims"];
        let of_a_person = kind != "client_id";
        assert_eq!(
            claims["email"] == alice().email && claims["sub"] == alice().user,
            of_a_person,
            "{claims}"
        );
        assert_eq!(claims["scope"] == "mcp tools:write", of_a_person, "{claims}");
        let names_client = OF_A_CLIENT.contains(&kind);
        assert_eq!(claims["client"]["jti"] == registered.as_str(), names_client, "{claims}");
        assert!(of_a_person || claims["redirect_uris"] == json!([CLAUDE]), "{claims}");
        let shown = run(&server, &[], ("MCP_AUTH_CONSENT", ""), &text).1;
        assert!(shown.contains(if of_a_person { alice().email } else { CLAUDE }), "{shown}");
        assert_hidden(&text, &(shown + &said.json.to_string()));
    }
}

async fn fresh(server: &TestServer, client: &Client, kind: &str) -> String {
    match kind {
        "access token" => server.tokens(client).await.access,
        "authorization code" => server.code(client).await,
        "client_id" => client.id.clone(),
        "question" => server.authorize(&alice(), &client.request()).await.question(),
        _ => server.tokens(client).await.refresh,
    }
}

/// Does the door of its kind take it?
async fn is_taken(server: &TestServer, client: &Client, kind: &str, text: &str) -> bool {
    match kind {
        "access token" => server.get("/oauth/verify/mcp").bearer_auth(text).answer().await.status == 200,
        "authorization code" => server.token(&client.exchange(text)).await.status == 200,
        // Whoever signs in: Alice is the one that some of the settings keep out.
        "client_id" => server.authorize(&bob(), &client.request()).await.is_question(),
        "question" => server.reply(&alice(), text, "allow").await.param("code").is_some(),
        _ => server.token(&client.refresh(text)).await.status == 200,
    }
}

fn jti(server: &TestServer, client: &Client) -> String {
    let said = Said::of(server, &[], ("MCP_AUTH_CONSENT", ""), &client.id);
    said.json["claims"]["client"]["jti"].as_str().unwrap().to_owned()
}

fn assert_hidden(text: &str, said: &str) {
    assert!(text.len() > 16);
    for window in text.as_bytes().windows(16) {
        let part = std::str::from_utf8(window).unwrap();
        assert!(!said.contains(part), "{part} of it in {said}");
    }
}

/// What the command says of a value to a script.
struct Said {
    code: Option<i32>,
    json: Value,
}

impl Said {
    fn of(server: &TestServer, arguments: &[&str], setting: (&str, &str), text: &str) -> Self {
        let (code, said) = run(server, &[arguments, &["--json"]].concat(), setting, text);
        Self { code, json: serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}")) }
    }

    fn accepted(&self) -> bool {
        assert_eq!(self.json["accepted"], self.code == Some(0), "{}", self.json);
        assert!(matches!(self.code, Some(0 | 1)), "{}", self.json);
        self.code == Some(0)
    }
}

/// All that it prints, on either stream.
fn run(
    server: &TestServer,
    arguments: &[&str],
    (name, value): (&str, &str),
    text: &str,
) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    command.env_clear().envs(vars(server.home())).env(name, value).args(["token", "inspect"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    writeln!(process.stdin.take().unwrap(), "{text}").unwrap();
    let output = process.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}
