//! Signatures, verifications and encryptions alone, on claims of the size that this server's have.

use std::time::Duration;

use josekit::jwe::alg::direct::DirectJweAlgorithm;
use josekit::jwe::{self, JweDecrypter, JweEncrypter, JweHeader};
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier};
use josekit::jws::{self, ES256, JwsHeader};

use crate::Outcome;
use crate::process::own_cpu;

pub(crate) struct Cryptography {
    signer: EcdsaJwsSigner,
    verifier: EcdsaJwsVerifier,
    encrypter: Box<dyn JweEncrypter>,
    decrypter: Box<dyn JweDecrypter>,
    claims: String,
}

impl Cryptography {
    pub(crate) fn new() -> Outcome<Self> {
        let jwk = Jwk::generate_ec_key(EcCurve::P256)?;
        Ok(Self {
            signer: ES256.signer_from_jwk(&jwk)?,
            verifier: ES256.verifier_from_jwk(&jwk)?,
            encrypter: Box::new(DirectJweAlgorithm::Dir.encrypter_from_bytes([7; 32])?),
            decrypter: Box::new(DirectJweAlgorithm::Dir.decrypter_from_bytes([7; 32])?),
            claims: "x".repeat(450),
        })
    }

    /// CPU of what one flow needs of it. (What was verified is remembered, so a `client_id` is verified once.)
    ///
    /// | request | verified | opened | signed | sealed |
    /// |---|---|---|---|---|
    /// | authorize | `client_id` | | | question |
    /// | consent | | question | code | code |
    /// | code | code | code | access token | refresh token |
    /// | refresh | | refresh token | access token | refresh token |
    pub(crate) fn flow(&self, times: u32) -> Outcome<Duration> {
        let (token, code) = (self.sign()?, self.seal()?);
        let began = own_cpu()?;
        for _ in 0..times {
            for _ in 0..2 {
                jws::deserialize_compact(&token, &self.verifier)?;
            }
            for _ in 0..3 {
                jwe::deserialize_compact(&code, &*self.decrypter)?;
                self.sign()?;
            }
            for _ in 0..4 {
                self.seal()?;
            }
        }
        Ok(own_cpu()?.saturating_sub(began) / times)
    }

    /// CPU of one verification.
    pub(crate) fn verification(&self, times: u32) -> Outcome<Duration> {
        let token = self.sign()?;
        let began = own_cpu()?;
        for _ in 0..times {
            jws::deserialize_compact(&token, &self.verifier)?;
        }
        Ok(own_cpu()?.saturating_sub(began) / times)
    }

    fn sign(&self) -> Outcome<String> {
        Ok(jws::serialize_compact(self.claims.as_bytes(), &JwsHeader::new(), &self.signer)?)
    }

    fn seal(&self) -> Outcome<String> {
        let mut header = JweHeader::new();
        header.set_content_encryption("A256GCM");
        Ok(jwe::serialize_compact(self.claims.as_bytes(), &header, &*self.encrypter)?)
    }
}
