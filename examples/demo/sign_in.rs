//! In Google's place: a page that asks who one is, and sessions that last as long as the demo.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    extract::{Form, Query, State},
    http::{
        HeaderMap, HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, LOCATION, SET_COOKIE},
    },
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use crate::front::Front;

pub(crate) const PATH: &str = "/demo/sign-in";
const SESSION: &str = "demo_session";

#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) email: &'static str,
    pub(crate) user: &'static str,
    about: &'static str,
}

const PEOPLE: [Person; 3] = [
    Person { email: "alice@example.com", user: "1001", about: "of the organization" },
    Person { email: "bob@example.com", user: "1002", about: "of the organization" },
    Person { email: "mallory@evil.example", user: "6666", about: "of another one: the sidecar refuses her" },
];

#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, &'static Person>>);

impl Sessions {
    pub(crate) fn person(&self, headers: &HeaderMap) -> Option<&'static Person> {
        self.lock().get(session(headers)?).copied()
    }

    fn begin(&self, person: &'static Person) -> String {
        let id = format!("{:032x}", rand::random::<u128>());
        self.lock().insert(id.clone(), person);
        id
    }

    fn end(&self, headers: &HeaderMap) {
        if let Some(id) = session(headers) {
            self.lock().remove(id);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, &'static Person>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, id)| (name == SESSION).then_some(id))
}

/// As oauth2-proxy does with any method: after the sign-in, the browser comes back with a GET.
pub(crate) fn redirect(wanted: &Uri) -> Response {
    let back = wanted.path_and_query().map_or("/", |path| path.as_str());
    redirect_to(StatusCode::FOUND, &page_address(back))
}

#[derive(Deserialize)]
pub(crate) struct Way {
    #[serde(default)]
    rd: String,
}

pub(crate) async fn page(Query(Way { rd }): Query<Way>) -> Response {
    let button = |Person { email, about, .. }: &Person| {
        format!(r#"<p><button name="person" value="{email}">{email}</button> {about}</p>"#)
    };
    let html = include_str!("sign_in.html")
        .replace("{action}", &page_address(relative(&rd)))
        .replace("{buttons}", &PEOPLE.each_ref().map(button).join("\n"));
    let headers = [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    (headers, Html(html)).into_response()
}

#[derive(Deserialize)]
pub(crate) struct Answer {
    person: String,
}

pub(crate) async fn answer(
    State(front): State<Arc<Front>>,
    Query(Way { rd }): Query<Way>,
    Form(Answer { person }): Form<Answer>,
) -> Response {
    let Some(person) = PEOPLE.iter().find(|known| known.email == person) else {
        return (StatusCode::BAD_REQUEST, "Nobody of that name is on the list.").into_response();
    };
    let cookie = format!("{SESSION}={}; Path=/; HttpOnly; SameSite=Lax", front.sessions().begin(person));
    let back = redirect_to(StatusCode::SEE_OTHER, relative(&rd));
    ([(SET_COOKIE, cookie)], back).into_response()
}

/// The pages link to oauth2-proxy's own address for this.
pub(crate) async fn end(
    State(front): State<Arc<Front>>,
    Query(Way { rd }): Query<Way>,
    headers: HeaderMap,
) -> Response {
    front.sessions().end(&headers);
    redirect_to(StatusCode::FOUND, if rd.is_empty() { PATH } else { relative(&rd) })
}

/// Percent-encoded down to letters that mean nothing in HTML.
fn page_address(back: &str) -> String {
    let rd: String = byte_serialize(back.as_bytes()).collect();
    format!("{PATH}?rd={rd}")
}

/// Any other address would make this page an open redirect; browsers drop control characters and read `\` as `/`.
fn relative(rd: &str) -> &str {
    let path = rd.strip_prefix('/').filter(|rest| !rest.starts_with(['/', '\\']));
    path.filter(|rest| !rest.contains(char::is_control)).map_or("/", |_| rd)
}

fn redirect_to(status: StatusCode, address: &str) -> Response {
    match HeaderValue::from_bytes(address.as_bytes()) {
        Ok(address) => (status, [(LOCATION, address), (CACHE_CONTROL, HeaderValue::from_static("no-store"))])
            .into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}
