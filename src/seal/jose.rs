//! JWS and JWE in their compact forms (RFC 7515, RFC 7516), with the algorithms of ours and no other.

use josekit::JoseError;
use josekit::jwe::{self, JweHeader};
use josekit::jws::{self, JwsHeader};

use super::{Key, OpenError, Ring};
use crate::clock::Timestamp;

pub(super) fn sign(key: &Key, typ: &str, claims: &[u8]) -> Result<String, JoseError> {
    let mut header = JwsHeader::new();
    header.set_token_type(typ);
    jws::serialize_compact(claims, &header, key.signer())
}

pub(super) fn encrypt(key: &Key, typ: &str, content: &[u8]) -> Result<String, JoseError> {
    let mut header = JweHeader::new();
    header.set_token_type(typ);
    header.set_content_encryption("A256GCM");
    jwe::serialize_compact(content, &header, key.encrypter()?)
}

/// Gives the claims and the name of the key that verified them. The header picks the key by its `kid` and nothing
/// else: algorithm and type are ours (RFC 8725 §3.1).
pub(super) fn verify(
    ring: &Ring,
    typ: &str,
    text: impl AsRef<[u8]>,
    now: Timestamp,
) -> Result<(Vec<u8>, String), OpenError> {
    let (claims, header) = jws::deserialize_compact_with_selector(text, |header| {
        Ok(header.key_id().and_then(|kid| ring.find(kid, now)).map(Key::verifier))
    })
    .map_err(|error| refused(error, "A verifier is not found."))?;
    match header.key_id() {
        Some(kid) if header.token_type() == Some(typ) => Ok((claims, kid.to_owned())),
        _ => Err(OpenError::Kind),
    }
}

/// Compact JWE with no encrypted key, 96 bits of nonce and the whole 128 bits of tag (RFC 7518 §4.5, §5.3).
/// OpenSSL would take a shorter tag, which is that much easier to forge.
fn is_whole(text: &str) -> bool {
    let parts: Vec<usize> = text.split('.').map(str::len).collect();
    matches!(parts.as_slice(), [_, 0, 16, _, 22])
}

pub(super) fn decrypt(ring: &Ring, typ: &str, text: &str, now: Timestamp) -> Result<Vec<u8>, OpenError> {
    if !is_whole(text) {
        return Err(OpenError::Form);
    }
    let (content, header) = jwe::deserialize_compact_with_selector(text, |header| {
        header.key_id().and_then(|kid| ring.find(kid, now)).map(Key::decrypter).transpose()
    })
    .map_err(|error| refused(error, "A decrypter is not found."))?;
    let ours = header.content_encryption() == Some("A256GCM") && header.compression().is_none();
    if ours && header.token_type() == Some(typ) { Ok(content) } else { Err(OpenError::Kind) }
}

/// josekit has no error of its own for a selector that finds nothing.
fn refused(error: JoseError, no_key: &str) -> OpenError {
    if error.to_string().contains(no_key) { OpenError::Key } else { error.into() }
}
