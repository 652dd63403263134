//! The operations that are counted, each done in this process again and again.

use std::sync::Arc;

use futures_util::FutureExt as _;
use mcp_auth_sidecar::artifact::{AccessToken, AuthorizationCode, Client, Person, Question, RefreshToken};
use mcp_auth_sidecar::clock::{Clock, Seconds, Timestamp};
use mcp_auth_sidecar::config::Config;
use mcp_auth_sidecar::flow::Authority;
use mcp_auth_sidecar::flow::authorize::{AuthorizeParams, Outcome as Answer};
use mcp_auth_sidecar::flow::consent;
use mcp_auth_sidecar::flow::exchange::{ClientCredentials, GrantRequest};
use mcp_auth_sidecar::oauth::Resource;
use mcp_auth_sidecar::rules::Rules;
use mcp_auth_sidecar::seal::keys_dir::Keys;
use mcp_auth_sidecar::seal::{Ring, Rings, Sealed, Sealer, ring};
use mcp_auth_sidecar::spent::Spent;
use serde_json::{Value, json};

use crate::Outcome;

pub(crate) const OPERATIONS: [&str; 7] =
    ["registration", "question", "consent", "code-exchange", "refresh", "verify-seen", "verify-fresh"];

const ISSUER: &str = "https://mcp.example.com";
const CALLBACK: &str = "http://127.0.0.1:1/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server without doors, with a client and its person.
pub(crate) struct Operations {
    authority: Authority,
    /// Another one with the same keys, which has seen nothing.
    sealer: Sealer,
    spent: Spent,
    person: Person,
    resource: Resource,
    client_id: Sealed<Client>,
    now: Timestamp,
}

impl Operations {
    pub(crate) fn new() -> Outcome<Self> {
        let vars = [("MCP_AUTH_DEFAULT_ISSUER", ISSUER), ("MCP_AUTH_EMAIL_DOMAINS", "example.com")];
        let socket = [("MCP_AUTH_LISTEN", "unix:/run/unused.sock")];
        let vars = vars.into_iter().chain(socket).map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (config, now) = (Config::from_vars(vars)?, Clock::system().now());
        let new = |purpose| Ring::from_json(purpose, ring::fresh(purpose, now).as_bytes());
        let keys = Keys::fixed(Rings::each::<ring::RingError>(new)?);
        let rules = Arc::new(Rules::read(&config)?);
        let site = config.sites.first().ok_or("no site")?.clone();
        let mut ready = Self {
            sealer: Sealer::new(site.issuer.clone(), keys.clone()),
            spent: Spent::new(&config.store, config.lifetimes.access)?,
            person: Person {
                sub: "1001".to_owned().try_into()?,
                email: "alice@example.com".to_owned().try_into()?,
            },
            resource: format!("{ISSUER}/mcp").try_into()?,
            client_id: Sealed::new(""),
            authority: Authority::new(site, &config, keys, rules)?,
            now,
        };
        ready.client_id = Sealed::new(ready.registration()?);
        Ok(ready)
    }

    /// Whatever an operation needs of the one before it is made beforehand, as often in a short run as in a long one.
    pub(crate) fn run(&self, name: &str, times: u32) -> Outcome<()> {
        let most = 2 * crate::TIMES;
        match name {
            "registration" => (0..times).try_for_each(|_| self.registration().map(drop)),
            "question" => (0..times).try_for_each(|_| self.question().map(drop)),
            "consent" => {
                let asked = self.question()?;
                (0..times).try_for_each(|_| self.consent(&asked).map(drop))
            }
            "code-exchange" => {
                let asked = self.question()?;
                let codes = (0..most).map(|_| self.consent(&asked)).collect::<Outcome<Vec<_>>>()?;
                codes.into_iter().take(usize::try_from(times)?).try_for_each(|it| self.code(it).map(drop))
            }
            "refresh" => {
                let mut tokens = self.code(self.consent(&self.question()?)?)?;
                (0..times).try_for_each(|_| {
                    tokens = self.refresh(&tokens)?;
                    Ok(())
                })
            }
            "verify-seen" => {
                let tokens = self.code(self.consent(&self.question()?)?)?;
                (0..times).try_for_each(|_| self.verify(&text(&tokens, "access_token")?))
            }
            "verify-fresh" => {
                let tokens = self.code(self.consent(&self.question()?)?)?;
                let token = Sealed::<AccessToken>::new(text(&tokens, "access_token")?);
                let claims = self.sealer.open(&token, self.now)?;
                let anew = (0..most).map(|_| Ok(self.sealer.seal(&claims)?.into_text()));
                let anew = anew.collect::<Outcome<Vec<_>>>()?;
                anew.iter().take(usize::try_from(times)?).try_for_each(|token| self.verify(token))
            }
            other => Err(format!("no operation {other}").into()),
        }
    }

    fn registration(&self) -> Outcome<String> {
        let request = json!({"client_name": "bench", "redirect_uris": [CALLBACK]}).to_string();
        let registered = self.authority.register(serde_json::from_str(&request)?, self.now)?;
        text(&serde_json::to_value(registered)?, "client_id")
    }

    fn question(&self) -> Outcome<Sealed<Question>> {
        let given = |text: &str| Some(text.to_owned());
        let params = AuthorizeParams {
            client_id: given(self.client_id.as_str()),
            redirect_uri: given(CALLBACK),
            response_type: given("code"),
            state: given("some-state"),
            code_challenge: given(CHALLENGE),
            code_challenge_method: given("S256"),
            ..AuthorizeParams::default()
        };
        let reply = self.authority.reply_to(&params, self.now)?;
        match self.authority.authorize(&params, &reply, self.person.clone(), self.now)? {
            Answer::Ask(asked) => Ok(asked.sealed),
            Answer::Granted(..) => Err("nobody was asked".into()),
        }
    }

    fn consent(&self, asked: &Sealed<Question>) -> Outcome<Sealed<AuthorizationCode>> {
        let answered = self.authority.answer(asked, consent::Answer::Allow, &self.person, self.now)?;
        let code = answered.location.as_str().split(['=', '&']).nth(1);
        Ok(Sealed::new(code.ok_or("no code")?))
    }

    fn code(&self, code: Sealed<AuthorizationCode>) -> Outcome<Value> {
        let verifier = Some(VERIFIER.to_owned().try_into()?);
        self.exchange(GrantRequest::Code { code, redirect_uri: Some(CALLBACK.to_owned()), verifier })
    }

    fn refresh(&self, tokens: &Value) -> Outcome<Value> {
        let token = Sealed::<RefreshToken>::new(text(tokens, "refresh_token")?);
        self.exchange(GrantRequest::Refresh { token, scope: None })
    }

    fn exchange(&self, grant: GrantRequest) -> Outcome<Value> {
        let id = Sealed::new(self.client_id.as_str());
        let credentials = ClientCredentials { id, secrets: Vec::new() };
        let client = self.authority.authenticate(credentials, self.now)?;
        let proven = self.authority.proven(&client, grant, self.now)?;
        let tokens = self.authority.exchange(&client, proven, &[], &self.spent, self.now);
        Ok(serde_json::to_value(tokens.now_or_never().ok_or("it waits")??)?)
    }

    fn verify(&self, token: &str) -> Outcome<()> {
        let later = self.now + Seconds(1);
        self.authority.verify(&self.resource, Some(Sealed::new(token)), &self.spent, later)?;
        Ok(())
    }
}

fn text(answer: &Value, name: &str) -> Outcome<String> {
    Ok(answer[name].as_str().ok_or_else(|| format!("no {name} in {answer}"))?.to_owned())
}
