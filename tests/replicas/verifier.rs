//! An MCP server that verifies by itself: another JOSE implementation, and a JWKS that it read some time ago.

use std::sync::Mutex;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::Value;

use crate::replica::Replica;

pub(crate) struct Verifier {
    issuer: String,
    keys: Mutex<JwkSet>,
}

impl Verifier {
    pub(crate) async fn new(replica: &Replica) -> Self {
        Self { issuer: replica.issuer(), keys: Mutex::new(published(replica).await) }
    }

    pub(crate) async fn read_again(&self, replica: &Replica) {
        let keys = published(replica).await;
        *self.keys.lock().unwrap() = keys;
    }

    /// By what was read, without another look.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, String> {
        let keys = self.keys.lock().unwrap();
        let kid = kid(token);
        let key = keys.find(&kid).ok_or_else(|| format!("unknown kid {kid}"))?;
        let mut expected = Validation::new(Algorithm::ES256);
        expected.set_issuer(&[&self.issuer]);
        expected.set_audience(&[format!("{}/mcp", self.issuer)]);
        expected.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
        let verified = decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &expected);
        verified.map(|token| token.claims).map_err(|error| error.to_string())
    }
}

pub(crate) fn kid(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

async fn published(replica: &Replica) -> JwkSet {
    serde_json::from_value(replica.jwks().await).unwrap()
}
