//! Bad requests for an endpoint: each is the usual one, with one thing out of order.

use std::{fmt::Debug, iter::repeat_n};

use crate::raw::request;

const FORM: &str = "application/x-www-form-urlencoded";
const MIB: usize = 1024 * 1024;

/// Every endpoint with the method and the type it is made for.
pub(crate) const DOORS: [(&str, &str, &str); 12] = [
    ("GET", "/.well-known/oauth-authorization-server", ""),
    ("GET", "/.well-known/oauth-protected-resource/mcp", ""),
    ("GET", "/oauth/jwks", ""),
    ("POST", "/oauth/register", "application/json"),
    ("GET", "/oauth/authorize", ""),
    ("POST", "/oauth/consent", FORM),
    ("POST", "/oauth/token", FORM),
    ("POST", "/oauth/revoke", FORM),
    ("GET", "/oauth/verify/mcp", ""),
    ("POST", "/mcp", "application/json"),
    ("GET", "/", ""),
    ("GET", "/nothing/here", ""),
];

pub(crate) type Headers = Vec<(String, String)>;

/// Each with what is wrong about it.
pub(crate) fn bad_requests(
    &(method, path, content_type): &(&str, &str, &str),
    headers: &Headers,
) -> Vec<(String, Vec<u8>)> {
    let typed = |content_type: &str| {
        headers.iter().cloned().chain([header("Content-Type", content_type)]).collect::<Headers>()
    };
    let usual = typed(content_type);
    let label = |what: &str, case: &dyn Debug| {
        format!("{method} {path}, {what} {}", format!("{case:?}").chars().take(60).collect::<String>())
    };
    let mut all = Vec::new();
    for other in METHODS {
        all.push((label("method", &other), whole(other, path, &usual, b"")));
        all.push((label("method with a body", &other), whole(other, path, &usual, b"a=b")));
    }
    for other in CONTENT_TYPES {
        all.push((label("type", &other), whole("POST", path, &typed(other), b"a=b")));
    }
    for query in queries() {
        let target = [path.as_bytes(), b"?", query.as_slice()].concat();
        all.push((label("query", &String::from_utf8_lossy(&query)), with_target(method, &target, &usual)));
    }
    for body in bodies() {
        all.push((label("body", &String::from_utf8_lossy(&body)), whole("POST", path, &usual, &body)));
    }
    for extra in extra_headers() {
        let dressed: Headers = usual.iter().cloned().chain(extra.clone()).collect();
        all.push((label("headers", &extra), whole(method, path, &dressed, b"")));
    }
    all
}

const METHODS: [&str; 11] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "BREW", "get"];

const CONTENT_TYPES: [&str; 9] = [
    "",
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded; charset=iso-8859-1",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "text/plain",
    "///;;;===",
    "application/x-www-form-urlencoded, application/json",
];

const NAMES: [&str; 12] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "code_challenge",
    "code_challenge_method",
    "scope",
    "state",
    "resource",
    "grant_type",
    "code",
    "refresh_token",
    "question",
];

fn pairs() -> Vec<Vec<u8>> {
    let twice = NAMES.map(|name| format!("{name}=a&{name}=a"));
    let empty = NAMES.map(|name| format!("{name}="));
    let bare = NAMES.map(|name| format!("{name}&{name}"));
    let all = [NAMES.map(|name| format!("{name}=x")).join("&")];
    let odd = [
        "",
        "%",
        "%z",
        "%zz=1",
        "client_id=%ff",
        "client_id=%00",
        "=",
        "&&&&",
        "a=b;c=d",
        "client_id[]=a",
        "[",
        "%0d%0a",
    ];
    let odd = odd.map(str::to_owned);
    let invalid = [b"client_id=\xff\xfe".to_vec(), b"\xc3\x28=a".to_vec()];
    let text = twice.into_iter().chain(empty).chain(bare).chain(all).chain(odd);
    text.map(String::into_bytes).chain(invalid).collect()
}

fn queries() -> Vec<Vec<u8>> {
    let long = [vec![b'a'; 100_000], b"a=b&".repeat(25_000), b"client_id=".repeat(10_000)];
    pairs().into_iter().chain(long).collect()
}

fn bodies() -> Vec<Vec<u8>> {
    let json = [
        "null",
        "[]",
        "{",
        "\"x\"",
        "{}",
        "{}{}",
        r#"{"redirect_uris": null}"#,
        r#"{"redirect_uris": "x"}"#,
        r#"{"redirect_uris": [1, null, {}]}"#,
        r#"{"redirect_uris": ["\ud800"]}"#,
        r#"{"redirect_uris": [], "redirect_uris": []}"#,
        r#"{"client_name": 7, "redirect_uris": ["http://localhost/"]}"#,
        "1e999",
        "\u{feff}{}",
    ];
    let long = [
        vec![b'a'; MIB],
        [b"client_id=".to_vec(), vec![b'a'; MIB]].concat(),
        b"a=b&".repeat(MIB / 4),
        b"[".repeat(MIB),
        [b"{\"client_name\": \"".to_vec(), vec![b'a'; MIB], b"\"}".to_vec()].concat(),
        vec![0; MIB],
        vec![0xff; MIB],
    ];
    pairs().into_iter().chain(json.map(|text| text.as_bytes().to_vec())).chain(long).collect()
}

fn extra_headers() -> Vec<Headers> {
    let authorization = |value| vec![header("Authorization", value)];
    vec![
        authorization(""),
        authorization("Basic"),
        authorization("Basic !!!"),
        authorization("Basic /////w=="),
        authorization("Basic eHh4"),
        authorization("Bearer"),
        authorization("Bearer a b c"),
        authorization("Bearer ...."),
        vec![header("Authorization", "Bearer a"), header("Authorization", "Bearer b")],
        vec![header("Authorization", &format!("Bearer {}", "a".repeat(40_000)))],
        vec![header("Cookie", &"a=b; ".repeat(5_000))],
        vec![header("Origin", "null")],
        vec![header("Origin", "https://evil.example")],
        vec![header("X-Y", "\u{0}")],
        vec![header("Content-Length", "-1")],
        vec![header("Content-Length", "18446744073709551616")],
        vec![header("Mcp-Session-Id", "é")],
        vec![header("Accept", "application/json;q=x, */*;q=9")],
        vec![header("Accept-Encoding", "identity;q=0, *;q=0")],
        vec![header("If-None-Match", "\"")],
        vec![header("Range", "bytes=5-1")],
        vec![header("Expect", "200-ok")],
        vec![header("Upgrade", "h2c"), header("Connection", "upgrade, close")],
        repeat_n(header("X-Forwarded-For", "not an address"), 50).collect(),
        repeat_n(header("X-Y", "z"), 200).collect(),
    ]
}

pub(crate) fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

pub(crate) fn whole(method: &str, target: &str, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    request(method, target, &headers, body)
}

/// With a target of any bytes.
fn with_target(method: &str, target: &[u8], headers: &[(String, String)]) -> Vec<u8> {
    let bytes = whole(method, "@", headers, b"");
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    [&bytes[..at], target, &bytes[at + 1..]].concat()
}
