//! An API with a certificate authority of its own, for a command that waits: a JSON object is read and replaced.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, RequestBuilder};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// An API server that is busy takes its time.
const WHOLE: Duration = Duration::from_secs(20);

/// Whom such an API knows us as, and by what we know it.
#[derive(Debug)]
pub struct Api {
    client: reqwest::Client,
    runtime: Runtime,
}

impl Api {
    /// `token` is sent with every request; `authority` are the certificates, in PEM, that alone are trusted.
    pub fn new(token: &str, authority: &[u8]) -> Result<Self, ApiError> {
        let certificates = Certificate::from_pem_bundle(authority).map_err(|_| ApiError::Authority)?;
        if certificates.is_empty() {
            return Err(ApiError::Authority);
        }
        let client = super::builder()
            .timeout(WHOLE)
            .default_headers(bearer(token)?)
            .tls_certs_only(certificates)
            .build()?;
        Ok(Self { client, runtime: Builder::new_current_thread().enable_all().build()? })
    }

    pub fn get(&self, url: &Url) -> Result<Value, ApiError> {
        let body = self.answer(self.client.get(url.clone()))?;
        serde_json::from_slice(&body).map_err(|_| ApiError::Form)
    }

    pub fn put(&self, url: &Url, object: &Value) -> Result<(), ApiError> {
        self.answer(self.client.put(url.clone()).json(object)).map(drop)
    }

    fn answer(&self, request: RequestBuilder) -> Result<Vec<u8>, ApiError> {
        self.runtime.block_on(async {
            let response = request.header("accept", "application/json").send().await?;
            let status = response.status();
            let body = response.bytes().await?;
            if status.is_success() { Ok(body.into()) } else { Err(ApiError::Status(status.as_u16())) }
        })
    }
}

fn bearer(token: &str) -> Result<HeaderMap, ApiError> {
    let value = HeaderValue::from_str(&format!("Bearer {}", token.trim()));
    let mut value = value.map_err(|_| ApiError::Token)?;
    value.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
}

/// Quotes nothing of what was sent or answered: both may be secret.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("the certificate authority is no certificate in PEM")]
    Authority,
    #[error("the answer is not JSON")]
    Form,
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the token is not one that can be sent")]
    Token,
    #[error("no answer: {}", root(.0))]
    Transport(#[from] reqwest::Error),
}

/// The first cause: what lies above it says only that the request failed.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if error.source().is_none() { "the request failed".to_owned() } else { cause.to_string() }
}
