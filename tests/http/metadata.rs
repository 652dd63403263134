//! The documents that clients discover: RFC 8414 and RFC 9728.

use crate::harness::{Answer, Ask, TestServer, alice, with};
use serde_json::{Value, json};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";
const MCP: &str = "/.well-known/oauth-protected-resource/mcp";

/// ASM-01, ASM-02, ASM-06 to ASM-13, ASM-15, ASM-30, AZ-02, X-01
#[tokio::test]
async fn the_authorization_server_describes_itself_as_it_is_configured() {
    let server = TestServer::spawn();
    for site in [server.public(), server.internal()] {
        let issuer = site.issuer();
        let document = site.get(SERVER).answer().await.json();
        for (member, expected) in [
            ("issuer", json!(issuer)),
            ("authorization_endpoint", json!(format!("{issuer}/oauth/authorize"))),
            ("token_endpoint", json!(format!("{issuer}/oauth/token"))),
            ("registration_endpoint", json!(format!("{issuer}/oauth/register"))),
            ("jwks_uri", json!(format!("{issuer}/oauth/jwks"))),
            ("response_types_supported", json!(["code"])),
            ("response_modes_supported", json!(["query"])),
            ("code_challenge_methods_supported", json!(["S256"])),
            ("authorization_response_iss_parameter_supported", json!(true)),
        ] {
            assert_eq!(document[member], expected, "{member} of {issuer}");
        }
        assert_holds(&document["grant_types_supported"], &["authorization_code", "refresh_token"]);
        let methods = &document["token_endpoint_auth_methods_supported"];
        assert_holds(methods, &["client_secret_basic", "client_secret_post", "none"]);
        assert_holds(&document["scopes_supported"], &["mcp", "offline_access", "tools:write"]);
    }
}

/// ASM-07, AZ-83, PRM-01, T6, T28: no slash more and no letter else
#[tokio::test]
async fn the_issuer_is_the_same_bytes_wherever_it_stands() {
    let server = TestServer::spawn();
    for site in [server.public(), server.internal()] {
        let client = site.client().await;
        let page = site.authorize(&alice(), &client.request()).await;
        let refused = site.authorize(&alice(), &with(&client.request(), "response_type", "token")).await;
        let denied = site.reply(&alice(), &page.question(), "deny").await;
        let granted = site.consent(&page).await;
        let tokens = site.token(&client.exchange(&granted.param("code").unwrap())).await.tokens();
        let document = site.get(SERVER).answer().await.json();
        for (place, issuer) in [
            ("metadata", &document["issuer"]),
            ("a resource's document", &site.get(MCP).answer().await.json()["authorization_servers"][0]),
            ("an access token", &site.claims(&tokens.access).await["iss"]),
            ("a code", &json!(granted.param("iss"))),
            ("a refusal", &json!(refused.param("iss"))),
            ("a denial", &json!(denied.param("iss"))),
        ] {
            assert_eq!(issuer, &json!(site.issuer()), "{place}");
        }
    }
}

/// ASM-06, PRM-06: what is not there is left out, never null or empty
#[tokio::test]
async fn no_document_holds_a_null_or_an_empty_list() {
    let server = TestServer::spawn();
    for path in [SERVER, MCP] {
        let document = server.get(path).answer().await.json();
        for (name, value) in document.as_object().unwrap() {
            assert!(!value.is_null() && *value != json!([]) && *value != json!(""), "{name} of {path}");
        }
    }
}

/// ASM-14, ASM-16, ASM-20 to ASM-22, CC-04, JB-19, PAR-03: nothing is promised that is not there
#[tokio::test]
async fn what_is_not_offered_is_not_advertised() {
    let document = TestServer::spawn().get(SERVER).answer().await.json();
    assert_ne!(document["client_id_metadata_document_supported"], json!(true));
    for absent in [
        "introspection_endpoint",
        "pushed_authorization_request_endpoint",
        "request_parameter_supported",
        "authorization_grant_profiles_supported",
        "dpop_signing_alg_values_supported",
        "id_token_signing_alg_values_supported",
        "token_endpoint_auth_signing_alg_values_supported",
        "userinfo_endpoint",
    ] {
        assert_eq!(document[absent], Value::Null, "{absent}");
    }
}

