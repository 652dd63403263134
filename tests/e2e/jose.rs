//! The access token under the eyes of another JOSE implementation, with nothing but the published JWKS.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value};

use crate::stack::Site;

/// All that an access token says, and nothing else.
const CLAIMS: [&str; 11] =
    ["aud", "auth_time", "client_id", "email", "exp", "iat", "iss", "jti", "scope", "sid", "sub"];

pub(crate) async fn verify(site: &Site, token: &str, address: &str) -> Map<String, Value> {
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let keys: JwkSet = reqwest::get(site.url("/oauth/jwks")).await.unwrap().json().await.unwrap();
    let key = keys.find(header.kid.as_deref().unwrap()).expect("the token's key is published");
    let claims = decode::<Map<String, Value>>(token, &DecodingKey::from_jwk(key).unwrap(), &expected(site))
        .unwrap()
        .claims;
    let names: BTreeSet<_> = claims.keys().map(String::as_str).collect();
    assert_eq!(names, BTreeSet::from(CLAIMS));
    assert_eq!(claims["email"], address);
    claims
}

fn expected(site: &Site) -> Validation {
    let mut expected = Validation::new(Algorithm::ES256);
    expected.set_issuer(&[&site.issuer]);
    expected.set_audience(&[site.url("/mcp")]);
    expected.set_required_spec_claims(&["aud", "exp", "iss", "sub"]);
    expected
}
