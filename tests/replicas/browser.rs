//! A person's browser: it keeps cookies, and goes where it is sent until the proxy has signed the person in.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::RequestBuilder;
use url::Url;

use crate::harness::{Answer, Ask, browser};

/// As browsers keep them: by host whatever the port, and here is only one host.
pub(crate) struct Browser(Mutex<BTreeMap<String, String>>);

impl Browser {
    /// The name is one that the provider knows.
    pub(crate) async fn signed_in(name: &str, issuer: &str) -> Self {
        let person = ("person".to_owned(), name.to_owned());
        let browser = Self(Mutex::new(BTreeMap::from([person])));
        browser.follow(&format!("{issuer}/oauth2/start?rd=/")).await;
        assert_eq!(
            browser.open(&format!("{issuer}/oauth2/auth")).await.status,
            202,
            "{name} is not signed in"
        );
        browser
    }

    pub(crate) fn sends(&self, request: RequestBuilder) -> RequestBuilder {
        let cookies = self.0.lock().unwrap();
        let cookies: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.header("Cookie", cookies.join("; "))
    }

    async fn follow(&self, url: &str) {
        let mut url = Url::parse(url).unwrap();
        for _ in 0..10 {
            let answer = self.open(url.as_str()).await;
            let Some(to) = answer.location() else { return assert_eq!(answer.status, 200, "{answer:?}") };
            url = url.join(to).unwrap();
        }
        panic!("redirects without end, the last one to {}", url.path());
    }

    async fn open(&self, url: &str) -> Answer {
        let answer = self.sends(browser().get(url)).answer().await;
        let mut cookies = self.0.lock().unwrap();
        for cookie in answer.headers.get_all("Set-Cookie") {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }
}
