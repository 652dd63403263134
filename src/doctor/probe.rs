//! Asks, and remembers what was answered: each request is sent once, however many assistants would send it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::tls::TlsInfo;
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use tokio::time::{Instant, timeout};
use url::{Url, form_urlencoded};

use super::answer::{Answer, Silence};
use super::target::authority;

/// As long as the most patient assistant waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// After that nothing more is asked.
const WHOLE: Duration = Duration::from_secs(90);
/// More than any document of this protocol; what is behind it is not read.
const LONGEST: usize = 256 * 1024;

/// One request. It may hold a token, so nothing prints it whole.
#[derive(Clone, Eq, Hash, PartialEq)]
pub(super) struct Ask {
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Asked so often before.
    turn: usize,
}

impl Ask {
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, url, headers: Vec::new(), body: String::new(), turn: 0 }
    }

    pub(super) fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn json(url: Url, body: String) -> Self {
        Self::post(url, "application/json", body)
    }

    pub(super) fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::post(url, "application/x-www-form-urlencoded", body)
    }

    fn post(url: Url, content_type: &str, body: String) -> Self {
        Self { body, ..Self::new(Method::POST, url).with("content-type", content_type) }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Once more, to see whether the answer is the same.
    #[must_use]
    pub(super) fn again(self, turn: usize) -> Self {
        Self { turn, ..self }
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Of the MCP server itself.
    pub(super) fn is_knock(&self) -> bool {
        self.body.contains("\"initialize\"")
    }

    /// For a line of the report.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.method, self.url.path())
    }
}

/// The one that asks.
pub(super) struct Probe {
    client: Client,
    host: String,
    at: Option<SocketAddr>,
    until: Instant,
    remembered: Mutex<HashMap<Ask, Result<Answer, Silence>>>,
}

impl Probe {
    /// Asks `host` at the address, if there is one, whatever resolvers say.
    pub(super) fn new(host: &str, at: Option<SocketAddr>, trust: Trust) -> Result<Self, reqwest::Error> {
        let anybody = trust == Trust::Anybody;
        let builder = Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            // Each request may reach another replica.
            .pool_max_idle_per_host(0)
            .tls_info(true)
            .tls_danger_accept_invalid_certs(anybody)
            .tls_danger_accept_invalid_hostnames(anybody)
            .user_agent(concat!("mcp-auth-sidecar/", env!("CARGO_PKG_VERSION"), " doctor"));
        let builder = at.into_iter().fold(builder, |builder, at| builder.resolve(host, at));
        let (client, host) = (builder.build()?, host.to_owned());
        Ok(Self { client, host, at, until: Instant::now() + WHOLE, remembered: Mutex::default() })
    }

    pub(super) async fn ask(&self, ask: &Ask) -> Result<Answer, Silence> {
        if let Some(known) = self.remembered().get(ask) {
            return known.clone();
        }
        let patience = PATIENCE.min(self.until.saturating_duration_since(Instant::now()));
        let answer = timeout(patience, self.sent(ask)).await;
        let answer = answer.unwrap_or(Err(Silence::TimedOut(patience.as_secs())));
        self.remembered().insert(ask.clone(), answer.clone());
        answer
    }

    /// What took longer than this, for a line of the report each.
    pub(super) fn slower_than(&self, millis: u128) -> Vec<String> {
        let remembered = self.remembered();
        let slow = |(ask, answer): (&Ask, &Result<Answer, Silence>)| match answer {
            Ok(answer) if answer.millis > millis => {
                Some(format!("{} took {} ms", ask.shown(), answer.millis))
            }
            _ => None,
        };
        remembered.iter().filter_map(slow).collect()
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<Ask, Result<Answer, Silence>>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sent(&self, ask: &Ask) -> Result<Answer, Silence> {
        let began = Instant::now();
        let response = self.request(ask).send().await.map_err(|error| Silence::of(&error))?;
        let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let certificate = certificate.map(<[u8]>::to_vec);
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = body(response).await?;
        Ok(Answer {
            asked: ask.shown(),
            status,
            headers,
            body,
            millis: began.elapsed().as_millis(),
            certificate,
        })
    }

    fn request(&self, ask: &Ask) -> RequestBuilder {
        let mut request = self.client.request(ask.method.clone(), self.connects_to(&ask.url));
        if !ask.headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", authority(&ask.url));
        }
        for (name, value) in &ask.headers {
            // What a header cannot hold is not sent.
            if let Ok(value) = HeaderValue::from_str(value) {
                request = request.header(HeaderName::from_static(name), value);
            }
        }
        if ask.body.is_empty() { request } else { request.body(ask.body.clone()) }
    }

    /// The URL with the address in it: the port always, the host where no certificate names it.
    fn connects_to(&self, url: &Url) -> Url {
        let mut url = url.clone();
        let Some(at) = self.at.filter(|_| url.host_str() == Some(&self.host)) else { return url };
        // Neither fails for a URL that has a host.
        let _ = url.set_port(Some(at.port()));
        if url.scheme() == "http" {
            let _ = url.set_ip_host(at.ip());
        }
        url
    }
}

/// Whose certificate is good enough.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    /// Whoever an attacker would not be stopped by.
    Anybody,
    /// Those that an assistant trusts.
    Known,
}

/// Reads no further than the limit, and nothing of a stream, which need not end.
async fn body(response: Response) -> Result<String, Silence> {
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if content_type.starts_with(b"text/event-stream") {
        return Ok(String::new());
    }
    let (mut body, mut chunks) = (Vec::new(), response.bytes_stream());
    while let Some(chunk) = chunks.next().await {
        body.extend_from_slice(&chunk.map_err(|error| Silence::of(&error))?);
        if body.len() > LONGEST {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&body).into_owned())
}
