//! `/oauth/verify/<path>`: may this request pass to the MCP server? For a reverse proxy that asks before it passes one on.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse};

use super::error::ApiError;
use super::gateway::path;
use super::{Here, guard};
use crate::flow::verify::NoEntry;
use crate::oauth::Resource;
use crate::seal::OpenError;

pub(super) const PATH: &str = "/oauth/verify";

/// 200 and who it is, or the 401 or 403 of the gateway: a proxy makes a 500 of everything else. The path is in the
/// address, where the proxy put it; headers are the client's.
pub(super) async fn verify(here: Option<Here>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let here = here.ok_or(ApiError::NotGuarded)?;
    let resource = asked_for(&here, request.uri().path()).ok_or(ApiError::NotGuarded)?;
    let caller = guard::admit(&here, resource, &request).map_err(|refused| match refused {
        ApiError::NoEntry { reason: NoEntry::Twice, .. } => here.no_entry(resource, OpenError::Form.into()),
        other => other,
    })?;
    let token = &caller.token;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header(("X-Auth-Request-User", token.person.sub.as_str()))
        .insert_header(("X-Auth-Request-Email", token.person.email.as_str()))
        .insert_header(("X-Auth-Request-Scope", token.scope.as_str()))
        .finish())
}

/// The resource that guards the rest of the path; without one, the only one of the site.
fn asked_for<'a>(here: &'a Here, address: &str) -> Option<&'a Resource> {
    let path = address.strip_prefix(PATH)?;
    if path.is_empty() {
        return here.site.resources.single();
    }
    let is_sure =
        |resource: &&Resource| path::is_plain(path) && !path::leads_deeper(path, resource, &here.site);
    here.site.resource_at(path).filter(is_sure)
}
