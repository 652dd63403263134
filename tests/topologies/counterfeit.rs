//! Tokens that are good but for one thing, which only who holds the private key can make.

use std::fs;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwk::{
        Jwk,
        alg::ec::{EcCurve, EcKeyPair},
    },
    jws::{ES256, HS256, JwsHeader, JwsSigner, serialize_compact},
};
use serde_json::{Map, Value, json};

use crate::stack::Stack;

/// What a good token is made of.
#[derive(Debug)]
pub(crate) struct Mould {
    key: Jwk,
    header: Map<String, Value>,
    claims: Map<String, Value>,
}

impl Mould {
    pub(crate) fn of(token: &str, stack: &Stack) -> Self {
        let ring: Value = serde_json::from_slice(&fs::read(stack.file("keys/access.json")).unwrap()).unwrap();
        let part = |at| -> Map<String, Value> {
            let part = token.split('.').nth(at).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let mut key = ring["keys"][0].as_object().unwrap().clone();
        key.retain(|name, _| ["kty", "crv", "x", "y", "d"].contains(&name.as_str()));
        Self { key: Jwk::from_map(key).unwrap(), header: part(0), claims: part(1) }
    }

    /// As it was, signed anew: what is refused of the others is refused for their difference.
    pub(crate) fn same(&self) -> String {
        self.signed(&self.header, &self.claims)
    }

    /// With this claim instead, or without it.
    pub(crate) fn claim(&self, name: &str, value: Option<Value>) -> String {
        self.signed(&self.header, &with(&self.claims, name, value))
    }

    pub(crate) fn header(&self, name: &str, value: Option<Value>) -> String {
        self.signed(&with(&self.header, name, value), &self.claims)
    }

    pub(crate) fn unsigned(&self) -> String {
        let header = with(&self.header, "alg", Some(json!("none")));
        let part = |part: &Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::from(part.clone()).to_string());
        format!("{}.{}.", part(&header), part(&self.claims))
    }

    /// The published key taken for a shared secret (RFC 8725 §2.1).
    pub(crate) fn signed_with_what_is_published(&self) -> String {
        let published = EcKeyPair::from_jwk(&self.key).unwrap().to_pem_public_key();
        let signer = HS256.signer_from_bytes(&published).unwrap();
        sealed(&with(&self.header, "alg", Some(json!("HS256"))), &self.claims, &signer)
    }

    pub(crate) fn signed_by_another_key(&self) -> String {
        let another = EcKeyPair::generate(EcCurve::P256).unwrap().to_jwk_private_key();
        sealed(&self.header, &self.claims, &ES256.signer_from_jwk(&another).unwrap())
    }

    fn signed(&self, header: &Map<String, Value>, claims: &Map<String, Value>) -> String {
        sealed(header, claims, &ES256.signer_from_jwk(&self.key).unwrap())
    }
}

fn sealed(header: &Map<String, Value>, claims: &Map<String, Value>, signer: &dyn JwsSigner) -> String {
    let header = JwsHeader::from_map(header.clone()).unwrap();
    serialize_compact(Value::from(claims.clone()).to_string().as_bytes(), &header, signer).unwrap()
}

fn with(members: &Map<String, Value>, name: &str, value: Option<Value>) -> Map<String, Value> {
    let mut members = members.clone();
    match value {
        Some(value) => members.insert(name.to_owned(), value),
        None => members.remove(name),
    };
    members
}
