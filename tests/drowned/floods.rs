//! What strangers flood a server with.

use crate::harness::{CLAUDE, Client, PUBLIC, Tokens, encoded, with};
use crate::stranger::Knock;

/// The few addresses that a cloud's assistants share, good and bad.
pub(crate) const CLOUD: &str = "203.0.113.7";
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

/// One of them.
#[derive(Clone, Copy)]
pub(crate) struct Flood {
    pub(crate) name: &'static str,
    pub(crate) crowd: usize,
    pub(crate) register_per_minute: &'static str,
    pub(crate) knock: fn(&Ground, usize) -> Knock,
    /// What the strangers hear, each at least once.
    pub(crate) hear: &'static [&'static str],
}

/// What a stranger may know of somebody else: that one is a client, and for tests of the gateway's own patience a
/// token.
pub(crate) struct Ground {
    pub(crate) client: Client,
    pub(crate) tokens: Tokens,
}

/// The flood that the limit of registrations ends.
pub(crate) const BEYOND_THE_LIMIT: &str = "registrations beyond the limit";
pub(crate) const PER_MINUTE: usize = 60;

pub(crate) const FLOODS: [Flood; 19] = [
    crowd("nobody", 0, |_, _| Knock::at_once(""), &[]),
    quick("registrations", |_, _| registration(CLOUD), &["201"]),
    quick("bad tokens at the gateway", |ground, _| get("/mcp", &ground.bad_token()), &["401"]),
    quick("bad tokens to verify", |ground, _| get("/oauth/verify/mcp", &ground.bad_token()), &["401"]),
    quick("failures in a client's name", |ground, _| failure(&ground.client.id, CLOUD), &["400", "429"]),
    quick("failures of everybody", |_, n| failure(&n.to_string(), &somewhere(n)), &["401"]),
    crowd("slow request lines", 500, |_, _| Knock::slowly("GET /", b"a"), &[]),
    crowd("slow headers", 500, |_, _| Knock::slowly(head("GET", "/oauth/jwks", ""), b"a: b\r\n"), &[]),
    crowd("slow bodies", 500, |_, _| Knock::slowly(body("/oauth/token", FORM, 60_000, ""), b"a"), &[]),
    crowd("slow chunks", 500, |_, _| Knock::slowly(chunked("/oauth/register"), b"1\r\na\r\n"), &[]),
    crowd("slow bodies for the MCP server", 300, |ground, _| ground.upload(), &[]),
    crowd("idle connections", 2_000, |_, _| Knock::at_once(""), &[]),
    crowd("half heads of 100 kB", 500, |_, _| Knock::at_once(half_a_head()), &[]),
    crowd("bodies that never come", 500, |_, _| Knock::at_once(body("/oauth/token", FORM, 60_000, "a")), &[]),
    quick("huge targets", |_, _| get(&format!("/mcp?{}", "a".repeat(300_000)), ""), &["431"]),
    quick("huge headers", |_, _| get("/mcp", &format!("A: {}\r\n", "a".repeat(300_000))), &["431"]),
    quick("bodies over the limit", |_, _| too_much(), &["413"]),
    limited("600", quick("registrations from everywhere", |_, n| registration(&somewhere(n)), &["201"])),
    limited("60", quick(BEYOND_THE_LIMIT, |_, _| registration(CLOUD), &["201", "429"])),
];

type Say = fn(&Ground, usize) -> Knock;

/// As fast as answers come.
const fn quick(name: &'static str, knock: Say, hear: &'static [&'static str]) -> Flood {
    crowd(name, 8, knock, hear)
}

const fn crowd(name: &'static str, crowd: usize, knock: Say, hear: &'static [&'static str]) -> Flood {
    Flood { name, crowd, register_per_minute: "0", knock, hear }
}

const fn limited(register_per_minute: &'static str, flood: Flood) -> Flood {
    Flood { register_per_minute, ..flood }
}

impl Ground {
    /// Whole but for one character of the signature.
    fn bad_token(&self) -> String {
        let (signed, signature) = self.tokens.access.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { 'B' } else { 'A' };
        format!("Authorization: Bearer {signed}.{other}{}\r\n", &signature[1..])
    }

    fn upload(&self) -> Knock {
        let bearer = format!("Authorization: Bearer {}\r\n", self.tokens.access);
        Knock::slowly(body("/mcp", &bearer, 60_000, "a"), b"a")
    }
}

/// A host of the internet that nobody else is.
fn somewhere(number: usize) -> String {
    let [_, high, middle, low] = u32::try_from(number).unwrap().to_be_bytes();
    format!("7.{high}.{middle}.{low}")
}

/// Everything but the empty line.
pub(crate) fn head(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: {PUBLIC}\r\n{headers}")
}

fn get(target: &str, headers: &str) -> Knock {
    Knock::at_once(format!("{}\r\n", head("GET", target, headers)))
}

/// A body that says so of its length.
pub(crate) fn body(target: &str, headers: &str, length: usize, body: &str) -> String {
    format!("{}Content-Length: {length}\r\n\r\n{body}", head("POST", target, headers))
}

fn chunked(target: &str) -> String {
    let headers = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n";
    format!("{}\r\n", head("POST", target, headers))
}

fn post(target: &str, headers: &str, text: &str) -> Knock {
    Knock::at_once(body(target, headers, text.len(), text))
}

fn registration(from: &str) -> Knock {
    let headers = format!("Content-Type: application/json\r\nX-Forwarded-For: {from}\r\n");
    post("/oauth/register", &headers, &format!(r#"{{"redirect_uris":["{CLAUDE}"]}}"#))
}

fn failure(client: &str, from: &str) -> Knock {
    let client = Client { id: client.to_owned(), redirect_uri: CLAUDE.to_owned() };
    let fields = with(&client.exchange("x"), "code", "invented");
    post("/oauth/token", &format!("{FORM}X-Forwarded-For: {from}\r\n"), &encoded(&fields))
}

fn half_a_head() -> String {
    head("GET", "/oauth/jwks", &format!("A: {}", "a".repeat(100_000)))
}

fn too_much() -> Knock {
    post("/oauth/token", FORM, &"a".repeat(1 << 20))
}
