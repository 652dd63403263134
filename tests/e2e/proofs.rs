//! What the proxy proves itself with, made without the proxy: for requests straight at the sidecar.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Client, RequestBuilder, Response, redirect::Policy};
use serde_json::Value;
use url::Url;

use crate::{assistant::form, person::Consent, secrets, stack::Stack};

pub(crate) type Headers = BTreeMap<&'static str, String>;

/// What the proxy would send for this person: a real ID token of the provider, and the real secret.
pub(crate) async fn proofs(stack: &Stack, name: &str, audience: &str) -> Headers {
    let token = id_token(stack, name, audience).await;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    Headers::from([
        ("X-Forwarded-Email", claims["email"].as_str().unwrap().to_owned()),
        ("X-Forwarded-Id-Token", token),
        ("X-Forwarded-User", claims["sub"].as_str().unwrap().to_owned()),
        ("X-Sidecar-Auth", stack.proxy_secret.clone()),
    ])
}

pub(crate) fn without(headers: &Headers, name: &str) -> Headers {
    let mut headers = headers.clone();
    headers.remove(name);
    headers
}

pub(crate) fn and(headers: &Headers, name: &'static str, value: String) -> Headers {
    let mut headers = headers.clone();
    headers.insert(name, value);
    headers
}

/// The same claims under `alg: none`.
pub(crate) fn unsigned(token: &str) -> String {
    let claims = token.split('.').nth(1).unwrap();
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
}

/// An address of the internal site, asked for at the sidecar's own port.
pub(crate) async fn straight(stack: &Stack, url: &str, headers: &Headers) -> Response {
    dressed(client().get(at_the_sidecar(stack, url)), stack, headers).send().await.unwrap()
}

pub(crate) async fn answer_straight(stack: &Stack, consent: &Consent, headers: &Headers) -> Response {
    let request = client().post(at_the_sidecar(stack, &stack.internal.url("/oauth/consent")));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let request = request.header("Origin", &stack.internal.issuer);
    let answer = [("question", consent.question.clone()), ("answer", "allow".to_owned())];
    dressed(request.body(form(&answer)), stack, headers).send().await.unwrap()
}

fn dressed(request: RequestBuilder, stack: &Stack, headers: &Headers) -> RequestBuilder {
    let request = request.header("Host", stack.internal.host());
    headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
}

fn at_the_sidecar(stack: &Stack, url: &str) -> String {
    url.replacen(&stack.internal.issuer, &format!("http://127.0.0.1:{}", stack.ports.sidecar), 1)
}

async fn id_token(stack: &Stack, name: &str, audience: &str) -> String {
    let client = ("client_id", audience.to_owned());
    let callback = ("redirect_uri", "http://127.0.0.1/callback".to_owned());
    let ask = [
        ("response_type", "code".to_owned()),
        ("scope", "openid".to_owned()),
        client.clone(),
        callback.clone(),
    ];
    let url = format!("{}/authorize?{}", stack.provider(), form(&ask));
    let sent = self::client().get(url).header("Cookie", format!("person={name}")).send().await.unwrap();
    let sent = Url::parse(sent.headers()["Location"].to_str().unwrap()).unwrap();
    let code = sent.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    let redeem = [("grant_type", "authorization_code".to_owned()), ("code", code), client, callback];
    let request = self::client().post(format!("{}/token", stack.provider()));
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form(&redeem));
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    secrets::noted(answer["id_token"].as_str().unwrap())
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).build().unwrap()
}
