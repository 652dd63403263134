//! Any other origin: shows one page whatever is asked, and remembers what was.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Request, State},
    response::Html,
    routing::any,
};
use tokio::net::TcpListener;
use url::Url;

use crate::chromium::until;

#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub port: u16,
    page: Arc<String>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub(crate) async fn start(page: impl Into<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let this = Self { port, page: Arc::new(page.into()), asked: Arc::default() };
        let router = Router::new().fallback(any(answer)).with_state(this.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        this
    }

    /// Every address that was asked for under this path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Url> {
        let asked = self.asked.lock().unwrap();
        let addresses = asked.iter().map(|target| Url::parse(&format!("http://here{target}")).unwrap());
        addresses.filter(|url| url.path() == path).collect()
    }

    pub(crate) async fn hear(&self, path: &str) -> Url {
        until(path, async || self.asked(path).pop()).await
    }
}

async fn answer(State(listener): State<Listener>, request: Request) -> Html<String> {
    listener.asked.lock().unwrap().push(request.uri().to_string());
    Html(listener.page.to_string())
}

/// The one value of a parameter, if it is there.
pub(crate) fn param(url: &Url, name: &str) -> Option<String> {
    let mut values = url.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let value = values.next();
    assert!(values.next().is_none(), "{name} twice: {url}");
    value
}
