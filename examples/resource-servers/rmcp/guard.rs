//! Lets in who has a token of the site, and tells everybody else where to get one (RFC 6750 §3, RFC 9728 §5.1).

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{
        StatusCode,
        header::{AUTHORIZATION, HOST, WWW_AUTHENTICATE},
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::verifier::Verifier;

pub(crate) struct Guard {
    verifier: Verifier,
    issuers: Vec<String>,
}

impl Guard {
    pub(crate) fn new(jwks_uri: &str, issuers: &[String]) -> Self {
        Self { verifier: Verifier::new(jwks_uri), issuers: issuers.to_vec() }
    }

    /// The site that was called; a name that is none counts as the first.
    fn issuer(&self, host: &str) -> &str {
        let named =
            |issuer: &&String| issuer.split_once("://").is_some_and(|(_, authority)| authority == host);
        self.issuers.iter().find(named).unwrap_or(&self.issuers[0])
    }
}

pub(crate) async fn guarded(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let issuer = guard.issuer(header(HOST).unwrap_or_default());
    let challenge = format!(
        r#"Bearer resource_metadata="{issuer}/.well-known/oauth-protected-resource/mcp", scope="mcp""#
    );
    let refused = |status: StatusCode, error: &str| {
        (status, [(WWW_AUTHENTICATE, format!("{challenge}{error}"))], "{}").into_response()
    };
    let Some(authorization) = header(AUTHORIZATION) else {
        return refused(StatusCode::UNAUTHORIZED, "");
    };
    let token = authorization.strip_prefix("Bearer ").unwrap_or_default();
    let Some(claims) = guard.verifier.claims(token, issuer).await else {
        return refused(StatusCode::UNAUTHORIZED, r#", error="invalid_token""#);
    };
    if !claims["scope"].as_str().is_some_and(|scope| scope.split(' ').any(|one| one == "mcp")) {
        return refused(StatusCode::FORBIDDEN, r#", error="insufficient_scope""#);
    }
    request.extensions_mut().insert(claims);
    next.run(request).await
}
