//! Signatures, verifications and encryptions alone, on claims of the size that this server's have.

use std::time::Duration;

use josekit::jwe::JweContentEncryption as _;
use josekit::jwe::enc::aesgcm::AesgcmJweEncryption::A256gcm;
use josekit::jwk::Jwk;
use josekit::jwk::alg::ec::EcCurve;
use josekit::jws::alg::ecdsa::{EcdsaJwsSigner, EcdsaJwsVerifier};
use josekit::jws::{self, ES256, JwsHeader, JwsSigner as _, JwsVerifier as _};

use crate::Outcome;
use crate::process::own_cpu;

const CLAIMS: [u8; 600] = [b'x'; 600];
const KEY: [u8; 32] = [7; 32];

pub(crate) struct Cryptography {
    signer: EcdsaJwsSigner,
    verifier: EcdsaJwsVerifier,
}

/// How often each is done.
#[derive(Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) signed: u32,
    pub(crate) verified: u32,
    pub(crate) sealed: u32,
    pub(crate) opened: u32,
}

impl Work {
    pub(crate) const REGISTRATION: Self = Self { signed: 1, verified: 0, sealed: 0, opened: 0 };
    pub(crate) const REFRESH: Self = Self { signed: 1, verified: 0, sealed: 1, opened: 1 };
    /// | request | verified | opened | signed | sealed |
    /// |---|---|---|---|---|
    /// | authorize | | | | question |
    /// | consent | | question | code | code |
    /// | code | | code | access token | refresh token |
    /// | refresh | | refresh token | access token | refresh token |
    ///
    /// (What was signed here is not verified here: neither a `client_id` nor a code.)
    pub(crate) const FLOW: Self = Self { signed: 3, verified: 0, sealed: 4, opened: 3 };
}

impl Cryptography {
    pub(crate) fn new() -> Outcome<Self> {
        let jwk = Jwk::generate_ec_key(EcCurve::P256)?;
        Ok(Self { signer: ES256.signer_from_jwk(&jwk)?, verifier: ES256.verifier_from_jwk(&jwk)? })
    }

    /// CPU of some work, done so many times.
    pub(crate) fn cpu(&self, work: Work, times: u32) -> Outcome<Duration> {
        let signature = self.signer.sign(&CLAIMS)?;
        let (sealed, tag) = A256gcm.encrypt(&KEY, Some(&KEY[..12]), &CLAIMS, &[])?;
        let began = own_cpu()?;
        for _ in 0..times {
            (0..work.signed).try_for_each(|_| self.signer.sign(&CLAIMS).map(drop))?;
            (0..work.verified).try_for_each(|_| self.verifier.verify(&CLAIMS, &signature))?;
            (0..work.sealed).try_for_each(|_| seal().map(drop))?;
            let open = || A256gcm.decrypt(&KEY, Some(&KEY[..12]), &sealed, &[], tag.as_deref());
            (0..work.opened).try_for_each(|_| open().map(drop))?;
        }
        Ok(own_cpu()?.saturating_sub(began) / times)
    }

    /// CPU of one verification, its text taken apart as well.
    pub(crate) fn verification(&self, times: u32) -> Outcome<Duration> {
        let token = jws::serialize_compact(&CLAIMS, &JwsHeader::new(), &self.signer)?;
        let began = own_cpu()?;
        for _ in 0..times {
            jws::deserialize_compact(&token, &self.verifier)?;
        }
        Ok(own_cpu()?.saturating_sub(began) / times)
    }
}

/// With a nonce of its own.
fn seal() -> Result<Vec<u8>, josekit::JoseError> {
    let nonce = josekit::util::random_bytes(12);
    A256gcm.encrypt(&KEY, Some(&nonce), &CLAIMS, &[]).map(|(sealed, _)| sealed)
}
