//! What clients and people do, a verb each.

use crate::harness::{
    Answer, Ask, CLAUDE, Form, INTERNAL, LOOPBACK, Person, TestServer, alice, encoded, form,
};
use serde_json::{Value, json};

/// The pair of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const STATE: &str = "af0ifjsldkj";

#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) redirect_uri: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
}

impl Client {
    /// A whole and valid authorization request.
    pub(crate) fn request(&self) -> Form {
        form([
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", STATE),
            ("scope", "mcp tools:write"),
        ])
    }

    /// A whole and valid exchange.
    pub(crate) fn exchange(&self, code: &str) -> Form {
        form([
            ("grant_type", "authorization_code"),
            ("client_id", &self.id),
            ("code", code),
            ("code_verifier", VERIFIER),
            ("redirect_uri", &self.redirect_uri),
        ])
    }

    pub(crate) fn refresh(&self, token: &str) -> Form {
        form([("grant_type", "refresh_token"), ("client_id", &self.id), ("refresh_token", token)])
    }
}

impl TestServer {
    pub(crate) async fn register(&self, metadata: &Value) -> Answer {
        self.post("/oauth/register").json(metadata).answer().await
    }

    /// What the assistants of this site send when they register.
    pub(crate) fn metadata(&self) -> Value {
        let redirect_uri = if self.host == INTERNAL { LOOPBACK } else { CLAUDE };
        json!({
            "client_name": "Claude",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
        })
    }

    pub(crate) async fn client(&self) -> Client {
        self.client_of(&self.metadata()).await
    }

    pub(crate) async fn client_of(&self, metadata: &Value) -> Client {
        let answer = self.register(metadata).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let redirect_uri = answer.json()["redirect_uris"][0].as_str().expect("a redirect URI").to_owned();
        Client { id: answer.field("client_id"), redirect_uri }
    }

    pub(crate) async fn client_at(&self, redirect_uri: &str) -> Client {
        let mut metadata = self.metadata();
        metadata["redirect_uris"] = json!([redirect_uri]);
        self.client_of(&metadata).await
    }

    pub(crate) async fn authorize(&self, person: &Person, query: &Form) -> Answer {
        self.authorize_by(person, &encoded(query)).await
    }

    pub(crate) async fn authorize_by(&self, person: &Person, query: &str) -> Answer {
        person.sends(self.get(&format!("/oauth/authorize?{query}"))).answer().await
    }

    /// Alice presses Allow.
    pub(crate) async fn consent(&self, page: &Answer) -> Answer {
        self.reply(&alice(), &page.question(), "allow").await
    }

    pub(crate) async fn reply(&self, person: &Person, question: &str, answer: &str) -> Answer {
        let fields = form([("question", question), ("answer", answer)]);
        person.sends(self.post("/oauth/consent").fields(&fields)).answer().await
    }

    pub(crate) async fn code(&self, client: &Client) -> String {
        self.code_of(&client.request()).await
    }

    pub(crate) async fn code_of(&self, query: &Form) -> String {
        let page = self.authorize(&alice(), query).await;
        let answer = self.consent(&page).await;
        answer.param("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    pub(crate) async fn token(&self, form: &Form) -> Answer {
        self.post("/oauth/token").fields(form).answer().await
    }

    pub(crate) async fn tokens(&self, client: &Client) -> Tokens {
        self.tokens_of(client, &client.request()).await
    }

    pub(crate) async fn tokens_of(&self, client: &Client, query: &Form) -> Tokens {
        let code = self.code_of(query).await;
        self.token(&client.exchange(&code)).await.tokens()
    }

    pub(crate) async fn refreshed(&self, client: &Client, token: &str) -> Tokens {
        self.token(&client.refresh(token)).await.tokens()
    }
}

impl Answer {
    pub(crate) fn tokens(&self) -> Tokens {
        assert_eq!(self.status, 200, "{}", self.text());
        let (access, refresh) = (self.field("access_token"), self.field("refresh_token"));
        Tokens { access, refresh, scope: self.field("scope") }
    }

    /// The protocol's word for what is wrong, with the status it came with.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert!(!self.headers.contains_key("location"), "sent away: {self:?}");
        (self.status, self.field("error"))
    }
}
