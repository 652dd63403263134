//! A client and its person: what they send to any of some replicas, step by step.

use serde_json::{Value, json};

use crate::Outcome;
use crate::figures::between;
use crate::sidecar::{HOST, Home, ISSUER, Sidecar};
use crate::wire::{Answer, Wire, request};

const PEOPLE: u32 = 1_000;
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:1/cb";

pub(crate) struct Assistant {
    /// One to each replica.
    wires: Vec<Wire>,
    /// The replica that is asked now.
    at: usize,
    secret: String,
    client_id: String,
    /// How many flows it began, each for the next person.
    people: u32,
}

/// A consent page on somebody's screen.
struct Asked {
    person: u32,
    question: String,
}

pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Assistant {
    /// A client that is registered.
    pub(crate) fn of(home: &Home, replicas: &[&Sidecar]) -> Outcome<Self> {
        let wires = replicas.iter().map(|replica| Wire::to(replica.address)).collect();
        let secret = home.secret.clone();
        let mut assistant = Self { wires, at: 0, secret, client_id: String::new(), people: 0 };
        assistant.client_id = assistant.register()?;
        Ok(assistant)
    }

    pub(crate) fn register(&mut self) -> Outcome<String> {
        let metadata = json!({"client_name": "bench", "redirect_uris": [CALLBACK]}).to_string();
        let answer = self.ask(&["POST /oauth/register", "Content-Type: application/json"], &metadata)?;
        let registered: Value = serde_json::from_str(&answer.body)?;
        text(&registered, "client_id")
    }

    /// Authorize, consent, exchange, refresh: four requests.
    pub(crate) fn flow(&mut self) -> Outcome<()> {
        self.flows(1)
    }

    /// The same as another client.
    pub(crate) fn flow_as(&mut self, client_id: String) -> Outcome<()> {
        self.client_id = client_id;
        self.flow()
    }

    /// The same so many times, each step at the next replica. So a replica sees one request after another, as it
    /// would on a machine of its own, and its caches stay as warm.
    pub(crate) fn flows(&mut self, many: u32) -> Outcome<()> {
        let asked = (0..many).map(|_| self.question()).collect::<Outcome<Vec<_>>>()?;
        self.turn();
        let codes = asked.iter().map(|asked| self.consent(asked)).collect::<Outcome<Vec<_>>>()?;
        self.turn();
        let tokens = codes.iter().map(|code| self.exchange(code)).collect::<Outcome<Vec<_>>>()?;
        self.turn();
        // No turn after the last: the next flows begin at another replica than these.
        tokens.iter().try_for_each(|tokens| self.refresh(tokens).map(drop))
    }

    pub(crate) fn code(&mut self) -> Outcome<String> {
        let asked = self.question()?;
        self.consent(&asked)
    }

    fn question(&mut self) -> Outcome<Asked> {
        self.people += 1;
        let person = self.people % PEOPLE;
        let query = form(&[
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", CALLBACK),
            ("state", "some-state"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ]);
        let page = self.signed_in(person, &[&format!("GET /oauth/authorize?{query}")], "")?.body;
        Ok(Asked { person, question: between(&page, "name=\"question\" value=\"", "\"")?.to_owned() })
    }

    fn consent(&mut self, asked: &Asked) -> Outcome<String> {
        let form = form(&[("question", &asked.question), ("answer", "allow")]);
        let origin = format!("Origin: {ISSUER}");
        let answer = self.signed_in(asked.person, &["POST /oauth/consent", &origin, FORM], &form)?;
        Ok(between(answer.header("location").unwrap_or_default(), "code=", "&")?.to_owned())
    }

    fn turn(&mut self) {
        self.at = (self.at + 1) % self.wires.len();
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

    /// A step that uses the last refresh token of a family of its own.
    pub(crate) fn refreshing(&mut self) -> Outcome<impl FnMut() -> Outcome<()> + Send> {
        let code = self.code()?;
        let mut tokens = self.exchange(&code)?;
        Ok(move || {
            tokens = self.refresh(&tokens)?;
            Ok(())
        })
    }

    fn token(&mut self, fields: &[(&str, &str)]) -> Outcome<Tokens> {
        let answer = self.ask(&["POST /oauth/token", FORM], &form(fields))?;
        let tokens: Value = serde_json::from_str(&answer.body)?;
        Ok(Tokens { access: text(&tokens, "access_token")?, refresh: text(&tokens, "refresh_token")? })
    }

    /// As the proxy passes it on.
    fn signed_in(&mut self, person: u32, head: &[&str], body: &str) -> Outcome<Answer> {
        let proof = format!("X-Sidecar-Auth: {}", self.secret);
        let user = format!("X-Forwarded-User: {person}");
        let email = format!("X-Forwarded-Email: person-{person}@example.com");
        self.ask(&[head, &[&proof, &user, &email]].concat(), body)
    }

    fn ask(&mut self, head: &[&str], body: &str) -> Outcome<Answer> {
        let host = format!("Host: {HOST}");
        self.wires[self.at].ask(&request(&[head, &[&host]].concat(), body))
    }
}

pub(crate) fn text(answer: &Value, name: &str) -> Outcome<String> {
    Ok(answer[name].as_str().ok_or_else(|| format!("no {name} in {answer}"))?.to_owned())
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}
