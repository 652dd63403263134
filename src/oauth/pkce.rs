//! Proof Key for Code Exchange (RFC 7636), S256 alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// What the client promised: the SHA-256 of its verifier, as it wrote it. `plain` cannot be held.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// RFC 7636 §4.6, in constant time.
    pub fn is_met_by(&self, verifier: &CodeVerifier) -> bool {
        let kept = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.0.as_bytes()));
        self.0.as_bytes().ct_eq(kept.as_bytes()).into()
    }
}

/// 43 characters of base64url, which 32 bytes make (RFC 7636 §4.2).
impl TryFrom<String> for CodeChallenge {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let base64url = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        let well_formed = text.len() == 43 && text.bytes().all(base64url);
        well_formed.then_some(Self(text)).ok_or(Malformed::Challenge)
    }
}

impl From<CodeChallenge> for String {
    fn from(challenge: CodeChallenge) -> Self {
        challenge.0
    }
}

/// 43 to 128 unreserved characters (RFC 7636 §4.1).
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct CodeVerifier(String);

impl TryFrom<String> for CodeVerifier {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let well_formed = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        well_formed.then_some(Self(text)).ok_or(Malformed::Verifier)
    }
}

/// A verifier is a secret until its code is spent.
impl std::fmt::Debug for CodeVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeVerifier(…)")
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Malformed {
    #[error("code_challenge must be 43 characters of base64url (the SHA-256 of the verifier)")]
    Challenge,
    #[error("code_verifier must be 43 to 128 unreserved characters")]
    Verifier,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(text: &str) -> Result<CodeChallenge, Malformed> {
        CodeChallenge::try_from(text.to_owned())
    }

    fn verifier(text: &str) -> Result<CodeVerifier, Malformed> {
        CodeVerifier::try_from(text.to_owned())
    }

    #[test]
    fn the_vector_of_rfc_7636_appendix_b_holds() {
        let challenge = challenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap();
        assert!(challenge.is_met_by(&verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap()));
        assert!(!challenge.is_met_by(&verifier("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap()));
    }

    #[test]
    fn a_challenge_is_43_characters_of_base64url() {
        for wrong in [
            "",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c\u{e9}",
        ] {
            assert_eq!(challenge(wrong), Err(Malformed::Challenge), "{wrong}");
        }
    }

    /// What is no SHA-256 as base64url writes it is a challenge all the same, and one that nobody meets.
    #[test]
    fn a_challenge_is_compared_as_text() {
        let verifier = verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").unwrap();
        for (text, met) in [
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", true),
            ("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN", false),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(challenge(text).unwrap().is_met_by(&verifier), met, "{text}");
        }
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for right in ["a".repeat(43), "-._~".repeat(32)] {
            assert!(verifier(&right).is_ok(), "{right}");
        }
        for wrong in ["a".repeat(42), "a".repeat(129), "+".repeat(43), "é".repeat(43)] {
            assert!(verifier(&wrong).is_err(), "{wrong}");
        }
    }
}
