//! A person at a browser of their own: follows redirects through proxy and provider, keeps cookies, reads the consent page, answers it.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::HeaderMap, redirect::Policy};
use url::Url;

use crate::{secrets, stack::Stack};

#[derive(Debug)]
pub(crate) struct Person {
    pub address: String,
    http: Client,
    /// As browsers keep them: by host whatever the port.
    cookies: Mutex<BTreeMap<(String, String), String>>,
    ours: [String; 3],
}

/// Where a walk ended: on a page of ours, or at a redirect to somebody else.
#[derive(Debug)]
pub(crate) enum Landing {
    Away(Url, StatusCode),
    Page(Page),
}

#[derive(Debug)]
pub(crate) struct Page {
    pub url: Url,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub html: String,
}

/// The consent page, read and found in order.
#[derive(Debug)]
pub(crate) struct Consent {
    pub page: Page,
    pub question: String,
}

/// What the browser brings to the client.
#[derive(Debug)]
pub(crate) struct Answer {
    pub url: Url,
}

impl Person {
    /// `name` is one that the provider knows; nobody is signed in anywhere yet.
    pub(crate) fn named(name: &str, stack: &Stack) -> Self {
        let who = (("127.0.0.1".to_owned(), "person".to_owned()), name.to_owned());
        let domain = if name == "mallory" { "evil.example" } else { "example.com" };
        Self {
            address: format!("{name}@{domain}"),
            http: Client::builder().redirect(Policy::none()).build().unwrap(),
            cookies: Mutex::new(BTreeMap::from([who])),
            ours: [stack.internal.issuer.clone(), stack.public.issuer.clone(), stack.provider()],
        }
    }

    pub(crate) async fn allow(&self, authorize_url: &str) -> Answer {
        let consent = self.asked(authorize_url).await;
        self.answer(&consent, "allow").await
    }

    pub(crate) async fn deny(&self, authorize_url: &str) -> Answer {
        let consent = self.asked(authorize_url).await;
        self.answer(&consent, "deny").await
    }

    pub(crate) async fn asked(&self, authorize_url: &str) -> Consent {
        Consent::on(self.page(authorize_url).await, &self.address)
    }

    /// The page this address leads to; a redirect to somebody else is a failure.
    pub(crate) async fn page(&self, url: &str) -> Page {
        match self.open(url).await {
            Landing::Page(page) => page,
            Landing::Away(to, _) => panic!("{url} sent the browser away to {to}"),
        }
    }

    pub(crate) async fn open(&self, url: &str) -> Landing {
        self.walk(Method::GET, Url::parse(url).unwrap(), |request| request).await
    }

    pub(crate) async fn answer(&self, consent: &Consent, answer: &str) -> Answer {
        match self.submit(consent, answer, |request| request).await {
            Landing::Away(url, status) => {
                assert_eq!(status, 303, "a POST is answered by a redirect that is fetched with GET");
                Answer::of(url, &consent.page.url)
            }
            Landing::Page(page) => {
                panic!("{} instead of an answer to the client: {}", page.status, page.html)
            }
        }
    }

    pub(crate) async fn submit(
        &self,
        consent: &Consent,
        answer: &str,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Landing {
        let origin = consent.page.url.origin().ascii_serialization();
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("question", consent.question.as_str()), ("answer", answer)])
            .finish();
        let url = consent.page.url.join("/oauth/consent").unwrap();
        self.walk(Method::POST, url, |request| {
            dress(
                request
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .header("Origin", &origin)
                    .header("Sec-Fetch-Site", "same-origin")
                    .body(form.clone()),
            )
        })
        .await
    }

    /// The first request as `dress` makes it, what it leads to by plain GET.
    pub(crate) async fn walk(
        &self,
        method: Method,
        url: Url,
        dress: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Landing {
        let mut response = dress(self.request(method, &url)).send().await.unwrap();
        let mut url = url;
        for _ in 0..10 {
            self.keep_cookies(&url, response.headers());
            let status = response.status();
            let Some(to) = response.headers().get("Location").filter(|_| status.is_redirection()) else {
                let headers = response.headers().clone();
                return Landing::Page(Page { url, status, headers, html: response.text().await.unwrap() });
            };
            url = url.join(to.to_str().unwrap()).unwrap();
            if !self.ours.contains(&url.origin().ascii_serialization()) {
                return Landing::Away(url, status);
            }
            response = self.request(Method::GET, &url).send().await.unwrap();
        }
        panic!("redirects without end, the last one to {url}");
    }

    /// As the header says them.
    pub(crate) fn cookies(&self, host: &str) -> String {
        let cookies = self.cookies.lock().unwrap();
        let of_host = cookies.iter().filter(|((of, _), _)| of == host);
        of_host.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn request(&self, method: Method, url: &Url) -> RequestBuilder {
        let host = url.host_str().unwrap();
        let cookies = self.cookies.lock().unwrap();
        let of_host = cookies.iter().filter(|((of, _), _)| of == host);
        let cookies =
            of_host.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let request = self.http.request(method, url.clone()).header("Accept", "text/html,*/*;q=0.8");
        if cookies.is_empty() { request } else { request.header("Cookie", cookies) }
    }

    fn keep_cookies(&self, url: &Url, headers: &HeaderMap) {
        let host = url.host_str().unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in headers.get_all("Set-Cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            let key = (host.to_owned(), name.to_owned());
            if value.is_empty() {
                cookies.remove(&key);
            } else {
                cookies.insert(key, secrets::noted(value));
            }
        }
    }
}

impl Consent {
    fn on(page: Page, address: &str) -> Self {
        assert_eq!(page.status, 200, "{}", page.html);
        let header = |name| page.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap();
        assert!(header("Content-Type").starts_with("text/html"), "{}", header("Content-Type"));
        assert!(header("Cache-Control").contains("no-store"), "{}", header("Cache-Control"));
        assert!(
            header("Content-Security-Policy").contains("frame-ancestors 'none'"),
            "the page can be framed"
        );
        assert_eq!(header("Referrer-Policy"), "same-origin");
        assert!(page.html.contains(address), "the page does not say who is signed in: {}", page.html);
        assert!(!page.html.contains("<script"), "the page needs JavaScript");
        for part in [
            r#"<form method="post" action="/oauth/consent""#,
            r#"name="answer" value="allow""#,
            r#"name="answer" value="deny""#,
        ] {
            assert!(page.html.contains(part), "no {part} in {}", page.html);
        }
        let question = secrets::noted(question_in(&page.html));
        Self { page, question }
    }

    /// Who asks and where the answer goes: what the person decides on.
    pub(crate) fn names(&self, words: &[&str]) {
        for word in words {
            assert!(self.page.html.contains(word), "the page does not say {word}: {}", self.page.html);
        }
    }
}

impl Answer {
    /// RFC 9207: every answer says whose it is, in the metadata's own bytes.
    fn of(url: Url, page: &Url) -> Self {
        let answer = Self { url };
        assert_eq!(answer.param("iss"), Some(page.origin().ascii_serialization()), "{}", answer.url);
        if let Some(code) = answer.param("code") {
            secrets::note(&code);
        }
        answer
    }

    pub(crate) fn code(&self) -> String {
        self.param("code").unwrap_or_else(|| panic!("no code in {}", self.url))
    }

    pub(crate) fn param(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

fn question_in(html: &str) -> &str {
    let (_, after) =
        html.split_once(r#"name="question" value=""#).unwrap_or_else(|| panic!("no question in {html}"));
    after.split_once('"').unwrap().0
}
