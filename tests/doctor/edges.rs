//! An edge with one thing in it that it should not have: a real nginx before a healthy deployment.

use std::collections::BTreeSet;

use crate::{
    edge::Conf,
    ground::ground,
    said::{Said, doctor},
};

fn examined(name: &'static str, conf: Conf<'_>, more: &[&str]) -> Said {
    let ground = ground();
    let twin = ground.nginx(name, conf);
    doctor(&ground.internal(), Some(twin.port), more)
}

#[test]
fn an_edge_that_keeps_the_host_is_healthy() {
    examined("edge", Conf::default(), &[]).is_healthy("edge");
}

#[test]
fn what_an_edge_does_to_answers_or_in_their_place_is_named() {
    for (name, server, cause) in [
        (
            "application",
            "location /.well-known/ { default_type text/html; return 200 '<!doctype html>'; }",
            "html_instead",
        ),
        ("cut-off", "location /.well-known/ { return 404; }", "metadata_missing"),
        ("agent", "if ($http_user_agent ~ Claude-User) { return 403; }", "agent_blocked"),
        ("python", "if ($http_user_agent ~ python-httpx) { return 403; }", "agent_blocked"),
        ("open", "location = /mcp { default_type application/json; return 200 '{}'; }", "unguarded"),
        ("head", "if ($request_method = HEAD) { return 405; }", "method_refused"),
        ("options", "if ($request_method = OPTIONS) { return 405; }", "preflight_refused"),
        ("options-away", "if ($request_method = OPTIONS) { return 302 /oauth2/start; }", "sign_in_asked"),
        ("admin", "location = /metrics { proxy_pass http://127.0.0.1:ADMIN; }", "admin_reachable"),
        ("slash", "location = /mcp { return 307 /mcp/; }", "redirected"),
        ("www", "location = /oauth/token { return 308 https://www.localhost$request_uri; }", "sign_in_asked"),
        ("dead", "location = /oauth/register { proxy_pass http://127.0.0.1:9; }", "upstream_away"),
        ("past", "location = /oauth/authorize { proxy_pass http://127.0.0.1:SIDECAR; }", "sign_in_missing"),
    ] {
        examined(name, Conf { server, ..Conf::default() }, &[]).names(cause, name);
    }
}

#[test]
fn what_an_edge_does_to_headers_is_named() {
    for (name, location, cause) in [
        ("challenge", "proxy_hide_header WWW-Authenticate;", "challenge_lost"),
        ("twice", "add_header Access-Control-Allow-Origin * always;", "cors_twice"),
        (
            "twice-when-asked",
            "if ($request_method = OPTIONS) { add_header Access-Control-Allow-Origin * always; }",
            "cors_twice",
        ),
        ("no-cors", "proxy_hide_header Access-Control-Allow-Origin;", "cors_lost"),
        (
            "token",
            "proxy_set_header Host $http_host; proxy_set_header Authorization \"\";",
            "authorization_stripped",
        ),
    ] {
        examined(name, Conf { location, ..Conf::default() }, &[]).names(cause, name);
    }
}

/// As where an MCP server that verifies by itself knows nothing of pages
#[test]
fn an_mcp_server_without_cors_is_noted_and_nothing_is_wrong() {
    let server = "location = /mcp { proxy_hide_header Access-Control-Allow-Origin; proxy_pass http://127.0.0.1:PROXY; }";
    let said = examined("no-pages", Conf { server, ..Conf::default() }, &[]);
    assert_eq!((said.causes(), said.code), (BTreeSet::from(["no_pages"]), 0), "{:#}", said.report);
}

#[test]
fn a_host_that_is_not_kept_is_named() {
    let ground = ground();
    let fixed = format!("localhost:{}", ground.proxy);
    examined("any-host", Conf { host: &fixed, ..Conf::default() }, &[]).names("any_host", "any-host");
    examined("own-host", Conf { host: "oauth2_proxy", ..Conf::default() }, &[])
        .names("misdirected", "own-host");
}

/// design 3: each edge answers for its own host only
#[test]
fn the_host_of_another_site_that_is_answered_too_is_named() {
    let ground = ground();
    let foreign = format!("--foreign-host=127.0.0.1:{}", ground.proxy);
    let open = ground.nginx("both-hosts", Conf::default());
    doctor(&ground.internal(), Some(open.port), &[]).is_healthy("nobody asked");
    doctor(&ground.internal(), Some(open.port), &[&foreign]).names("foreign_host", "both-hosts");
    let others = "server { listen 127.0.0.1:PORT default_server; return 421; }";
    let closed = ground.nginx("own-host-alone", Conf { names: "localhost", others, ..Conf::default() });
    doctor(&ground.internal(), Some(closed.port), &[&foreign]).is_healthy("own-host-alone");
}

/// The proxy's work done for everybody, and by nobody who asks
#[test]
fn an_identity_that_the_edge_gives_away_is_named() {
    let ground = ground();
    let sidecar = ground
        .sidecar_with("no-id-token", &[("MCP_AUTH_ID_TOKEN_ISSUER", ""), ("MCP_AUTH_ID_TOKEN_AUDIENCE", "")]);
    let secret = std::fs::read_to_string(ground.file("proxy-secret")).unwrap();
    let believed = format!("proxy_set_header Host $http_host; proxy_set_header X-Sidecar-Auth {secret};");
    let given = format!(
        "{believed} proxy_set_header X-Forwarded-User 1; proxy_set_header X-Forwarded-Email a@example.com;"
    );
    for (name, location, cause) in
        [("given", &given, "authorize_open"), ("believed", &believed, "identity_forged")]
    {
        let twin = ground.nginx_before(name, sidecar.port, Conf { location, ..Conf::default() });
        let said = doctor(&ground.internal(), Some(twin.port), &[]);
        let missing = if name == "believed" { &["sign_in_missing"][..] } else { &[] };
        let all = [&[cause], missing].concat();
        assert_eq!(said.causes(), all.into_iter().collect(), "{name}: {:#}", said.report);
        assert_eq!(said.code, 1, "{name}");
    }
}
