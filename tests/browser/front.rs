//! Stands in for the proxy: says who is signed in, passes everything on, remembers who answered from where. It can also change
//! an answer's headers, to show what the browser would do with other ones.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header::CONTENT_LENGTH},
    response::Response,
    routing::any,
};
use tokio::net::TcpListener;

pub(crate) type Headers = Vec<(&'static str, String)>;
pub(crate) type Change = fn(&mut HeaderMap);

/// Where an answer came from, in the browser's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Posted {
    pub origin: Option<String>,
    pub fetch_site: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Front {
    pub port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    sidecar: OnceLock<SocketAddr>,
    person: Mutex<Headers>,
    change: Mutex<Option<Change>>,
    posted: Mutex<Vec<Posted>>,
}

impl Front {
    pub(crate) async fn bind() -> (Self, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (Self { port: listener.local_addr().unwrap().port(), shared: Arc::default() }, listener)
    }

    pub(crate) async fn serve(self, listener: TcpListener, sidecar: SocketAddr) {
        self.shared.sidecar.set(sidecar).unwrap();
        let router = Router::new().fallback(any(pass_on)).with_state(self.shared);
        axum::serve(listener, router).await.unwrap();
    }

    /// From now on these headers come with every request.
    pub(crate) fn sign_in(&self, person: Headers) {
        *self.shared.person.lock().unwrap() = person;
    }

    pub(crate) fn change(&self, change: Change) {
        *self.shared.change.lock().unwrap() = Some(change);
    }

    /// Every answer to a question so far.
    pub(crate) fn posted(&self) -> Vec<Posted> {
        self.shared.posted.lock().unwrap().clone()
    }
}

async fn pass_on(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    if (head.method == Method::POST) && head.uri.path() == "/oauth/consent" {
        shared.posted.lock().unwrap().push(Posted::by(&head.headers));
    }
    for (name, value) in shared.person.lock().unwrap().iter() {
        head.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let url = format!("http://{}{}", shared.sidecar.get().unwrap(), head.uri);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let onward = client().request(head.method, url).headers(head.headers).body(body);
    passed_back(onward.send().await.unwrap(), *shared.change.lock().unwrap())
}

/// Without a pool, because each test's runtime takes its connections with it.
pub(crate) fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let plain = || reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    CLIENT.get_or_init(|| plain().tls_certs_only([]).pool_max_idle_per_host(0).build().unwrap())
}

fn passed_back(mut answer: reqwest::Response, change: Option<Change>) -> Response {
    let mut headers = std::mem::take(answer.headers_mut());
    headers.remove(CONTENT_LENGTH);
    if let Some(change) = change {
        change(&mut headers);
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = headers;
    *response.body_mut() = Body::from_stream(answer.bytes_stream());
    response
}

impl Posted {
    fn by(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap().to_owned());
        Self { origin: text("origin"), fetch_site: text("sec-fetch-site") }
    }
}
