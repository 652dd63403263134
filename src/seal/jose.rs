//! JWS and JWE in their compact forms (RFC 7515, RFC 7516), with the algorithms of ours and no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwe::enc::aesgcm::AesgcmJweEncryption::A256gcm;
use josekit::jwe::{self, JweContentEncryption as _, JweHeader};
use josekit::jws;
use josekit::{JoseError, JoseHeader};
use p256::elliptic_curve::Generate as _;

use super::{Key, OpenError, Ring};
use crate::clock::Timestamp;

pub(super) fn sign(key: &Key, typ: &str, claims: &[u8]) -> Result<String, JoseError> {
    // Neither needs escapes: `typ` is a constant of ours, and a `kid` is base64url.
    let header = format!(r#"{{"alg":"ES256","kid":"{}","typ":"{typ}"}}"#, key.record().kid());
    let mut text = URL_SAFE_NO_PAD.encode(header);
    append(&mut text, claims);
    let signature = key.signer().sign(text.as_bytes())?;
    append(&mut text, &signature);
    Ok(text)
}

pub(super) fn encrypt(key: &Key, typ: &str, content: &[u8]) -> Result<String, JoseError> {
    let kid = key.record().kid();
    let header = format!(r#"{{"alg":"dir","enc":"A256GCM","kid":"{kid}","typ":"{typ}"}}"#);
    let mut text = URL_SAFE_NO_PAD.encode(header);
    let nonce = <[u8; 12]>::generate();
    let (sealed, tag) = A256gcm.encrypt(key.cipher()?, Some(&nonce), content, text.as_bytes())?;
    for part in [&[][..], &nonce, &sealed, &tag.unwrap_or_default()] {
        append(&mut text, part);
    }
    Ok(text)
}

/// One more part of a compact form.
fn append(text: &mut String, part: &[u8]) {
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(part, text);
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
        let kid = header.key_id().filter(|_| asks_for_nothing(header));
        Ok(kid.and_then(|kid| ring.find(kid, now)).map(Key::verifier))
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

/// No key of ours is for another algorithm. Asked before anything is decrypted: josekit would try AES-CBC, too, and the
/// binding of OpenSSL panics where a nonce is too short for that.
fn is_ours(header: &JweHeader) -> bool {
    let is_plain = header.content_encryption() == Some("A256GCM") && header.compression().is_none();
    is_plain && asks_for_nothing(header)
}

/// What must be understood is refused, for nothing of that kind is understood here (RFC 7515 §4.1.11, RFC 7516 §4.1.13).
fn asks_for_nothing(header: &dyn JoseHeader) -> bool {
    header.claim("crit").is_none()
}

pub(super) fn decrypt(ring: &Ring, typ: &str, text: &str, now: Timestamp) -> Result<Vec<u8>, OpenError> {
    if !is_whole(text) {
        return Err(OpenError::Form);
    }
    let (content, header) = jwe::deserialize_compact_with_selector(text, |header| {
        let kid = header.key_id().filter(|_| is_ours(header));
        kid.and_then(|kid| ring.find(kid, now)).map(Key::decrypter).transpose()
    })
    .map_err(|error| refused(error, "A decrypter is not found."))?;
    if header.token_type() == Some(typ) { Ok(content) } else { Err(OpenError::Kind) }
}

/// josekit has no error of its own for a selector that finds nothing.
fn refused(error: JoseError, no_key: &str) -> OpenError {
    if error.to_string().contains(no_key) { OpenError::Key } else { error.into() }
}
