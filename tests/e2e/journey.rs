//! The way of an authorization, from the authorize URL to the second tool call; assistants differ only in what a [`Way`] says.

use std::{fs::File, io::Read};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

use crate::{
    assistant::{Assistant, Credentials, Tokens},
    person::Person,
    secrets,
};

pub(crate) type Params = Vec<(&'static str, String)>;

#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub callback: &'static str,
    pub scope: &'static str,
    pub sends_resource: bool,
    pub sends_challenge: bool,
    /// What this assistant adds to its authorization request.
    pub extras: &'static [(&'static str, &'static str)],
}

/// One authorization request of one client, and what it takes to redeem its code.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub request: Params,
    pub state: String,
    pub verifier: String,
    way: Way,
    resource: String,
}

impl Assistant {
    pub(crate) async fn goes_all_the_way(&self, client: &Credentials, way: &Way, person: &Person) -> Tokens {
        let attempt = Attempt::new(self, client, way);
        let code = attempt.is_allowed(self, person).await;
        let tokens = self.ask_for_tokens(client, &attempt.redemption(&code)).await.tokens();
        self.calls_a_tool_as(person, &tokens).await;
        let successors = self.ask_for_tokens(client, &attempt.refreshment(&tokens)).await.tokens();
        self.calls_a_tool_as(person, &successors).await;
        tokens
    }
}

impl Attempt {
    pub(crate) fn new(assistant: &Assistant, client: &Credentials, way: &Way) -> Self {
        let (state, verifier) = (random(), secrets::noted(random()));
        let mut request = vec![
            ("response_type", "code".to_owned()),
            ("client_id", client.id().to_owned()),
            ("redirect_uri", way.callback.to_owned()),
            ("state", state.clone()),
            ("scope", way.scope.to_owned()),
        ];
        if way.sends_challenge {
            request.push(("code_challenge", URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier))));
            request.push(("code_challenge_method", "S256".to_owned()));
        }
        if way.sends_resource {
            request.push(("resource", assistant.resource.clone()));
        }
        request.extend(way.extras.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self { request, state, verifier, way: way.clone(), resource: assistant.resource.clone() }
    }

    /// The person says yes, and the code comes to the client's callback, with its state.
    pub(crate) async fn is_allowed(&self, assistant: &Assistant, person: &Person) -> String {
        let answer = person.allow(&assistant.authorize_url(&self.request)).await;
        assert!(answer.url.as_str().starts_with(self.way.callback), "{}", answer.url);
        assert_eq!(answer.param("state").as_ref(), Some(&self.state));
        answer.code()
    }

    pub(crate) fn redemption(&self, code: &str) -> Params {
        let mut redemption = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", self.way.callback.to_owned()),
        ];
        if self.way.sends_challenge {
            redemption.push(("code_verifier", self.verifier.clone()));
        }
        self.with_resource(redemption)
    }

    pub(crate) fn refreshment(&self, tokens: &Tokens) -> Params {
        self.with_resource(vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", tokens.refresh.clone()),
        ])
    }

    fn with_resource(&self, mut params: Params) -> Params {
        params.extend(self.way.sends_resource.then(|| ("resource", self.resource.clone())));
        params
    }
}

/// The same, but for one parameter.
pub(crate) fn with(params: &Params, name: &'static str, value: &str) -> Params {
    let mut params: Params = params.iter().filter(|(other, _)| *other != name).cloned().collect();
    params.push((name, value.to_owned()));
    params
}

/// 43 characters that nobody else has.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    URL_SAFE_NO_PAD.encode(bytes)
}
