//! Discovery: the authorization server (RFC 8414), its resources (RFC 9728), its keys (RFC 7517).

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::{App, Here, authorize, register, revoke, token};
use crate::flow::verify::PROTECTED_RESOURCE;
use crate::oauth::Resource;
use crate::oauth::scope::OFFLINE_ACCESS;
use crate::site::Registration;

pub(super) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
pub(super) const JWKS: &str = "/oauth/jwks";

const AUTH_METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// RFC 8414 §3.2.
pub(super) async fn authorization_server(here: Here, request: HttpRequest) -> HttpResponse {
    let issuer = &here.site.issuer;
    let mut scopes: Vec<&str> = here.scopes().iter().collect();
    let mut grants = vec!["authorization_code"];
    if here.issues_refresh_tokens() {
        scopes.push(OFFLINE_ACCESS);
        grants.push("refresh_token");
    }
    let resources: Vec<&Resource> = here.site.resources.iter().collect();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": issuer.at(authorize::PATH),
        "token_endpoint": issuer.at(token::PATH),
        "jwks_uri": issuer.at(JWKS),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "revocation_endpoint": issuer.at(revoke::PATH),
        "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
        "protected_resources": resources,
    });
    if here.knows_documents() {
        document["client_id_metadata_document_supported"] = true.into();
    }
    if here.site.registration == Registration::Open {
        document["registration_endpoint"] = issuer.at(register::PATH).into();
    }
    cacheable(&request, "application/json", &document)
}

/// RFC 9728 §3.2, at the path of each resource; at the root while there is only one.
pub(super) async fn protected_resource(
    app: Data<App>,
    here: Here,
    request: HttpRequest,
) -> Result<HttpResponse, ApiError> {
    let path = request.uri().path();
    let of_resource = path.strip_prefix(PROTECTED_RESOURCE).unwrap_or_default();
    let of_resource = of_resource.strip_suffix('/').unwrap_or(of_resource);
    let ours = |resource: &&Resource| resource.origin() == here.site.issuer.as_str();
    let resource = match here.site.resources.iter().find(|r| ours(r) && r.path() == of_resource) {
        None if of_resource.is_empty() => here.site.resources.single().filter(ours),
        found => found,
    };
    let document = json!({
        "resource": resource.ok_or(ApiError::NotFound)?,
        "authorization_servers": [here.site.issuer],
        "scopes_supported": here.scopes().default_scopes().iter().collect::<Vec<_>>(),
        "bearer_methods_supported": ["header"],
        "resource_name": app.pages.product_name.as_deref().unwrap_or("MCP server"),
    });
    Ok(cacheable(&request, "application/json", &document))
}

/// The same for every site: they share the rings.
pub(super) async fn jwks(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let keys = app.keys.current().access.jwks(app.clock.now());
    cacheable(&request, "application/jwk-set+json", &keys)
}

fn cacheable(request: &HttpRequest, content_type: &str, document: &Value) -> HttpResponse {
    let text = document.to_string();
    let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes())));
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((CACHE_CONTROL, "public, max-age=300")).insert_header((ETAG, etag));
    if known { response.finish() } else { response.content_type(content_type).body(text) }
}
