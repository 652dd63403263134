//! The one outgoing HTTP client: time-outs, sizes, no redirects, no proxies of the environment.

mod address;
mod api;
mod freshness;
mod outside;

use std::error::Error;
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{ClientBuilder, Response};
use serde::de::DeserializeOwned;
use url::Url;

pub use api::{Api, ApiError};
use outside::Inside;
pub use outside::{Answer, Outside, Reach};

/// From the name's first look-up to the answer's last byte.
const WHOLE: Duration = Duration::from_secs(5);

/// Fetches small JSON documents from where the operator says.
#[derive(Clone, Debug)]
pub struct Fetch(reqwest::Client);

impl Fetch {
    pub fn new() -> Result<Self, FetchError> {
        Ok(Self(builder().build()?))
    }

    /// Gives the document at `url` if the answer is 200, JSON and of at most `limit` bytes.
    pub async fn json<T: DeserializeOwned>(&self, url: &Url, limit: usize) -> Result<T, FetchError> {
        let response = self.0.get(url.clone()).header("accept", "application/json").send().await?;
        is_ok(&response)?;
        body(response, limit).await
    }
}

fn builder() -> ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(Duration::from_secs(3))
        .timeout(WHOLE)
        .user_agent(concat!("mcp-auth-sidecar/", env!("CARGO_PKG_VERSION")))
}

fn is_ok(response: &Response) -> Result<(), FetchError> {
    if response.status() == 200 { Ok(()) } else { Err(FetchError::Status(response.status().as_u16())) }
}

/// Reads no further than the limit.
async fn body<T: DeserializeOwned>(response: Response, limit: usize) -> Result<T, FetchError> {
    let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > limit {
            return Err(FetchError::TooLarge);
        }
    }
    serde_json::from_slice(&body).map_err(FetchError::Json)
}

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the address is not one of the public internet")]
    Inside,
    #[error("the answer is not the JSON that was expected: {0}")]
    Json(serde_json::Error),
    #[error("the answer is of another media type")]
    MediaType,
    #[error("only port 443 is asked")]
    Port,
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer did not come in time")]
    TimedOut,
    #[error("the answer is too large")]
    TooLarge,
    #[error("no answer: {0}")]
    Transport(#[source] reqwest::Error),
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        if is_caused_by::<Inside>(&error) { Self::Inside } else { Self::Transport(error) }
    }
}

/// Did an error of ours, handed to the client on its way, make a request fail?
pub fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(error.source(), |&error| error.source()).any(<dyn Error>::is::<E>)
}
