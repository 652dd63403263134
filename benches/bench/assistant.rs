//! A client and its person: what they send to any of some replicas, step by step.

use serde_json::{Value, json};

use crate::Outcome;
use crate::figures::between;
use crate::sidecar::{HOST, Home, Sidecar};
use crate::wire::{Answer, Wire, request};

const PEOPLE: u32 = 1_000;
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "http://127.0.0.1:1/cb";

pub(crate) struct Assistant {
    /// One to each replica.
    wires: Vec<Wire>,
    next: usize,
    secret: String,
    client_id: String,
    /// How many flows it began.
    flows: u32,
}

pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Assistant {
    /// A client that is registered, and asks each replica in turn.
    pub(crate) fn of(home: &Home, replicas: &[&Sidecar]) -> Outcome<Self> {
        let wires = replicas.iter().map(|replica| Wire::to(replica.address)).collect();
        let secret = home.secret.clone();
        let mut assistant = Self { wires, next: 0, secret, client_id: String::new(), flows: 0 };
        assistant.client_id = assistant.register()?;
        Ok(assistant)
    }

    pub(crate) fn register(&mut self) -> Outcome<String> {
        let metadata = json!({"client_name": "bench", "redirect_uris": [CALLBACK]}).to_string();
        let answer = self.post("/oauth/register", "application/json", &metadata)?;
        let registered: Value = serde_json::from_str(&answer.body)?;
        text(&registered, "client_id")
    }

    /// Authorize, consent, exchange, refresh: four requests.
    pub(crate) fn flow(&mut self) -> Outcome<()> {
        let code = self.code()?;
        let tokens = self.exchange(&code)?;
        // The next flow begins at the other replica, so that all of them see every step.
        self.next += 1;
        self.refresh(&tokens).map(drop)
    }

    pub(crate) fn code(&mut self) -> Outcome<String> {
        self.flows += 1;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", CALLBACK),
            ("state", "some-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let page = self.signed_in(&format!("GET /oauth/authorize?{query}"), &[], "")?.body;
        let question = between(&page, "name=\"question\" value=\"", "\"")?;
        let form = form(&[("question", question), ("answer", "allow")]);
        let answer = self.signed_in(
            "POST /oauth/consent",
            &["Origin: https://mcp.example.com", "Content-Type: application/x-www-form-urlencoded"],
            &form,
        )?;
        Ok(between(answer.header("location").unwrap_or_default(), "code=", "&")?.to_owned())
    }

    pub(crate) fn exchange(&mut self, code: &str) -> Outcome<Tokens> {
        let client_id = self.client_id.clone();
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &client_id),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ])
    }

    pub(crate) fn refresh(&mut self, tokens: &Tokens) -> Outcome<Tokens> {
        let client_id = self.client_id.clone();
        self.token(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", &tokens.refresh),
            ("client_id", &client_id),
        ])
    }

    fn token(&mut self, fields: &[(&str, &str)]) -> Outcome<Tokens> {
        let answer = self.post("/oauth/token", "application/x-www-form-urlencoded", &form(fields))?;
        let tokens: Value = serde_json::from_str(&answer.body)?;
        Ok(Tokens { access: text(&tokens, "access_token")?, refresh: text(&tokens, "refresh_token")? })
    }

    /// As the proxy passes it on.
    fn signed_in(&mut self, target: &str, headers: &[&str], body: &str) -> Outcome<Answer> {
        let person = self.flows % PEOPLE;
        let proof = format!("X-Sidecar-Auth: {}", self.secret);
        let user = format!("X-Forwarded-User: {person}");
        let email = format!("X-Forwarded-Email: person-{person}@example.com");
        self.ask(target, &[headers, &[&proof, &user, &email]].concat(), body)
    }

    fn post(&mut self, path: &str, kind: &str, body: &str) -> Outcome<Answer> {
        self.ask(&format!("POST {path}"), &[&format!("Content-Type: {kind}")], body)
    }

    fn ask(&mut self, target: &str, headers: &[&str], body: &str) -> Outcome<Answer> {
        self.next += 1;
        let at = self.next % self.wires.len();
        let host = format!("Host: {HOST}");
        self.wires[at].ask(&request(&[&[target, &host], headers].concat(), body))
    }
}

fn text(answer: &Value, name: &str) -> Outcome<String> {
    Ok(answer[name].as_str().ok_or_else(|| format!("no {name} in {answer}"))?.to_owned())
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
