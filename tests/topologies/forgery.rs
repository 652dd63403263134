//! A request with a good token that also says, in every header and spelling there is, that somebody else is calling.

use crate::{journey::random, mcp, raw, stack::Site, wire::Wire};

/// What somebody, somewhere, has ever believed.
const BELIEVED: [&str; 60] = [
    "Cf-Access-Authenticated-User-Email",
    "Cf-Access-Jwt-Assertion",
    "Cf-Connecting-Ip",
    "Cookie",
    "Forwarded",
    "GAP-Auth",
    "GAP-Signature",
    "Remote-Email",
    "Remote-Groups",
    "Remote-Name",
    "Remote-User",
    "Tailscale-User-Login",
    "Tailscale-User-Name",
    "True-Client-Ip",
    "X-Amzn-Oidc-Accesstoken",
    "X-Amzn-Oidc-Data",
    "X-Amzn-Oidc-Identity",
    "X-Auth-Request-Access-Token",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Id-Token",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Redirect",
    "X-Auth-Request-Scope",
    "X-Auth-Request-User",
    "X-Authenticated-User",
    "X-Client-Ip",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Email",
    "X-Forwarded-For",
    "X-Forwarded-Groups",
    "X-Forwarded-Host",
    "X-Forwarded-Id-Token",
    "X-Forwarded-Port",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Scope",
    "X-Forwarded-Server",
    "X-Forwarded-Uri",
    "X-Forwarded-User",
    "X-Goog-Authenticated-User-Email",
    "X-Goog-Authenticated-User-Id",
    "X-Goog-Iap-Jwt-Assertion",
    "X-Ms-Client-Principal",
    "X-Ms-Client-Principal-Id",
    "X-Ms-Client-Principal-Name",
    "X-Original-Forwarded-For",
    "X-Original-Uri",
    "X-Original-Url",
    "X-Pomerium-Claim-Email",
    "X-Pomerium-Jwt-Assertion",
    "X-Real-Ip",
    "X-Remote-Email",
    "X-Remote-Group",
    "X-Remote-User",
    "X-Rewrite-Url",
    "X-Sidecar-Auth",
    "X-Webauth-Email",
    "X-Webauth-User",
];

/// As many names at once as every server on the way takes headers.
const AT_ONCE: usize = 12;

/// None of it reaches the MCP server, while the requests themselves do.
pub(crate) fn reaches_nobody(site: &Site, token: &str, wire: &Wire) {
    for names in BELIEVED.chunks(AT_ONCE) {
        let spelt: Vec<_> = names.iter().flat_map(|name| spellings(name)).collect();
        none_of(&spelt, site, token, wire);
    }
}

fn none_of(names: &[String], site: &Site, token: &str, wire: &Wire) {
    let (forged, kept) = (random(), random());
    let authorization = format!("Bearer {token}");
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
    assert_eq!(reply.status, 200, "{names:?}: {}", reply.text);
    assert!(wire.carried(&kept), "the request itself did not arrive");
    assert!(!wire.carried(&forged), "the MCP server was told of somebody else by one of {names:?}");
}

fn spellings(name: &str) -> [String; 5] {
    [
        name.to_owned(),
        name.to_lowercase(),
        name.to_uppercase(),
        name.replace('-', "_"),
        name.replace('-', "."),
    ]
}
