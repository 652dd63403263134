//! An MCP server with a few tools that knows nothing of OAuth: the sidecar's gateway guards it.

use std::{io, time::Duration};

use axum::{
    Router,
    http::{HeaderMap, request::Parts},
};
use rmcp::{
    Peer, RoleServer,
    handler::server::{tool::Extension, wrapper::Parameters},
    model::{ProgressNotificationParam, RequestMetaObject},
    schemars::{self, JsonSchema},
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde::Deserialize;
use tokio::net::TcpListener;

pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let mcp = StreamableHttpService::new(
        || Ok(Tools),
        LocalSessionManager::default().into(),
        StreamableHttpServerConfig::default(),
    );
    axum::serve(listener, Router::new().route_service("/mcp", mcp)).await
}

struct Tools;

#[tool_handler(name = "demo", version = "1.0.0")]
impl rmcp::ServerHandler for Tools {}

#[tool_router]
impl Tools {
    #[tool(description = "Who is calling, as the gateway in front of this server says")]
    fn whoami(Extension(request): Extension<Parts>) -> String {
        let said = |name| forwarded(&request.headers, name);
        format!(
            "{} (user {}, scope {})",
            said("x-forwarded-email"),
            said("x-forwarded-user"),
            said("x-forwarded-scope")
        )
    }

    #[tool(description = "Add two numbers")]
    fn add(Parameters(Sum { a, b }): Parameters<Sum>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Roll some six-sided dice")]
    fn roll_dice(Parameters(Dice { count }): Parameters<Dice>) -> String {
        let rolls: Vec<_> = (0..count).map(|_| rand::random_range(1..=6).to_string()).collect();
        rolls.join(" ")
    }

    #[tool(description = "Count up, one step a second, and report progress on the way")]
    async fn count_slowly(
        Parameters(Count { steps }): Parameters<Count>,
        meta: RequestMetaObject,
        client: Peer<RoleServer>,
    ) -> Result<String, rmcp::ErrorData> {
        for step in 1..=steps {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let Some(token) = meta.get_progress_token() else { continue };
            let progress = ProgressNotificationParam::new(token, f64::from(step))
                .with_total(f64::from(steps))
                .with_message(format!("{step} of {steps}"));
            // Who stopped listening for progress may still want the result.
            let _ = client.notify_progress(progress).await;
        }
        Ok(format!("Counted to {steps}."))
    }
}

#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: f64,
    b: f64,
}

#[derive(Deserialize, JsonSchema)]
struct Dice {
    /// How many, one unless told
    #[serde(default = "one")]
    count: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    /// How far, five unless told
    #[serde(default = "five")]
    steps: u8,
}

fn one() -> u8 {
    1
}

fn five() -> u8 {
    5
}

/// Header values are bytes: an address may be UTF-8, which `to_str` would refuse.
fn forwarded(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .map_or_else(|| "unknown".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
