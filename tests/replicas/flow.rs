//! What an assistant and its person do, each step through whatever proxy and at whatever replica comes next.

use reqwest::Method;
use serde_json::json;

use crate::browser::Browser;
use crate::deployment::Deployment;
use crate::harness::{Answer, Ask, CLAUDE, Client, Form, Tokens, encoded, form, with};
use crate::steps::Steps;
use crate::verifier::{Verifier, kid};

const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#;
/// The last one is known to whoever has the new configuration.
const SCOPE: &str = "mcp tools:write tools:read";

/// One who walks through it. A step that gives None was counted, or is a failure that was noted.
pub(crate) struct Walk<'a> {
    pub(crate) deployment: &'a Deployment,
    pub(crate) browser: &'a Browser,
    pub(crate) steps: &'a Steps,
    pub(crate) verifier: &'a Verifier,
}

impl Walk<'_> {
    /// From the registration to a call with refreshed tokens.
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
        let ask = || self.deployment.request(Method::POST, "/oauth/register").json(&metadata);
        let (answer, _) = self.steps.step("register", ask).await?;
        let answer = self.expect("register", answer, 201)?;
        Some(Client { id: answer.field("client_id"), redirect_uri: CLAUDE.to_owned() })
    }

    pub(crate) async fn sign_in(&self, client: &Client) -> Option<Tokens> {
        let path = format!("/oauth/authorize?{}", encoded(&with(&client.request(), "scope", SCOPE)));
        let ask = || self.browser.sends(self.deployment.request(Method::GET, &path));
        let (answer, _) = self.steps.step("authorize", ask).await?;
        let page = self.expect("authorize", answer, 200)?;
        let fields = form([("question", &page.question()), ("answer", "allow")]);
        let ask =
            || self.browser.sends(self.deployment.request(Method::POST, "/oauth/consent").fields(&fields));
        let (answer, _) = self.steps.step("consent", ask).await?;
        let answer = self.expect("consent", answer, 303)?;
        let Some(code) = answer.param("code") else { return self.steps.fail(format!("consent: {answer:?}")) };
        self.redeem(&client.exchange(&code)).await
    }

    /// A code is spent when Redis says so; who did not hear of it has lost it.
    async fn redeem(&self, fields: &Form) -> Option<Tokens> {
        let (answer, excuse) = self.steps.step("token", || self.token(fields)).await?;
        if answer.status == 400 && excuse.killed {
            self.steps.count("lost: a code whose answer went with a killed replica");
            return None;
        }
        if answer.status == 400 && excuse.store_away {
            self.steps.count("lost: a code whose answer went with Redis");
            return None;
        }
        Some(self.expect("token", answer, 200)?.tokens())
    }

    pub(crate) async fn refresh(&self, client: &Client, tokens: &Tokens) -> Option<Tokens> {
        let fields = client.refresh(&tokens.refresh);
        let (answer, _) = self.steps.step("refresh", || self.token(&fields)).await?;
        Some(self.expect("refresh", answer, 200)?.tokens())
    }

    /// Through the gateway, and as an MCP server would verify that reads the JWKS seldom.
    pub(crate) async fn call(&self, tokens: &Tokens) -> Option<()> {
        if let Err(reason) = self.verifier.verify(&tokens.access) {
            return self.steps.fail(format!("verifier: {reason}"));
        }
        self.steps.kids.lock().unwrap().insert(kid(&tokens.access));
        let ask = || self.deployment.request(Method::POST, "/mcp").bearer_auth(&tokens.access).body(CALL);
        let (answer, _) = self.steps.step("call", ask).await?;
        self.expect("call", answer, 200).map(drop)
    }

    fn token(&self, fields: &Form) -> reqwest::RequestBuilder {
        self.deployment.request(Method::POST, "/oauth/token").fields(fields)
    }

    fn expect(&self, name: &str, answer: Answer, status: u16) -> Option<Answer> {
        if answer.status == status {
            return Some(answer);
        }
        self.steps.fail(format!("{name}: {answer:?}"))
    }
}
