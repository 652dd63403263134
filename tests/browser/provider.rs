//! An OIDC provider with one key: discovery, a JWKS, and ID tokens.

use axum::{Router, routing::get};
use josekit::{
    jwk::{Jwk, KeyPair, alg::ec::EcCurve, alg::ec::EcKeyPair},
    jws::{ES256, JwsHeader},
    jwt::{self, JwtPayload},
};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

pub(crate) const AUDIENCE: &str = "1234-abc.apps.googleusercontent.com";

pub(crate) struct Provider {
    pub issuer: String,
    private: Jwk,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let pair = EcKeyPair::generate(EcCurve::P256).unwrap();
        let discovery = json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")}).to_string();
        let keys = json!({"keys": [pair.to_jwk_public_key()]}).to_string();
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(async || discovery))
            .route("/keys", get(async || keys));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { issuer, private: pair.to_jwk_private_key() }
    }

    pub(crate) fn id_token(&self, user: &str, email: &str, iat: i64) -> String {
        let claims = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": user, "email": email, "email_verified": true,
            "iat": iat, "exp": iat + 3600,
        });
        let claims: Map<String, Value> = serde_json::from_value(claims).unwrap();
        let signer = ES256.signer_from_jwk(&self.private).unwrap();
        jwt::encode_with_signer(&JwtPayload::from_map(claims).unwrap(), &JwsHeader::new(), &signer).unwrap()
    }
}
