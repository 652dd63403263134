//! `token inspect`: what it says of a token, what it makes of a bad one, and that it never shows one.

use crate::harness::{Operator, Said};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use mcp_auth_sidecar::artifact::{AccessToken, Client};
use mcp_auth_sidecar::clock::{Clock, Timestamp};
use mcp_auth_sidecar::seal::{Artifact, Sealer, keys_dir::Keys};
use serde_json::{Value, json};

const ISSUER: &str = "https://mcp.example.com";
const INSPECT: [&str; 2] = ["token", "inspect"];

/// design 2: standard input alone; an argument would be in the list of processes
#[test]
fn a_token_is_read_from_standard_input_alone() {
    let operator = Operator::new();
    let token = operator.token(&json!({}));
    for arguments in [
        &["token", "inspect", &token][..],
        &["token", "inspect", "--token", &token],
        &["token", &token],
        &[&token],
        &["token", "inspect", "--site", &token],
        &["token", "inspect", "--json", &token],
    ] {
        let said = operator.run(arguments, &[]);
        assert_eq!(said.code, Some(64), "{}", said.all());
        assert_hidden(&token, &said);
    }
    for empty in ["", " \n\n"] {
        let said = operator.told(&INSPECT, &[], empty);
        assert_eq!(said.code, Some(64), "{}", said.all());
        assert!(said.err.contains("standard input"), "{}", said.err);
    }
    for form in
        [token.clone(), format!("\n{token}\r\n"), format!("Bearer {token}"), format!("bearer  {token}\n")]
    {
        assert_eq!(operator.told(&INSPECT, &[], &form).code, Some(0));
    }
}

/// design 2: what it is, whose, until when, in words and in the times of RFC 3339
#[test]
fn what_a_token_says_is_shown_and_the_token_is_not() {
    let operator = Operator::new();
    let now = Clock::system().now().as_secs();
    let token = operator.token(&json!({"iat": now - 600, "exp": now + 3030}));
    let said = operator.told(&INSPECT, &[], &token);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    let iat = Timestamp::from_secs(now - 600).to_string();
    for part in [
        "access token",
        ISSUER,
        "1001",
        "alice@example.com",
        "the-client",
        "An Assistant",
        "mcp",
        "https://mcp.example.com/mcp",
        &iat,
        "10 min ago",
        "in 50 min",
        "default: accepted",
        "MCP_AUTH_STORE=memory",
    ] {
        assert!(said.out.contains(part), "{part} in {}", said.out);
    }
    assert_hidden(&token, &said);
    let json = operator.told(&[&INSPECT[..], &["--json"]].concat(), &[], &token);
    assert_hidden(&token, &json);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        json["claims"]["client"],
        json!({"jti": "the-client", "name": "An Assistant", "minted": false})
    );
    assert_eq!((&json["revocation"], &json["unproven"]["issuer"]), (&json!("memory"), &Value::Null));
}

/// design 2: the same token but for one thing, and every reason that holds
#[test]
fn every_reason_against_a_token_is_said() {
    let operator = Operator::new();
    let now = Clock::system().now().as_secs();
    let expired = format!("it expired at {}", Timestamp::from_secs(now - 60));
    let foreign = "https://elsewhere.example/mcp, which is no resource of this site";
    for (changed, reasons) in [
        (json!({}), vec![]),
        (json!({"exp": now - 60}), vec![expired.as_str()]),
        (json!({"aud": "https://elsewhere.example/mcp"}), vec![foreign]),
        (json!({"scope": "tools:write"}), vec!["it lacks the scope mcp"]),
        (
            json!({"exp": now - 60, "aud": "https://elsewhere.example/mcp", "scope": "x"}),
            vec![&expired, foreign, "it lacks the scope mcp"],
        ),
    ] {
        let said = operator.told(&INSPECT, &[], &operator.token(&changed));
        assert_eq!(said.code, Some(i32::from(!reasons.is_empty())), "{changed}: {}", said.all());
        assert_eq!(said.out.matches("\n  - ").count(), reasons.len(), "{changed}: {}", said.out);
        for reason in reasons {
            assert!(said.out.contains(reason), "{reason} in {}", said.out);
        }
    }
    let left = operator.token(&json!({"email": "alice@other.example"}));
    let said = operator.told(&INSPECT, &[], &left);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert!(said.out.contains("will be refused later: its person is of no domain"), "{}", said.out);
}

