//! An MCP server on `rmcp` that verifies access tokens itself: one site for each issuer it is given.
//! usage: `rmcp_server PORT JWKS_URI ISSUER...`     e.g. `9000 http://127.0.0.1:8081/jwks https://mcp.example.com`

mod guard;
mod verifier;

use std::{env, error::Error, sync::Arc};

use axum::{Router, http::request::Parts, middleware::from_fn_with_state};
use rmcp::{
    handler::server::tool::Extension,
    model::CallToolResult,
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};
use tokio::net::TcpListener;

use crate::{
    guard::{Guard, guarded},
    verifier::Claims,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [port, jwks_uri, issuers @ ..] = &arguments[..] else { return Err("PORT JWKS_URI ISSUER...".into()) };
    // Any `Host`: the token is what opens. And a session would be whoever's knows its name.
    let config =
        StreamableHttpServerConfig::default().disable_allowed_hosts().with_legacy_session_mode(false);
    let mcp = StreamableHttpService::new(|| Ok(Example), Arc::new(NeverSessionManager::default()), config);
    let guard = Arc::new(Guard::new(jwks_uri, issuers));
    let app = Router::new().route_service("/mcp", mcp).layer(from_fn_with_state(guard, guarded));
    let listener = TcpListener::bind(("127.0.0.1", port.parse()?)).await?;
    Ok(axum::serve(listener, app).await?)
}

struct Example;

#[tool_handler(name = "example", version = "1.0.0")]
impl rmcp::ServerHandler for Example {}

#[tool_router]
impl Example {
    #[tool(description = "Who is calling, as the verified token says")]
    fn whoami(Extension(request): Extension<Parts>) -> CallToolResult {
        CallToolResult::structured(request.extensions.get::<Claims>().cloned().unwrap_or_default().into())
    }
}