/// PRM-12, PRM-13: nor does a resource's document
#[tokio::test]
async fn a_resources_document_promises_nothing_that_is_not_there() {
    let document = TestServer::spawn().get(MCP).answer().await.json();
    for absent in [
        "dpop_bound_access_tokens_required",
        "dpop_signing_alg_values_supported",
        "resource_signing_alg_values_supported",
        "tls_client_certificate_bound_access_tokens",
        "signed_metadata",
    ] {
        assert_eq!(document[absent], Value::Null, "{absent}");
    }
}

/// PRM-14: a resource that claims this server can be checked against its list
#[tokio::test]
async fn the_server_lists_the_resources_it_is_for() {
    let server = TestServer::spawn();
    for (site, resources) in [
        (server.public(), json!(["https://mcp.example.com/mcp", "https://mcp.example.com/other/mcp"])),
        (server.internal(), json!(["https://mcp.internal.example/mcp"])),
    ] {
        assert_eq!(site.get(SERVER).answer().await.json()["protected_resources"], resources);
    }
}

/// ASM-18, ASM-19: every endpoint that is advertised answers
#[tokio::test]
async fn every_advertised_endpoint_is_there() {
    let server = TestServer::spawn();
    let document = server.get(SERVER).answer().await.json();
    let urls = document.as_object().unwrap().iter();
    let urls = urls.filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let mut found = 0;
    for (name, url) in urls {
        let path = url.as_str().unwrap().strip_prefix(&server.issuer()).unwrap();
        assert_ne!(server.get(path).answer().await.status, 404, "{name}");
        found += 1;
    }
    assert!(found >= 4);
    let revocable = document.get("revocation_endpoint").is_some();
    assert_eq!(server.post("/oauth/revoke").answer().await.status != 404, revocable);
}

/// ASM-11, ASM-17, design 3: without refresh tokens nothing speaks of them
#[tokio::test]
async fn a_server_without_refresh_tokens_does_not_speak_of_them() {
    let server = TestServer::spawn_with([("MCP_AUTH_REFRESH_TOKEN_SECS", "0")]);
    let document = server.get(SERVER).answer().await.json();
    assert_eq!(document["grant_types_supported"], json!(["authorization_code"]));
    assert_lacks(&document["scopes_supported"], "offline_access");
}

/// REG-01, ASM-18
#[tokio::test]
async fn a_site_without_registration_does_not_advertise_it() {
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_REGISTRATION", "off")]);
    let advertised =
        async |site: TestServer| site.get(SERVER).answer().await.json()["registration_endpoint"].is_string();
    assert!(!advertised(server.public()).await);
    assert!(advertised(server.internal()).await);
}

/// PRM-01 to PRM-10
#[tokio::test]
async fn each_resource_has_a_document_under_its_own_path() {
    let server = TestServer::spawn();
    for (site, path) in
        [(server.public(), "/mcp"), (server.public(), "/other/mcp"), (server.internal(), "/mcp")]
    {
        let document = site.get(&format!("{RESOURCE}{path}")).answer().await.json();
        assert_eq!(document["resource"], json!(format!("{}{path}", site.issuer())));
        assert_eq!(document["authorization_servers"], json!([site.issuer()]));
        assert_eq!(document["bearer_methods_supported"], json!(["header"]));
        assert_holds(&document["scopes_supported"], &["mcp"]);
        assert_lacks(&document["scopes_supported"], "offline_access");
        assert!(document["resource_name"].is_string(), "{document}");
    }
}

/// clients C8
#[tokio::test]
async fn a_trailing_slash_on_a_documents_path_changes_no_byte() {
    let server = TestServer::spawn();
    let (plain, slashed) = (server.get(MCP).answer().await, server.get(&format!("{MCP}/")).answer().await);
    assert_eq!((plain.status, slashed.status), (200, 200));
    assert_eq!(plain.body, slashed.body);
    assert_eq!(plain.header("etag"), slashed.header("etag"));
}

/// design 2, clients C8
#[tokio::test]
async fn the_root_form_is_served_while_a_site_has_one_resource() {
    let server = TestServer::spawn();
    let (root, path) =
        (server.internal().get(RESOURCE).answer().await, server.internal().get(MCP).answer().await);
    assert_eq!((root.status, root.json()), (200, path.json()));
    assert_not_found(&server.public().get(RESOURCE).answer().await);
}

