//! The examples that the RFCs print, to the byte.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{jwk::Jwk, jws, jws::ES256};
use mcp_auth_sidecar::{
    oauth::{CodeChallenge, CodeVerifier},
    seal::{Purpose, Ring},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::table::Table;

pub(crate) fn judge(table: &mut Table) {
    table.add("RFC 7636 appendix B, S256", "exact", exact(challenge()));
    table.add("RFC 7638 §3.1, thumbprints", "exact", exact(thumbprints()));
    table.add("RFC 7515 A.3, ES256", "exact", exact(signature()));
}

fn exact(holds: bool) -> Result<String, String> {
    if holds { Ok("exact".to_owned()) } else { Err("something else".to_owned()) }
}

fn challenge() -> bool {
    let verifier = CodeVerifier::try_from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned()).unwrap();
    let challenge =
        CodeChallenge::try_from("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned()).unwrap();
    challenge.is_met_by(&verifier)
}

/// Ours are made of EC keys and the RFC's example of an RSA key, so a third party makes both: it must get the RFC's, and ours must be its.
fn thumbprints() -> bool {
    let of_the_rfc = thumbprint(&[
        ("e", "AQAB"),
        ("kty", "RSA"),
        (
            "n",
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        ),
    ]);
    let ours = ring(&a3_thumbprint()).is_some() && ring(&a3_thumbprint().to_lowercase()).is_none();
    of_the_rfc == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" && ours
}

/// The RFC's signature under the key as our ring publishes it.
fn signature() -> bool {
    let example = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let published = ring(&a3_thumbprint()).unwrap().active().record().public_jwk();
    let key = Jwk::from_map(published.as_object().unwrap().clone()).unwrap();
    let mut verifier = ES256.verifier_from_jwk(&key).unwrap();
    verifier.remove_key_id();
    let opened = jws::deserialize_compact(example, &verifier).map(|(payload, _)| payload);
    let tampered = example.replace("1Q", "1A");
    opened.is_ok_and(|payload| {
        payload == b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
    }) && jws::deserialize_compact(tampered, &verifier).is_err()
}

const A3: [(&str, &str); 4] = [
    ("crv", "P-256"),
    ("kty", "EC"),
    ("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"),
    ("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"),
];

fn a3_thumbprint() -> String {
    thumbprint(&A3)
}

/// A ring of the RFC's key under this name.
fn ring(kid: &str) -> Option<Ring> {
    let mut key: Value = A3.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    key["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
    key["kid"] = json!(kid);
    key["state"] = json!("active");
    key["since"] = json!(0);
    Ring::from_json(Purpose::Access, json!({"keys": [key]}).to_string().as_bytes()).ok()
}

/// RFC 7638 §3 in a few lines of its own.
fn thumbprint(members_in_order: &[(&str, &str)]) -> String {
    let members = members_in_order.iter().map(|(name, value)| format!(r#""{name}":"{value}""#));
    let canonical = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}
