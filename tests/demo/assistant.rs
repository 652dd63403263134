//! An assistant: finds its way, registers, has its person sign in and consent, calls a tool.

use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE},
    redirect::Policy,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use crate::browser::{Browser, between};

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:1/callback";

pub(crate) struct Assistant {
    site: String,
    http: Client,
}

impl Assistant {
    pub(crate) fn new(site: String) -> Self {
        Self { site, http: Client::builder().no_proxy().redirect(Policy::none()).build().unwrap() }
    }

    pub(crate) async fn discover(&self) -> Value {
        let refused = self.http.post(format!("{}/mcp", self.site)).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
        let challenge = refused.headers()[WWW_AUTHENTICATE].to_str().unwrap();
        let resource = self.json(between(challenge, "resource_metadata=\"", "\"")).await;
        assert_eq!(resource["resource"], format!("{}/mcp", self.site));
        let issuer = text(&resource["authorization_servers"][0]);
        self.json(&format!("{issuer}/.well-known/oauth-authorization-server")).await
    }

    pub(crate) async fn register(&self, server: &Value) -> String {
        let client = json!({ "client_name": "Test", "redirect_uris": [CALLBACK] });
        let registered =
            self.http.post(text(&server["registration_endpoint"])).json(&client).send().await.unwrap();
        assert_eq!(registered.status(), StatusCode::CREATED);
        text(&registered.json::<Value>().await.unwrap()["client_id"]).to_owned()
    }

    /// The person fills in the sign-in form, comes back to where they were sent, and consents.
    pub(crate) async fn authorize(
        &self,
        server: &Value,
        client_id: &str,
        sign_in: &[(&str, &str)],
    ) -> String {
        let wanted = encoded(&[
            ("response_type", "code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a b+c/%26"),
        ]);
        let wanted = format!("{}?{wanted}", text(&server["authorization_endpoint"]));
        let browser = Browser::new(CALLBACK);
        let sign_in_page = browser.open(&wanted).await;
        let consent_page = browser.submit(&sign_in_page, sign_in).await;
        assert_eq!(consent_page.url.as_str(), wanted);
        let question = between(&consent_page.html, "name=\"question\" value=\"", "\"");
        let answer = browser.submit(&consent_page, &[("question", question), ("answer", "allow")]).await.url;
        assert!(answer.as_str().starts_with(CALLBACK), "{answer}");
        assert_eq!(parameter(&answer, "state"), "a b+c/%26");
        parameter(&answer, "code")
    }

    pub(crate) async fn token(&self, server: &Value, client_id: &str, code: &str) -> String {
        let request = self.http.post(text(&server["token_endpoint"]));
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", client_id),
            ("redirect_uri", CALLBACK),
            ("code", code),
            ("code_verifier", VERIFIER),
        ];
        let answer = form(request, &fields).await;
        assert_eq!(answer.status(), StatusCode::OK);
        text(&answer.json::<Value>().await.unwrap()["access_token"]).to_owned()
    }

    pub(crate) async fn whoami(&self, token: &str) -> String {
        let hello = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello });
        let session = self.mcp(token, None, &hello).await;
        let session = session.headers()["mcp-session-id"].to_str().unwrap();
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.mcp(token, Some(session), &ready).await;
        let call = json!({ "name": "whoami", "arguments": {} });
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call });
        self.mcp(token, Some(session), &call).await.text().await.unwrap()
    }

    async fn mcp(&self, token: &str, session: Option<&str>, message: &Value) -> Response {
        let request = self.http.post(format!("{}/mcp", self.site)).bearer_auth(token).json(message);
        let request = request.header(ACCEPT, "application/json, text/event-stream");
        let request = match session {
            Some(session) => request.header("mcp-session-id", session),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
    }

    async fn json(&self, url: &str) -> Value {
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }
}

async fn form(request: RequestBuilder, fields: &[(&str, &str)]) -> Response {
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(encoded(fields)).send().await.unwrap()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
