//! The one outgoing HTTP client: time-outs, sizes, no redirects, no proxies of the environment.

mod api;

use std::time::Duration;

use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;
use url::Url;

pub use api::{Api, ApiError};

/// Fetches small JSON documents.
#[derive(Clone, Debug)]
pub struct Fetch(reqwest::Client);

impl Fetch {
    pub fn new() -> Result<Self, FetchError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .timeout(Duration::from_secs(5))
            .user_agent(concat!("mcp-auth-sidecar/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    /// Gives the document at `url` if the answer is 200, JSON and of at most `limit` bytes.
    pub async fn json<T: DeserializeOwned>(&self, url: &Url, limit: usize) -> Result<T, FetchError> {
        let response = self.0.get(url.clone()).header("accept", "application/json").send().await?;
        if response.status() != 200 {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
        while let Some(chunk) = chunks.next().await {
            body.extend_from_slice(&chunk?);
            if body.len() > limit {
                return Err(FetchError::TooLarge);
            }
        }
        serde_json::from_slice(&body).map_err(FetchError::Json)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the answer is not the JSON that was expected: {0}")]
    Json(serde_json::Error),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer is too large")]
    TooLarge,
    #[error("no answer: {0}")]
    Transport(#[from] reqwest::Error),
}