/// design 2: of what no key of ours sealed nothing is said but its issuer and its end, and that they are unproven
#[test]
fn of_a_token_that_is_not_intact_nothing_is_believed() {
    let (operator, others) = (Operator::new(), Operator::new());
    let token = operator.token(&json!({}));
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let swapped: String = signature.chars().rev().collect();
    let id_token = jws(r#"{"typ":"JWT","alg":"RS256"}"#, r#"{"iss":"https://accounts.google.com","exp":1}"#);
    let unsigned = jws(r#"{"typ":"at+jwt","alg":"none"}"#, r#"{"iss":"https://mcp.example.com"}"#);
    for (text, reason, issuer) in [
        (format!("{signed}.{swapped}"), "it is not intact", Some(ISSUER)),
        (others.token(&json!({})), "no key of ours fits it", Some(ISSUER)),
        (unsigned, "default: refused\n  - ", Some(ISSUER)),
        (id_token, "it is nothing that is issued here", Some("https://accounts.google.com")),
        (token[..token.len() / 2].to_owned(), "it is nothing that is issued here", None),
        ("a-secret-of-somebody-that-is-no-token".to_owned(), "it is nothing that is issued here", None),
    ] {
        let said = operator.told(&INSPECT, &[], &text);
        assert_eq!(said.code, Some(1), "{}", said.all());
        assert!(said.out.contains(reason), "{reason} in {}", said.out);
        for claim in ["alice", "1001", "An Assistant", "mcp\n"] {
            assert!(!said.out.contains(claim), "{claim} in {}", said.out);
        }
        let unproven: Vec<&str> = said.out.lines().filter(|line| line.contains("it says that")).collect();
        assert!(unproven.iter().all(|line| line.ends_with("(unproven)")), "{unproven:?}");
        assert_eq!(unproven.first().and_then(|line| line.split(' ').nth(5)), issuer, "{}", said.out);
        assert_hidden(&text, &said);
    }
}

/// A key's time is over, or it is another deployment's: the name of the key leads on
#[test]
fn the_key_that_is_unknown_is_named() {
    let (operator, others) = (Operator::new(), Operator::new());
    let said = operator.told(&INSPECT, &[], &others.token(&json!({})));
    let status = others.run(&["keys", "status"], &[]).out;
    let kid = status.lines().find(|line| line.starts_with("access")).unwrap().split_whitespace().last();
    assert!(said.out.contains(&format!("no key of ours fits it: {}", kid.unwrap())), "{}", said.out);
}

/// Hostile names steer no terminal
#[test]
fn what_a_client_calls_itself_is_shown_without_what_moves_a_cursor() {
    let operator = Operator::new();
    let said = operator.told(&INSPECT, &[], &operator.client("\u{1b}[2J\u{7}Nice\nname"));
    assert!(said.out.contains("Nice name"), "{}", said.out);
    assert!(!said.out.contains(['\u{1b}', '\u{7}']), "{:?}", said.out);
}

/// What needs no key: the document that a URL names
#[test]
fn a_client_that_is_known_by_its_document_is_judged_too() {
    let operator = Operator::new();
    let url = "https://claude.ai/oauth/mcp-oauth-client-metadata";
    let documents = ("MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS", "pinned");
    let redirects = ("MCP_AUTH_DEFAULT_REDIRECTS", "claude");
    for (settings, text, reason) in [
        (&[documents, redirects][..], url, ""),
        (&[redirects], url, "client documents are off"),
        (&[documents], url, "none of its redirect URIs"),
        (&[documents, redirects], "https://unknown.example/client", "no client document of this URL"),
    ] {
        let said = operator.told(&INSPECT, settings, text);
        assert_eq!(said.code, Some(i32::from(!reason.is_empty())), "{}", said.all());
        assert!(said.out.starts_with("client_id") && said.out.contains(reason), "{reason} in {}", said.out);
    }
}

/// design 2: exit code 64, with the name of what is wrong
#[test]
fn without_a_configuration_or_keys_nothing_is_judged() {
    let operator = Operator::new();
    let token = operator.token(&json!({}));
    for (operator, setting, named) in [
        (&operator, ("MCP_AUTH_DEFAULT_ISSUER", ""), "MCP_AUTH_DEFAULT_ISSUER"),
        (&operator, ("MCP_AUTH_DENY_FILE", "/nowhere/deny"), "MCP_AUTH_DENY_FILE"),
        (&Operator::without_keys(), ("MCP_AUTH_CONSENT", "always"), "MCP_AUTH_KEYS_DIR"),
    ] {
        let said = operator.told(&INSPECT, &[setting], &token);
        assert_eq!((said.code, said.out.as_str()), (Some(64), ""), "{}", said.all());
        assert!(said.err.contains(named), "{}", said.err);
    }
}

impl Operator {
    /// Sealed with the keys of this operator: a good access token, but for these claims.
    fn token(&self, changed: &Value) -> String {
        let now = Clock::system().now().as_secs();
        let mut claims = json!({
            "aud": "https://mcp.example.com/mcp", "sub": "1001", "email": "alice@example.com",
            "client_id": self.client("An Assistant"), "scope": "mcp", "iat": now - 600, "exp": now + 3000,
            "jti": "a-token", "auth_time": now - 600, "sid": "a-family",
        });
        claims.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        self.sealed::<AccessToken>(claims)
    }

    fn client(&self, name: &str) -> String {
        let uris = ["http://localhost:1/cb"];
        self.sealed::<Client>(json!({"jti": "the-client", "iat": 1, "uris": uris, "name": name}))
    }

    fn sealed<T: Artifact>(&self, claims: Value) -> String {
        let sealer = Sealer::new(ISSUER.to_owned().try_into().unwrap(), Keys::read(&self.keys()).unwrap());
        sealer.seal(&serde_json::from_value::<T>(claims).unwrap()).unwrap().into_text()
    }
}

fn jws(header: &str, claims: &str) -> String {
    [header, claims, "a signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn assert_hidden(token: &str, said: &Said) {
    assert!(token.len() > 16, "{token}");
    let said = said.all();
    for window in token.as_bytes().windows(16) {
        let part = std::str::from_utf8(window).unwrap();
        assert!(!said.contains(part), "{part} of it in {said}");
    }
}
