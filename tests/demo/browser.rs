//! A person's browser: follows redirects, keeps cookies, fills in the form of a page.

use std::{cell::RefCell, collections::BTreeMap};

use reqwest::{
    Client, Method, Response,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, HeaderValue, LOCATION, ORIGIN, SET_COOKIE},
    redirect::Policy,
};
use url::{Url, form_urlencoded};

pub(crate) struct Browser {
    http: Client,
    /// Where it stops: nobody listens at the client's callback.
    callback: &'static str,
    /// By host, whatever the port.
    cookies: RefCell<BTreeMap<(String, String), String>>,
}

pub(crate) struct Page {
    pub(crate) url: Url,
    pub(crate) html: String,
}

impl Browser {
    /// Each of its requests claims to be Mallory's, in a spelling that some servers read as the proxy's header.
    pub(crate) fn new(callback: &'static str) -> Self {
        let lie = HeaderValue::from_static("mallory@evil.example");
        let headers = HeaderMap::from_iter([("x_forwarded_email".parse().unwrap(), lie)]);
        let http = Client::builder().no_proxy().redirect(Policy::none()).default_headers(headers);
        Self { http: http.build().unwrap(), callback, cookies: RefCell::default() }
    }

    pub(crate) async fn open(&self, url: &str) -> Page {
        let url = Url::parse(url).unwrap();
        let response = self.send(Method::GET, &url, None).await;
        self.follow(url, response).await
    }

    /// Posts the form of the page to where it says.
    pub(crate) async fn submit(&self, page: &Page, fields: &[(&str, &str)]) -> Page {
        let url = page.url.join(between(&page.html, "action=\"", "\"")).unwrap();
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let response = self.send(Method::POST, &url, Some(form)).await;
        assert!(response.status().is_redirection(), "{url} answers {}", response.status());
        self.follow(url, response).await
    }

    async fn follow(&self, mut url: Url, mut response: Response) -> Page {
        while response.status().is_redirection() {
            url = url.join(response.headers()[LOCATION].to_str().unwrap()).unwrap();
            if url.as_str().starts_with(self.callback) {
                return Page { url, html: String::new() };
            }
            response = self.send(Method::GET, &url, None).await;
        }
        assert!(response.status().is_success(), "{url} answers {}", response.status());
        Page { url, html: response.text().await.unwrap() }
    }

    async fn send(&self, method: Method, url: &Url, form: Option<String>) -> Response {
        let mut request = self.http.request(method, url.clone()).header(COOKIE, self.cookies_for(url));
        if let Some(form) = form {
            let origin = url.origin().ascii_serialization();
            request =
                request.header(ORIGIN, origin).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            request = request.body(form);
        }
        let response = request.send().await.unwrap();
        self.keep_cookies(url, response.headers());
        response
    }

    fn cookies_for(&self, url: &Url) -> String {
        let cookies = self.cookies.borrow();
        let of_host = cookies.iter().filter(|((host, _), _)| Some(host.as_str()) == url.host_str());
        of_host.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&self, url: &Url, headers: &HeaderMap) {
        let host = url.host_str().unwrap();
        for cookie in headers.get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.borrow_mut().insert((host.to_owned(), name.to_owned()), value.to_owned());
        }
    }
}

pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let Some((_, after)) = text.split_once(start) else { panic!("no {start} in {text}") };
    after.split_once(end).unwrap().0
}
