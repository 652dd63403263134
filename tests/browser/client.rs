//! What a client does before the browser opens, and after it is answered.

use reqwest::Response;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::front::client;

/// The pair of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const STATE: &str = "af0ifjsldkj";

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub id: String,
    pub redirect_uri: String,
}

impl Client {
    pub(crate) async fn register(site: &str, name: &str, redirect_uri: &str) -> Self {
        let metadata = json!({"client_name": name, "redirect_uris": [redirect_uri]});
        let answer = send(site, "/oauth/register", "application/json", metadata.to_string()).await;
        let answer: Value = answer.json().await.unwrap();
        let id = answer["client_id"].as_str().unwrap_or_else(|| panic!("not registered: {answer}"));
        Self { id: id.to_owned(), redirect_uri: redirect_uri.to_owned() }
    }

    /// Where the client sends the browser.
    pub(crate) fn asks(&self, site: &str) -> String {
        self.asks_with(site, "state", STATE)
    }

    /// The same but for one parameter; an empty value takes it away.
    pub(crate) fn asks_with(&self, site: &str, name: &str, value: &str) -> String {
        let request = [
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", STATE),
            ("scope", "mcp tools:write"),
        ];
        let rest = request.into_iter().filter(|(other, _)| *other != name);
        let params = rest.chain([(name, value)].into_iter().filter(|(_, value)| !value.is_empty()));
        Url::parse_with_params(&format!("{site}/oauth/authorize"), params).unwrap().into()
    }

    /// The hidden field of the page, got without a browser.
    pub(crate) async fn question(&self, site: &str) -> String {
        let page = client().get(self.asks(site)).send().await.unwrap().text().await.unwrap();
        let (_, rest) = page.split_once("name=\"question\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// Does an answer without a browser give a code?
    pub(crate) async fn is_allowed(&self, site: &str, question: &str) -> bool {
        let form = encoded(&[("question", question), ("answer", "allow")]);
        let answer = send(site, "/oauth/consent", FORM, form).await;
        answer.headers()["location"].to_str().unwrap().starts_with(&format!("{}?code=", self.redirect_uri))
    }

    /// Does the token endpoint take this code?
    pub(crate) async fn redeems(&self, site: &str, code: &str) -> bool {
        let exchange = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", &self.redirect_uri),
        ];
        let answer: Value = send(site, "/oauth/token", FORM, encoded(&exchange)).await.json().await.unwrap();
        answer["access_token"].is_string()
    }
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

async fn send(site: &str, path: &str, media_type: &str, body: String) -> Response {
    let request = client().post(format!("{site}{path}")).header("Content-Type", media_type).body(body);
    request.send().await.unwrap()
}
