//! Confidential clients, made by the binary as an operator makes them.

use crate::harness::{Answer, Ask, Client, Form, TestServer, escaped, vars, with, without};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::process::{Command, Output};

pub(crate) const GEMINI: &str = "https://vertexaisearch.cloud.google.com/oauth-redirect";

/// What an operator got for a vendor.
pub(crate) struct Minted {
    pub(crate) client: Client,
    pub(crate) secret: String,
}

impl Minted {
    pub(crate) fn gemini(server: &TestServer, pkce: &str) -> Self {
        Self::by(server, &["--name", "Gemini", "--redirect-uri", GEMINI, "--site", "public", "--pkce", pkce])
    }

    pub(crate) fn by(server: &TestServer, arguments: &[&str]) -> Self {
        let output = mint(server, &[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let field = |name: &str| printed[name].as_str().expect("a field").to_owned();
        let client = Client { id: field("client_id"), redirect_uri: GEMINI.to_owned() };
        Self { client, secret: field("client_secret") }
    }

    pub(crate) async fn code(&self, server: &TestServer) -> String {
        server.code(&self.client).await
    }

    pub(crate) async fn raw(&self, server: &TestServer, fields: &Form) -> Answer {
        let credentials = format!("{}:{}", self.client.id, self.secret);
        basic(server, &credentials, &without(fields, "client_id")).await
    }

    pub(crate) async fn encoded(&self, server: &TestServer, fields: &Form) -> Answer {
        let credentials = format!("{}:{}", escaped(&self.client.id), escaped(&self.secret));
        basic(server, &credentials, fields).await
    }

    pub(crate) async fn posted(&self, server: &TestServer, fields: &Form) -> Answer {
        server.token(&with(fields, "client_secret", &self.secret)).await
    }
}

pub(crate) fn mint(server: &TestServer, arguments: &[&str]) -> Output {
    let mut process = Command::new(env!("CARGO_BIN_EXE_mcp-auth-sidecar"));
    process.env_clear().envs(vars(server.home())).args(["client", "mint"]).args(arguments);
    process.output().unwrap()
}

pub(crate) async fn basic(server: &TestServer, credentials: &str, body: &Form) -> Answer {
    let header = format!("Basic {}", STANDARD.encode(credentials));
    server.post("/oauth/token").header("Authorization", header).fields(body).answer().await
}
