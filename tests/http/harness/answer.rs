//! What came back, read whole.

use crate::harness::{Form, encoded};
use reqwest::RequestBuilder;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use std::fmt;
use url::form_urlencoded;

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

pub(crate) trait Ask {
    fn fields(self, form: &Form) -> Self;

    async fn answer(self) -> Answer;
}

impl Ask for RequestBuilder {
    fn fields(self, form: &Form) -> Self {
        self.header("Content-Type", "application/x-www-form-urlencoded").body(encoded(form))
    }

    async fn answer(self) -> Answer {
        let response = self.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.expect("a body").to_vec() }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a header of text"))
    }

    pub(crate) fn is(&self, media_type: &str) -> bool {
        let sent = self.header("content-type").unwrap_or_default().to_ascii_lowercase();
        sent.split(';').next().is_some_and(|sent| sent.trim() == media_type)
    }

    pub(crate) fn json(&self) -> Value {
        let keys_or_json = self.is("application/json") || self.is("application/jwk-set+json");
        assert!(keys_or_json, "no JSON: {self:?}");
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn field(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.text())).to_owned()
    }

    /// A page for a person: nobody is sent anywhere.
    pub(crate) fn is_refusal_page(&self) -> bool {
        self.status >= 400 && self.is("text/html") && !self.headers.contains_key("location")
    }

    /// A page that asks: nobody is sent anywhere yet.
    pub(crate) fn is_question(&self) -> bool {
        self.status == 200 && self.is("text/html") && self.question_field().is_some()
    }

    pub(crate) fn question(&self) -> String {
        self.question_field().unwrap_or_else(|| panic!("no question: {self:?}"))
    }

    fn question_field(&self) -> Option<String> {
        let page = self.text();
        let inputs = page.split("<input").skip(1).filter_map(|rest| rest.split('>').next());
        let field = inputs.into_iter().find(|input| input.contains("name=\"question\""))?;
        let (_, value) = field.split_once("value=\"")?;
        value.split('"').next().map(str::to_owned)
    }

    pub(crate) fn location(&self) -> Option<&str> {
        self.header("location")
    }

    /// Where the browser is sent, without what was added for the client.
    pub(crate) fn target(&self) -> Option<&str> {
        self.location().and_then(|location| location.split('?').next())
    }

    /// One value that the client gets at its redirect URI; it must be there at most once.
    pub(crate) fn param(&self, name: &str) -> Option<String> {
        let location = self.location()?;
        let mut values = query_of(location).into_iter().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value);
        assert!(values.next().is_none(), "{name} twice: {location}");
        value
    }

    /// Only what was parsed off a socket by hand comes through here.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let name: HeaderName = name.parse().expect("a header's name");
            headers.append(name, HeaderValue::from_str(value.trim()).expect("a header's value"));
        }
        let body = bytes.get(end + 4..).unwrap_or_default().to_vec();
        Self { status: status.unwrap_or_default(), headers, body }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.status, self.headers, self.text())
    }
}

pub(crate) fn query_of(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
