//! One who behaves: what an assistant and its person do, at a server that may have other things to do.

use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::figures::Figures;
use crate::harness::{Answer, Ask, CLAUDE, Client, Person, Tokens, encoded, form};
use crate::server::Server;

/// Shows that nothing hangs.
const HANGS: Duration = Duration::from_secs(30);
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#;

pub(crate) struct Walk<'a> {
    pub(crate) server: &'a Server,
    pub(crate) figures: &'a Figures,
    pub(crate) proxy: reqwest::Client,
    pub(crate) person: Person,
    /// The address that the proxy saw.
    pub(crate) from: String,
}

impl Walk<'_> {
    /// From the registration to a call with refreshed tokens. A step that gives None was counted.
    pub(crate) async fn whole(&self) -> Option<()> {
        let client = self.register().await?;
        let tokens = self.sign_in(&client).await?;
        self.call(&tokens).await?;
        let tokens = self.refresh(&client, &tokens).await?;
        self.call(&tokens).await
    }

    pub(crate) async fn register(&self) -> Option<Client> {
        let metadata =
            json!({"client_name": "Claude", "redirect_uris": [CLAUDE], "token_endpoint_auth_method": "none"});
        let answer = self.step("register", self.post("/oauth/register").json(&metadata), 201).await?;
        Some(Client { id: answer.field("client_id"), redirect_uri: CLAUDE.to_owned() })
    }

    pub(crate) async fn sign_in(&self, client: &Client) -> Option<Tokens> {
        let path = format!("/oauth/authorize?{}", encoded(&client.request()));
        let request = self.server.request(&self.proxy, Method::GET, &path);
        let page = self.step("authorize", self.person.sends(request), 200).await?;
        let fields = form([("question", &page.question()), ("answer", "allow")]);
        let request = self.person.sends(self.post("/oauth/consent").fields(&fields));
        let code = self.step("consent", request, 303).await?.param("code")?;
        let request = self.post("/oauth/token").fields(&client.exchange(&code));
        Some(self.step("token", request, 200).await?.tokens())
    }

    pub(crate) async fn refresh(&self, client: &Client, tokens: &Tokens) -> Option<Tokens> {
        let request = self.post("/oauth/token").fields(&client.refresh(&tokens.refresh));
        Some(self.step("refresh", request, 200).await?.tokens())
    }

    /// Through the gateway.
    pub(crate) async fn call(&self, tokens: &Tokens) -> Option<()> {
        let request = self.post("/mcp").bearer_auth(&tokens.access).body(CALL);
        self.step("call", request, 200).await.map(drop)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.server.request(&self.proxy, Method::POST, path)
    }

    async fn step(&self, name: &'static str, request: RequestBuilder, status: u16) -> Option<Answer> {
        let begun = Instant::now();
        let answer = match read(request.header("X-Forwarded-For", &self.from).timeout(HANGS)).await {
            Ok(answer) => answer,
            Err(error) => {
                self.figures.failed(name, &format!("{error:?}"));
                return None;
            }
        };
        match (answer.status, answer.header("retry-after")) {
            (found, _) if found == status => {
                self.figures.good(name, begun.elapsed());
                return Some(answer);
            }
            (429 | 503, Some(_)) => self.figures.told_to_wait(name),
            _ => self.figures.failed(name, &format!("{answer:?}")),
        }
        None
    }
}

async fn read(request: RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, body: response.bytes().await?.to_vec() })
}
