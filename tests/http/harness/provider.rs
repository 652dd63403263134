//! A small OIDC provider on loopback: discovery, a JWKS, and ID tokens of every kind, good and bad.

use crate::harness::Person;
use axum::{Router, response::IntoResponse, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jwk::KeyPair;
use josekit::jwk::alg::rsa::RsaKeyPair;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use p256::SecretKey;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, OnceLock};
use tokio::net::TcpListener;

pub(crate) const AUDIENCE: &str = "1234-abc.apps.googleusercontent.com";

pub(crate) struct Provider {
    pub(crate) issuer: String,
    published: Arc<Mutex<Value>>,
}

/// A signing key of the provider's and what it publishes of it.
pub(crate) struct ProviderKey {
    pub(crate) algorithm: Algorithm,
    private: EncodingKey,
    pub(crate) public: Value,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let published = Arc::new(Mutex::new(json!({})));
        let discovery = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        });
        let keys = published.clone();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(move || async move { document(&discovery) }))
            .route("/certs", get(move || async move { document(&keys.lock().unwrap()) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let provider = Self { issuer, published };
        provider.publish(&[rs256(), &es256("first", 7)]);
        provider
    }

    pub(crate) fn publish(&self, keys: &[&ProviderKey]) {
        let keys: Vec<&Value> = keys.iter().map(|key| &key.public).collect();
        *self.published.lock().unwrap() = json!({ "keys": keys });
    }

    /// What the provider says of somebody who signed in at `now`.
    pub(crate) fn claims(&self, person: &Person, now: i64) -> Value {
        json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": person.user, "email": person.email,
            "email_verified": true, "iat": now, "exp": now + 3600,
        })
    }

    /// Alice as the proxy shows her when it passes her ID token on.
    pub(crate) fn vouches(&self, person: &Person, now: i64) -> Person {
        person.also("X-Forwarded-Id-Token", &rs256().sign(&self.claims(person, now)))
    }
}

impl ProviderKey {
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = self.public["kid"].as_str().map(str::to_owned);
        jsonwebtoken::encode(&header, claims, &self.private).unwrap()
    }

    pub(crate) fn header(&self) -> Value {
        json!({"alg": format!("{:?}", self.algorithm), "typ": "JWT", "kid": self.public["kid"]})
    }
}

/// What Google signs with.
pub(crate) fn rs256() -> &'static ProviderKey {
    static KEY: OnceLock<ProviderKey> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = RsaKeyPair::generate(2048).unwrap();
        let mut public = pair.to_jwk_public_key();
        public.set_key_id("rsa");
        public.set_algorithm("RS256");
        public.set_key_use("sig");
        let private = EncodingKey::from_rsa_der(&pair.to_raw_private_key());
        ProviderKey { algorithm: Algorithm::RS256, private, public: json!(public.as_ref()) }
    })
}

pub(crate) fn es256(kid: &str, seed: u8) -> ProviderKey {
    let secret = SecretKey::from_slice(&[seed; 32]).unwrap();
    let point = secret.public_key().to_sec1_bytes();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let public =
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y});
    ProviderKey { algorithm: Algorithm::ES256, private: EncodingKey::from_ec_der(&pkcs8(&secret)), public }
}

/// RFC 5958 around RFC 5915, for a P-256 key without its public half.
fn pkcs8(secret: &SecretKey) -> Vec<u8> {
    let mut der = vec![0x30, 0x41, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d];
    der.extend([0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x04, 0x27]);
    der.extend([0x30, 0x25, 0x02, 0x01, 0x01, 0x04, 0x20]);
    der.extend(secret.to_bytes());
    der
}

/// What somebody signs who takes a published key for a shared secret.
pub(crate) fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let unsigned = token(header, claims, b"");
    let message = unsigned.trim_end_matches('.');
    let key = EncodingKey::from_secret(secret);
    format!("{message}.{}", jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap())
}

/// A token put together by hand, with any header and any signature.
pub(crate) fn token(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode(signature))
}

fn document(value: &Value) -> impl IntoResponse + use<> {
    ([("content-type", "application/json")], value.to_string())
}
