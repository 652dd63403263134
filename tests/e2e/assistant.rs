//! An assistant as an OAuth client: finds its way from a 401, registers, asks for tokens, calls a tool.

use reqwest::{Client, Response, StatusCode, header::HeaderMap, redirect::Policy};
use serde_json::{Value, json};

use crate::{jose, mcp::Mcp, person::Person, secrets, stack::Site};

#[derive(Debug)]
pub(crate) struct Assistant {
    pub site: Site,
    pub metadata: Value,
    /// As the challenge and the resource's metadata say it.
    pub scope: String,
    pub resource: String,
    http: Client,
}

/// How a client proves itself at the token endpoint.
#[derive(Clone, Debug)]
pub(crate) enum Credentials {
    Basic { id: String, secret: String },
    Post { id: String, secret: String },
    Public { id: String },
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

#[derive(Debug)]
pub(crate) struct Tokens {
    pub access: String,
    pub refresh: String,
    pub scope: String,
}

impl Assistant {
    pub(crate) async fn discover(site: &Site) -> Self {
        Self::discover_at(site, "/mcp").await
    }

    /// A POST without a token → 401 → the resource's metadata → the server's: the order of every client.
    pub(crate) async fn discover_at(site: &Site, path: &str) -> Self {
        Self::discover_from(site, path, path).await
    }

    /// From an address of the resource that is not its own.
    pub(crate) async fn discover_from(site: &Site, asked: &str, path: &str) -> Self {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let challenge = challenge(&http, &site.url(asked)).await;
        let document = quoted(&challenge, "resource_metadata");
        assert_eq!(document, site.url(&format!("/.well-known/oauth-protected-resource{path}")));
        let resource = fetch(&http, &document).await;
        assert_eq!(resource["resource"], site.url(path));
        assert_eq!(resource["authorization_servers"], json!([site.issuer]));
        let metadata = fetch(&http, &site.url("/.well-known/oauth-authorization-server")).await;
        assert_eq!(metadata["issuer"], json!(site.issuer));
        Self {
            scope: quoted(&challenge, "scope"),
            resource: site.url(path),
            site: site.clone(),
            metadata,
            http,
        }
    }

    pub(crate) async fn register(&self, body: &Value) -> Value {
        let reply = self.try_to_register(body).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        assert_eq!(reply.body["token_endpoint_auth_method"], "none");
        let members = reply.body.as_object().unwrap();
        assert!(!members.contains_key("client_secret"), "a public client got a secret");
        assert!(!members.values().any(Value::is_null), "clients refuse nulls: {}", reply.body);
        reply.body
    }

    pub(crate) async fn try_to_register(&self, body: &Value) -> Reply {
        let endpoint = self.endpoint("registration_endpoint");
        Reply::read(self.http.post(endpoint).json(body).send().await.unwrap()).await
    }

    /// Written as a form is, blanks as `+`.
    pub(crate) fn authorize_url(&self, params: &[(&str, String)]) -> String {
        format!("{}?{}", self.endpoint("authorization_endpoint"), form(params))
    }

    pub(crate) async fn ask_for_tokens(&self, client: &Credentials, params: &[(&str, String)]) -> Reply {
        let request = self.http.post(self.endpoint("token_endpoint"));
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let request =
            request.header("Accept", "application/json").body(form(&[params, &client.fields()].concat()));
        let request = match client {
            Credentials::Basic { id, secret } => request.basic_auth(id, Some(secret)),
            Credentials::Post { .. } | Credentials::Public { .. } => request,
        };
        Reply::read(request.send().await.unwrap()).await
    }

    /// The proof that it all was worth it: a tool call as that person, and the token good for another JOSE implementation.
    pub(crate) async fn calls_a_tool_as(&self, person: &Person, tokens: &Tokens) {
        jose::verify(&self.site, &tokens.access, &person.address).await;
        let mut mcp = Mcp::connect(&self.site, &tokens.access).await;
        mcp.knows(&self.site, &person.address).await;
    }

    fn endpoint(&self, name: &str) -> &str {
        self.metadata[name].as_str().unwrap()
    }
}

impl Credentials {
    pub(crate) fn public(registered: &Value) -> Self {
        Self::Public { id: registered["client_id"].as_str().unwrap().to_owned() }
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Self::Basic { id, .. } | Self::Post { id, .. } | Self::Public { id } => id,
        }
    }

    /// What of them goes into the form.
    fn fields(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Basic { .. } => vec![],
            Self::Post { id, secret } => vec![("client_id", id.clone()), ("client_secret", secret.clone())],
            Self::Public { id } => vec![("client_id", id.clone())],
        }
    }
}

impl Reply {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, but no JSON: {text}"));
        Self { status, headers, body }
    }

    pub(crate) fn tokens(self) -> Tokens {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.headers["Cache-Control"], "no-store");
        assert_eq!(self.body["token_type"], "Bearer");
        assert_eq!(self.body["expires_in"], 3600);
        let text = |member: &str| self.body[member].as_str().unwrap().to_owned();
        Tokens {
            access: secrets::noted(text("access_token")),
            refresh: secrets::noted(text("refresh_token")),
            scope: text("scope"),
        }
    }

    /// The protocol's word, with the status that belongs to it.
    pub(crate) fn is_refused(&self, status: u16, error: &str) {
        assert_eq!(
            (self.status.as_u16(), self.body["error"].as_str()),
            (status, Some(error)),
            "{}",
            self.body
        );
    }
}

pub(crate) fn form(params: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish()
}

async fn challenge(http: &Client, url: &str) -> String {
    let request = http.post(url).header("Accept", "application/json, text/event-stream");
    let response = request.json(&crate::mcp::initialize()).send().await.unwrap();
    assert_eq!(response.status(), 401);
    response.headers()["WWW-Authenticate"].to_str().unwrap().to_owned()
}

fn quoted(challenge: &str, name: &str) -> String {
    let (_, after) =
        challenge.split_once(&format!(r#"{name}=""#)).unwrap_or_else(|| panic!("no {name} in {challenge}"));
    after.split_once('"').unwrap().0.to_owned()
}

async fn fetch(http: &Client, document: &str) -> Value {
    let response = http.get(document).header("Accept", "application/json").send().await.unwrap();
    assert_eq!(response.status(), 200, "{document}");
    response.json().await.unwrap()
}
