//! Stands for oauth2-proxy, a browser and a person at once: who asks for an authorization gets the person's answer straight away.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    response::Response,
};
use reqwest::{Client, RequestBuilder, redirect::Policy};
use tokio::net::TcpListener;

/// A client may ask the person to say no: `deny`.
pub(crate) const ANSWER: &str = "x-stand-in-answer";
const HOP_BY_HOP: [HeaderName; 4] =
    [header::CONNECTION, header::TRANSFER_ENCODING, header::TE, header::UPGRADE];

#[derive(Debug)]
pub(crate) struct StandIn {
    sidecar: String,
    secret: String,
    http: Client,
}

impl StandIn {
    pub(crate) fn new(sidecar: u16, secret: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { sidecar: format!("http://127.0.0.1:{sidecar}"), secret: secret.to_owned(), http }
    }

    pub(crate) async fn serve(self, listener: TcpListener) {
        let app = Router::new().fallback(answer).with_state(Arc::new(self));
        axum::serve(listener, app).await.unwrap();
    }

    /// As the proxy sends it: with the person's headers on every route.
    fn request(&self, method: Method, path: &str, headers: &HeaderMap) -> RequestBuilder {
        let mut headers = headers.clone();
        for (name, value) in [
            ("x-forwarded-user", "1001"),
            ("x-forwarded-email", "alice@example.com"),
            ("x-sidecar-auth", &self.secret),
        ] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        for name in HOP_BY_HOP {
            headers.remove(name);
        }
        self.http.request(method, format!("{}{path}", self.sidecar)).headers(headers)
    }

    async fn consent(&self, question: &str, answer: &str, host: &HeaderValue) -> reqwest::Response {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("question", question), ("answer", answer)])
            .finish();
        let origin = format!("http://{}", host.to_str().unwrap());
        let headers = HeaderMap::from_iter([
            (header::HOST, host.clone()),
            (header::ORIGIN, HeaderValue::from_str(&origin).unwrap()),
            (header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
        ]);
        self.request(Method::POST, "/oauth/consent", &headers).body(form).send().await.unwrap()
    }
}

async fn answer(State(stand_in): State<Arc<StandIn>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap().as_str();
    let onward = stand_in.request(head.method, path, &head.headers);
    let onward = if body.is_end_stream() {
        onward
    } else {
        onward.body(reqwest::Body::wrap_stream(body.into_data_stream()))
    };
    let response = onward.send().await.unwrap();
    if head.uri.path() != "/oauth/authorize" || response.status() != 200 {
        return passed_back(response);
    }
    let page = response.text().await.unwrap();
    let answer = head.headers.get(ANSWER).map_or("allow", |answer| answer.to_str().unwrap());
    passed_back(stand_in.consent(question_in(&page), answer, &head.headers[header::HOST]).await)
}

fn question_in(page: &str) -> &str {
    let (_, after) = page.split_once(r#"name="question" value=""#).expect("a form that asks");
    after.split_once('"').unwrap().0
}

fn passed_back(mut response: reqwest::Response) -> Response {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    for name in HOP_BY_HOP {
        answer.headers_mut().remove(name);
    }
    *answer.body_mut() = Body::from_stream(response.bytes_stream());
    answer
}
