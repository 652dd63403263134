//! Documents and answers that somebody on the way rewrites, one text of one of them each time.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    ground::ground,
    relay::{Bend, How, relay},
    said::{EVERYBODY, Said, doctor},
};

const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const REGISTER: &str = "/oauth/register";
const JWKS: &str = "/oauth/jwks";

fn bent(path: &'static str, how: How) -> Said {
    let ground = ground();
    doctor(&ground.public(), Some(relay(vec![ground.proxy], Some(Bend { path, how }))), &[])
}

#[test]
fn a_relay_that_bends_nothing_is_healthy() {
    bent(RESOURCE, How::Says("", "")).is_healthy("straight");
}

#[test]
fn a_text_that_is_not_as_it_was_written_is_named() {
    for (path, says, instead, cause) in [
        (RESOURCE, "/mcp\"", "/mcp/\"", "resource_differs"),
        (
            RESOURCE,
            "\"authorization_servers\":[\"http:",
            "\"authorization_servers\":[\"https:",
            "issuer_differs",
        ),
        (
            RESOURCE,
            "\"authorization_servers\":[\"http://127.0.0.1",
            "\"authorization_servers\":[\"http://sidecar",
            "issuer_differs",
        ),
        (SERVER, "\"issuer\":\"http:", "\"issuer\":\"https:", "issuer_differs"),
        (SERVER, "\"token_endpoint\":\"http:", "\"token_endpoint\":\"https:", "endpoint_elsewhere"),
        (SERVER, "\"jwks_uri\":\"http://127.0.0.1", "\"jwks_uri\":\"http://sidecar", "endpoint_elsewhere"),
        (SERVER, "S256", "plain", "metadata_lacks"),
        (SERVER, "\"none\",", "", "metadata_lacks"),
        (SERVER, "iss_parameter_supported\":true", "iss_parameter_supported\":false", "metadata_lacks"),
        (SERVER, "{\"", "[{\"", "unexpected"),
        ("/mcp", "/.well-known/oauth-protected-resource", "/oauth-protected-resource", "challenge_elsewhere"),
        ("/mcp", "Bearer resource", "bearer resource", "challenge_lost"),
        (REGISTER, "{\"client_id\"", "{\"client_uri\":null,\"client_id\"", "registration_shape"),
        (REGISTER, "{\"client_id\"", "{\"client_secret\":\"\",\"client_id\"", "registration_shape"),
        (REGISTER, "\"redirect_uris\"", "\"uris\"", "registration_shape"),
        ("/oauth/token", "invalid_grant", "invalid_client", "client_forgotten"),
        ("/oauth/token", "invalid_grant", "server_error", "unexpected"),
        (JWKS, "P-256", "P-384", "jwks_unusable"),
        (JWKS, "\"kid\"", "\"d\":\"AA\",\"kid\"", "jwks_private"),
        (JWKS, "max-age=300", "max-age=604800", "jwks_stale"),
        ("/mcp", "\r\nDate: ", "\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\nX-Date: ", "clock_differs"),
    ] {
        let case = format!("{path}: {says} → {instead}");
        bent(path, How::Says(says, instead)).names(cause, &case);
    }
}

#[test]
fn an_answer_that_comes_late_is_named_and_waited_for() {
    let said = bent(JWKS, How::Late(Duration::from_millis(5500)));
    said.names("slow", "late");
    assert_eq!(said.stopped(), BTreeSet::new());
}

#[test]
fn an_answer_that_never_comes_is_named() {
    let said = bent("/oauth/token", How::Keeps);
    said.names("unreached", "kept");
    assert_eq!(said.stopped().len(), EVERYBODY);
}

/// Those that compare texts stop, the others go on
#[test]
fn each_assistant_stops_where_it_would() {
    let elsewhere = bent(RESOURCE, How::Says("/mcp\"", "\""));
    assert_eq!(elsewhere.stopped(), BTreeSet::from(["claude-code", "claude-desktop", "vs-code"]));
    let silent = bent(SERVER, How::Says("iss_parameter_supported\":true", "iss_parameter_supported\":false"));
    assert_eq!(silent.stopped(), BTreeSet::from(["chatgpt"]));
    let ground = ground();
    let slash = doctor(&format!("{}/", ground.public()), None, &[]);
    slash.names("resource_differs", "a slash at the end of the address");
}
