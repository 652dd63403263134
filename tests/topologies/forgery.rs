//! A request with a good token that also says, in every header and spelling there is, that somebody else is calling.

use crate::{journey::random, mcp, raw, stack::Site, wire::Wire};

/// What somebody, somewhere, has ever believed.
const BELIEVED: [&str; 25] = [
    "Cookie",
    "Forwarded",
    "GAP-Auth",
    "GAP-Signature",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Id-Token",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Redirect",
    "X-Auth-Request-Scope",
    "X-Auth-Request-User",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Email",
    "X-Forwarded-For",
    "X-Forwarded-Groups",
    "X-Forwarded-Host",
    "X-Forwarded-Id-Token",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Proto",
    "X-Forwarded-Scope",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Real-Ip",
    "X-Sidecar-Auth",
];

/// None of it reaches the MCP server, while the request itself does.
pub(crate) fn reaches_nobody(site: &Site, token: &str, wire: &Wire) {
    let (forged, kept) = (random(), random());
    let authorization = format!("Bearer {token}");
    let names: Vec<_> = BELIEVED.iter().flat_map(|name| spellings(name)).collect();
    let mut headers = vec![
        ("Host", site.host()),
        ("Authorization", &authorization),
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("X-Kept", &kept),
    ];
    headers.extend(names.iter().map(|name| (name.as_str(), forged.as_str())));
    let request = raw::request("POST", "/mcp", &headers, mcp::initialize().to_string().as_bytes());
    let reply = raw::send(site.port(), &request).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert!(wire.carried(&kept), "the request itself did not arrive");
    assert!(!wire.carried(&forged), "the MCP server was told of somebody else");
}

fn spellings(name: &str) -> [String; 4] {
    [name.to_owned(), name.to_lowercase(), name.to_uppercase(), name.replace('-', "_")]
}
