//! oauth2-proxy with one line that is not as in `deploy/`.

use std::collections::BTreeSet;

use crate::{
    ground::ground,
    said::{EVERYBODY, doctor},
};

const SKIP_LIST: &str = "skip_auth_routes     = ['!=^/(oauth/(authorize|consent)|oauth2/.*)$']";
const HEADERS: &str = "injectRequestHeaders:";

/// What is wrong, the line, what it says instead, and the cause that is named.
const CASES: [(&str, &str, &str, &str); 11] = [
    ("positive-list", SKIP_LIST, "skip_auth_routes = ['^/mcp$']", "sign_in_asked"),
    ("no-list", SKIP_LIST, "", "sign_in_asked"),
    ("open-list", SKIP_LIST, "skip_auth_routes = ['^/.*$']", "sign_in_missing"),
    ("button", "skip_provider_button = true", "skip_provider_button = false", "sign_in_button"),
    (
        "json-errors",
        SKIP_LIST,
        "skip_auth_routes = ['!=^/(oauth/(authorize|consent)|oauth2/.*)$']\nforce_json_errors = true",
        "sign_in_refused",
    ),
    ("host", "timeout: 15m}", "timeout: 15m, passHostHeader: false}", "misdirected"),
    (
        "authorization",
        HEADERS,
        "injectRequestHeaders:\n  - {name: Authorization, values: [{claimSource: {claim: id_token, prefix: 'Bearer '}}]}",
        "authorization_stripped",
    ),
    (
        "reverse-proxy",
        "encode_state         = true",
        "encode_state = true\nreverse_proxy = true",
        "forwarded_uri_trusted",
    ),
    ("secure-callback", "cookie_secure        = false", "cookie_secure = true", "callback_differs"),
    (
        "fixed-callback",
        "encode_state         = true",
        "encode_state = true\nredirect_url = \"https://mcp.elsewhere.example/oauth2/callback\"",
        "callback_differs",
    ),
    (
        "no-upstream",
        "timeout: 15m}",
        "timeout: 15m}\n    - {id: tokens, path: /oauth/token, uri: \"http://127.0.0.1:9\"}",
        "upstream_away",
    ),
];

#[test]
fn a_line_of_the_proxy_that_is_not_as_it_should_be_is_named() {
    let ground = ground();
    for (name, says, instead, cause) in CASES {
        let twin = ground.proxy_with(name, (says, instead));
        doctor(&ground.internal(), Some(twin.port), &[]).names(cause, name);
    }
}

/// Which the proxy turns into a 502 of every request.
#[test]
fn a_newline_at_the_end_of_the_secret_is_an_upstream_that_is_away() {
    let ground = ground();
    let secret = ground.file("proxy-secret");
    let ended = ground.write("ended-secret", &format!("{}\n", std::fs::read_to_string(&secret).unwrap()));
    let twin = ground.proxy_with("newline", (&secret, &ended));
    let said = doctor(&ground.internal(), Some(twin.port), &[]);
    said.names("upstream_away", "newline");
    assert_eq!(said.stopped().len(), EVERYBODY);
}

/// The button is one click more, and the callback is seen by people only
#[test]
fn what_stops_no_assistant_is_said_to_stop_none() {
    let ground = ground();
    let twin =
        ground.proxy_with("button-again", ("skip_provider_button = true", "skip_provider_button = false"));
    assert_eq!(doctor(&ground.public(), Some(twin.port), &[]).stopped(), BTreeSet::new());
}
