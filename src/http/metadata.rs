//! Discovery: the authorization server (RFC 8414), its resources (RFC 9728), its keys (RFC 7517).

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::{App, Here, authorize, register, revoke, token};
use crate::clock::Timestamp;
use crate::config::Pages;
use crate::flow::Authority;
use crate::flow::verify::PROTECTED_RESOURCE;
use crate::oauth::Resource;
use crate::oauth::scope::OFFLINE_ACCESS;
use crate::seal::Rings;
use crate::site::Registration;

pub(super) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
pub(super) const JWKS: &str = "/oauth/jwks";

const AUTH_METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

/// RFC 8414 §3.2.
pub(super) async fn authorization_server(app: Data<App>, here: Here, request: HttpRequest) -> HttpResponse {
    app.documents.sites[here.at].server.answer(&request)
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
    let site = &app.documents.sites[here.at];
    let found = match site.resources.iter().find(|(path, _)| path == of_resource) {
        None if of_resource.is_empty() => site.resources.first().filter(|_| site.has_one_resource),
        found => found,
    };
    found.map(|(_, document)| document.answer(&request)).ok_or(ApiError::NotFound)
}

/// The same for every site: they share the rings.
pub(super) async fn jwks(app: Data<App>, request: HttpRequest) -> HttpResponse {
    let (rings, now) = (app.keys.current(), app.clock.now());
    let mut last = app.documents.jwks.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some((second, of, jwks)) if *second == now && Arc::ptr_eq(of, &rings) => jwks.answer(&request),
        _ => {
            let jwks = Document::new("application/jwk-set+json", &rings.access.jwks(now));
            let answer = jwks.answer(&request);
            *last = Some((now, rings, jwks));
            answer
        }
    }
}

/// What everybody may read, made once: at the start, and the JWKS once a second at most.
#[derive(Debug)]
pub(crate) struct Documents {
    sites: Vec<OfSite>,
    jwks: Mutex<Option<(Timestamp, Arc<Rings>, Document)>>,
}

#[derive(Debug)]
struct OfSite {
    server: Document,
    /// Those that lie at the issuer, by their paths.
    resources: Vec<(String, Document)>,
    has_one_resource: bool,
}

impl Documents {
    pub(crate) fn new(authorities: &[Authority], pages: &Pages) -> Self {
        let of_site = |authority: &Authority| {
            let ours = authority.site.own_resources();
            OfSite {
                server: server(authority),
                resources: ours.map(|it| (it.path().to_owned(), resource(authority, it, pages))).collect(),
                has_one_resource: authority.site.resources.single().is_some(),
            }
        };
        Self { sites: authorities.iter().map(of_site).collect(), jwks: Mutex::default() }
    }
}

fn server(here: &Authority) -> Document {
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
    if here.site.knows_documents() {
        document["client_id_metadata_document_supported"] = true.into();
    }
    if here.site.registration == Registration::Open {
        document["registration_endpoint"] = issuer.at(register::PATH).into();
    }
    Document::new("application/json", &document)
}

fn resource(here: &Authority, resource: &Resource, pages: &Pages) -> Document {
    let document = json!({
        "resource": resource,
        "authorization_servers": [here.site.issuer],
        "scopes_supported": [here.scopes().default_scope()],
        "bearer_methods_supported": ["header"],
        "resource_name": pages.product_name.as_deref().unwrap_or("MCP server"),
    });
    Document::new("application/json", &document)
}

#[derive(Debug)]
struct Document {
    content_type: &'static str,
    text: Bytes,
    etag: String,
}

impl Document {
    fn new(content_type: &'static str, document: &Value) -> Self {
        let text = document.to_string();
        let etag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes())));
        Self { content_type, text: text.into(), etag }
    }

    /// Does the caller have it? Weak tags compare as strong ones do (RFC 9110 §13.1.2).
    fn is_known(&self, request: &HttpRequest) -> bool {
        let had = request.headers().get_all(IF_NONE_MATCH).filter_map(|tags| tags.to_str().ok());
        let mut had = had.flat_map(|tags| tags.split(',')).map(str::trim);
        had.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == self.etag)
    }

    fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let known = self.is_known(request);
        let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((CACHE_CONTROL, "public, max-age=300"))
            .insert_header((ETAG, self.etag.as_str()));
        if known {
            response.finish()
        } else {
            response.content_type(self.content_type).body(self.text.clone())
        }
    }
}
