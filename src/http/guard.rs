//! Who may pass to a resource: what the gateway and the forward-auth door ask of a request.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, ORIGIN};

use super::error::ApiError;
use super::params::Params;
use super::{Here, log};
use crate::artifact::AccessToken;
use crate::flow::verify::{Caller, NoEntry};
use crate::oauth::Resource;
use crate::seal::Sealed;
use crate::telemetry::Step;

/// Gives the caller whose token opens this resource. Refuses with the challenge that says how to get one, and
/// whoever calls from a page of a foreign origin.
pub(super) fn admit(
    here: &Here,
    resource: &Resource,
    request: &HttpRequest,
) -> Result<Arc<Caller>, ApiError> {
    if !may_call(here, request.headers()) {
        return Err(ApiError::ForeignOrigin);
    }
    let now = here.app.clock.now();
    let verified = bearer(request).and_then(|token| here.verify(resource, token, &here.app.spent, now));
    match &verified {
        Ok(_) => log::note_step(request, Step::Called),
        Err(NoEntry::NoToken) => log::note_step(request, Step::Challenged),
        Err(_) => {}
    }
    let caller = verified.map_err(|reason| here.no_entry(resource, reason))?;
    if let Some(client) = &caller.client {
        log::note_client(request, client);
    }
    Ok(caller)
}

impl Here {
    /// The refusal with its challenge.
    pub(super) fn no_entry(&self, resource: &Resource, reason: NoEntry) -> ApiError {
        ApiError::NoEntry { challenge: self.challenge(resource, &reason), reason }
    }
}

fn may_call(here: &Here, headers: &HeaderMap) -> bool {
    headers.get_all(ORIGIN).all(|origin| origin.to_str().is_ok_and(|origin| here.site.admits_origin(origin)))
}

/// The access token of a request (RFC 6750 §2): one, in the header.
fn bearer(request: &HttpRequest) -> Result<Option<Sealed<AccessToken>>, NoEntry> {
    let mut values = request.headers().get_all(AUTHORIZATION);
    let (first, second) = (values.next(), values.next());
    let query = Params::parse(request.query_string().as_bytes()).unwrap_or_default();
    if second.is_some() || (first.is_some() && query.has_any(&["access_token"])) {
        return Err(NoEntry::Twice);
    }
    let Some(header) = first else { return Ok(None) };
    let text = String::from_utf8_lossy(header.as_bytes());
    let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    // Another scheme is no token, and so no error (RFC 6750 §3.1).
    Ok(token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty()).map(Sealed::new))
}
