//! What an assistant finds before it has anything: every document and every dead end, through the real proxy and never a redirect.

use reqwest::{Client, Method, Response, redirect::Policy};
use serde_json::Value;

use crate::stack::{Site, Stack, stack};

/// ASM-02, ASM-03, ASM-04, PRM-02, PRM-03, JWK-10, X-04, X-19: without a session, on both sites
#[tokio::test]
async fn every_document_and_every_dead_end_is_answered_by_us_and_not_by_a_sign_in() {
    let stack = stack();
    for site in sites(&stack) {
        for (path, status) in [
            ("/.well-known/oauth-authorization-server", 200),
            ("/.well-known/oauth-protected-resource/mcp", 200),
            ("/.well-known/oauth-protected-resource/mcp/", 200),
            ("/.well-known/oauth-protected-resource", 200),
            ("/oauth/jwks", 200),
            ("/.well-known/oauth-authorization-server/mcp", 404),
            ("/.well-known/openid-configuration", 404),
            ("/.well-known/openid-configuration/mcp", 404),
            ("/mcp/.well-known/openid-configuration", 401),
            ("/.well-known/oauth-protected-resource/other", 404),
            ("/.well-known/anything", 404),
            ("/authorize", 404),
            ("/token", 404),
            ("/register", 404),
            ("/favicon.ico", 404),
        ] {
            let answer = ask(site, Method::GET, path).await;
            assert_eq!(answer.status(), status, "GET {path}");
            assert!(header(&answer, "content-type").contains("json"), "GET {path}");
            assert_eq!(header(&answer, "access-control-allow-origin"), "*", "GET {path}");
            let head = ask(site, Method::HEAD, path).await;
            assert_eq!(head.status(), status, "HEAD {path}");
            assert_eq!(ask(site, Method::OPTIONS, path).await.status(), 204, "OPTIONS {path}");
        }
    }
}

/// ASM-07, PRM-01, PRM-04, AZ-05, X-13: one spelling of the issuer, and its own for each site
#[tokio::test]
async fn the_documents_of_a_site_name_that_site_alone() {
    let stack = stack();
    for site in sites(&stack) {
        let json = async |path| ask(site, Method::GET, path).await.json::<Value>().await.unwrap();
        let server = json("/.well-known/oauth-authorization-server").await;
        assert_eq!(server["issuer"], site.issuer.as_str());
        let resource = json("/.well-known/oauth-protected-resource/mcp").await;
        assert_eq!(resource["resource"], site.url("/mcp"));
        assert_eq!(resource["authorization_servers"], serde_json::json!([site.issuer]));
        assert_eq!(json("/.well-known/oauth-protected-resource").await, resource);
        let authorize = ask(site, Method::GET, "/oauth/authorize").await;
        assert_eq!(header(&authorize, "access-control-allow-origin"), "", "the proxy's sign-in");
    }
    let [internal, public] = sites(&stack);
    let keys = async |site| ask(site, Method::GET, "/oauth/jwks").await.text().await.unwrap();
    assert_eq!(keys(internal).await, keys(public).await);
}

fn sites(stack: &Stack) -> [&Site; 2] {
    [&stack.internal, &stack.public]
}

/// As a page of the inspector would, which has no cookie of ours.
async fn ask(site: &Site, method: Method, path: &str) -> Response {
    let http = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
    let request = http.request(method, site.url(path)).header("Origin", "http://localhost:6274");
    request.header("Access-Control-Request-Method", "GET").send().await.unwrap()
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}
