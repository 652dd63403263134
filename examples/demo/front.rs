//! In oauth2-proxy's place: asks who is there on the way to authorize and consent, and lets everything else through.

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONNECTION},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use reqwest::redirect::Policy;
use tokio::net::TcpListener;

use crate::{
    Failure,
    sign_in::{self, Person, Sessions},
};

pub(crate) const ABOUT: &str = "
  in the places of oauth2-proxy and Google: a page that asks who you are (be somebody else: /demo/sign-in)";

const FORWARDED_FOR: &str = "x-forwarded-for";
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>) -> io::Result<()> {
    let doors = Router::new()
        .route(sign_in::PATH, get(sign_in::page).post(sign_in::answer))
        .route("/oauth2/start", get(sign_in::page))
        .route("/oauth2/sign_out", get(sign_in::end))
        .route("/oauth/authorize", any(for_people))
        .route("/oauth/consent", any(for_people))
        .fallback(for_everybody)
        .with_state(front);
    axum::serve(listener, doors.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn for_people(
    State(front): State<Arc<Front>>,
    peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    match front.sessions.person(request.headers()) {
        Some(person) => front.pass_on(request, peer.0, Some(person)).await,
        None => sign_in::redirect(request.uri()),
    }
}

async fn for_everybody(
    State(front): State<Arc<Front>>,
    peer: ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    front.pass_on(request, peer.0, None).await
}

pub(crate) struct Front {
    sidecar: SocketAddr,
    secret: HeaderValue,
    client: reqwest::Client,
    sessions: Sessions,
}

impl Front {
    pub(crate) fn new(sidecar: SocketAddr, secret: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder().no_proxy().redirect(Policy::none());
        let client = client.no_gzip().no_brotli().no_zstd().no_deflate().build()?;
        let secret = HeaderValue::from_str(secret).map_err(io::Error::other)?;
        Ok(Self { sidecar, secret, client, sessions: Sessions::default() })
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    async fn pass_on(&self, request: Request, peer: SocketAddr, person: Option<&Person>) -> Response {
        let (mut head, body) = request.into_parts();
        let headers = &mut head.headers;
        strip_hop_by_hop(headers);
        strip_identity(headers);
        append_peer(headers, peer);
        if let Some(person) = person {
            headers.insert("x-forwarded-user", HeaderValue::from_static(person.user));
            headers.insert("x-forwarded-email", HeaderValue::from_static(person.email));
            headers.insert("x-sidecar-auth", self.secret.clone());
        }
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut onward =
            self.client.request(head.method, format!("http://{}{path}", self.sidecar)).headers(head.headers);
        if !body.is_end_stream() {
            onward = onward.body(reqwest::Body::wrap_stream(body.into_data_stream()));
        }
        onward.send().await.map_or_else(|error| bad_gateway(&error), passed_back)
    }
}

fn passed_back(mut response: reqwest::Response) -> Response {
    let headers = std::mem::take(response.headers_mut());
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = headers;
    strip_hop_by_hop(answer.headers_mut());
    *answer.body_mut() = Body::from_stream(response.bytes_stream());
    answer
}

fn bad_gateway(error: &reqwest::Error) -> Response {
    (StatusCode::BAD_GATEWAY, format!("The sidecar does not answer: {error}\n")).into_response()
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<_> = named.flat_map(|list| list.split(',')).map(|name| name.trim().to_owned()).collect();
    for name in HOP_BY_HOP.into_iter().chain(named.iter().map(String::as_str)) {
        headers.remove(name);
    }
}

/// Some servers read `_` as `-`, so a client's `X_Forwarded_Email` must not get through either.
fn strip_identity(headers: &mut HeaderMap) {
    let ours: Vec<_> = headers.keys().filter(|name| speaks_of_identity(name)).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

fn speaks_of_identity(name: &HeaderName) -> bool {
    let spelt = name.as_str().replace('_', "-");
    let families = ["x-forwarded-", "x-auth-request-", "x-sidecar-", "gap-"];
    let ours = ["forwarded", "x-real-ip"];
    name != FORWARDED_FOR
        && (ours.contains(&spelt.as_str()) || families.iter().any(|family| spelt.starts_with(family)))
}

fn append_peer(headers: &mut HeaderMap, peer: SocketAddr) {
    let earlier =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok().map(str::to_owned));
    let way: Vec<_> = earlier.chain([peer.ip().to_string()]).collect();
    if let Ok(way) = HeaderValue::from_str(&way.join(", ")) {
        headers.insert(FORWARDED_FOR, way);
    }
}
