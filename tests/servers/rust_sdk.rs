//! The tools of the tests on the Rust SDK, which is told nothing of OAuth; it runs in this process.

use std::{fs::File, path::Path, thread, time::Duration};

use axum::Router;
use rmcp::{
    ErrorData, Peer, RoleServer, ServerHandler,
    handler::server::wrapper::Parameters,
    model::{ProgressNotificationParam, ServerCapabilities, ServerConfig, SubscriptionFilter},
    schemars::{self, JsonSchema},
    service::{RequestContext, SubscriptionContext},
    tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde::Deserialize;
use tokio::{net::TcpListener, runtime, sync::broadcast};

/// On a thread of its own, to the end of the test run.
pub(crate) fn start(port: u16, path: &'static str, folder: &'static Path) {
    let (news, _) = broadcast::channel(16);
    let tools = move || Ok(Tools { folder, news: news.clone() });
    thread::spawn(move || {
        runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let sessions = LocalSessionManager::default().into();
            let mcp = StreamableHttpService::new(tools, sessions, StreamableHttpServerConfig::default());
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            axum::serve(listener, Router::new().route_service(path, mcp)).await.unwrap();
        });
    });
}

struct Tools {
    folder: &'static Path,
    /// For who listens.
    news: broadcast::Sender<()>,
}

#[tool_handler]
impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, listener: SubscriptionContext) -> Result<(), ErrorData> {
        let mut news = self.news.subscribe();
        while news.recv().await.is_ok() {
            if listener.sink().notify_tool_list_changed().await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[tool_router]
impl Tools {
    #[tool(description = "Add two numbers")]
    fn add(Parameters(Sum { a, b }): Parameters<Sum>) -> String {
        (a + b).to_string()
    }

    #[tool(description = "Report each step, and take the next one when the file KEY.STEP is there")]
    async fn count(
        &self,
        Parameters(Count { key, steps }): Parameters<Count>,
        context: RequestContext<RoleServer>,
    ) -> Result<String, ErrorData> {
        let mut running = Running { folder: self.folder, key: &key, ended: "cancelled" };
        for step in 1..=steps {
            let token = context.meta.get_progress_token().unwrap();
            let progress =
                ProgressNotificationParam::new(token, f64::from(step)).with_total(f64::from(steps));
            let _ = context.peer.notify_progress(progress).await;
            while !self.folder.join(format!("{key}.{step}")).exists() {
                tokio::time::sleep(Duration::from_millis(20)).await;
                if context.ct.is_cancelled() {
                    return Err(ErrorData::internal_error("cancelled", None));
                }
            }
        }
        running.ended = "done";
        Ok(format!("counted to {steps}"))
    }

    #[tool(description = "Tell that the tools changed: who has a session, and who listens")]
    async fn announce(&self, client: Peer<RoleServer>) -> String {
        let _ = client.notify_tool_list_changed().await;
        let _ = self.news.send(());
        "announced".to_owned()
    }
}

/// However a call ends, it leaves a word.
struct Running<'a> {
    folder: &'a Path,
    key: &'a str,
    ended: &'static str,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Self { folder, key, ended } = self;
        File::create(folder.join(format!("{key}.{ended}"))).unwrap();
    }
}

#[derive(Deserialize, JsonSchema)]
struct Sum {
    a: i64,
    b: i64,
}

#[derive(Deserialize, JsonSchema)]
struct Count {
    key: String,
    steps: u8,
}