/// PRM-03: a bare origin's document has no path behind the well-known string
#[tokio::test]
async fn a_bare_origin_has_its_document_at_the_root() {
    let server = TestServer::spawn_with([("MCP_AUTH_PUBLIC_RESOURCES", "https://mcp.example.com")]);
    let document = server.get(RESOURCE).answer().await.json();
    assert_eq!(document["resource"], json!("https://mcp.example.com"));
    assert_not_found(&server.get(MCP).answer().await);
}

/// ASM-03 to ASM-05, ASM-24, ASM-25, design 5.11
#[tokio::test]
async fn every_other_well_known_path_is_a_clean_404() {
    let server = TestServer::spawn();
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/mcp",
        "/mcp/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/oauth-protected-resource/elsewhere",
        "/.well-known/oauth-protected-resource/mcp/deeper",
        "/.well-known/oauth-protected-resource/MCP",
        "/.well-known/jwks.json",
        "/.well-known/",
    ] {
        assert_not_found(&server.get(path).answer().await);
        assert_eq!(server.head(path).answer().await.status, 404, "HEAD {path}");
    }
}

/// X-04, PRM-11, PRM-15, ASM-29, X-13, X-14, design 4
#[tokio::test]
async fn documents_may_be_cached_asked_for_by_head_and_read_by_any_page() {
    let server = TestServer::spawn();
    for path in [SERVER, MCP, "/oauth/jwks"] {
        let got = server.get(path).header("Origin", "http://localhost:6274").answer().await;
        let head = server.head(path).header("Origin", "http://localhost:6274").answer().await;
        assert_eq!((got.status, head.status, head.body.len()), (200, 200, 0), "{path}");
        for name in ["etag", "cache-control", "content-type", "access-control-allow-origin"] {
            assert!(got.header(name).is_some(), "{name} of {path}");
            assert_eq!(got.header(name), head.header(name), "{name} of {path}");
        }
        assert_eq!(got.header("cache-control"), Some("public, max-age=300"), "{path}");
        assert_eq!(got.header("access-control-allow-origin"), Some("*"), "{path}");
        assert!(got.header("access-control-allow-credentials").is_none(), "{path}");
    }
}

/// RFC 9110 13.1.2
#[tokio::test]
async fn who_has_the_document_already_does_not_get_it_again() {
    let server = TestServer::spawn();
    for path in [SERVER, MCP, "/oauth/jwks"] {
        let etag = server.get(path).answer().await.header("etag").unwrap().to_owned();
        // A proxy that compresses makes it a weak one.
        let weak = format!("W/{etag}");
        let listed = format!("\"another\", {weak}");
        for had in [etag.as_str(), &weak, &listed, "*"] {
            let again = server.get(path).header("If-None-Match", had).answer().await;
            assert_eq!((again.status, again.body.len()), (304, 0), "{path} {had}");
        }
        for other in ["\"another\"", "W/", ""] {
            assert_eq!(
                server.get(path).header("If-None-Match", other).answer().await.status,
                200,
                "{path} {other}"
            );
        }
    }
}

/// X-02, T29
#[tokio::test]
async fn no_header_changes_what_is_published() {
    let server = TestServer::spawn();
    for path in [SERVER, MCP] {
        let plain = server.get(path).answer().await;
        let forged = server
            .get(path)
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Forwarded-Proto", "http")
            .header("Forwarded", "host=evil.example;proto=http")
            .header("X-Original-Url", "/oauth/jwks")
            .answer()
            .await;
        assert_eq!(plain.body, forged.body, "{path}");
    }
}

fn assert_not_found(answer: &Answer) {
    assert_eq!(answer.status, 404, "{answer:?}");
    assert!(answer.json()["error"].is_string(), "{answer:?}");
}

fn assert_holds(list: &Value, expected: &[&str]) {
    for member in expected {
        assert!(list.as_array().is_some_and(|list| list.contains(&json!(member))), "{member} in {list}");
    }
}

fn assert_lacks(list: &Value, unwanted: &str) {
    assert!(!list.as_array().unwrap().contains(&json!(unwanted)), "{unwanted} in {list}");
}
