//! Texts that keys of ours made, with whatever header and content: what somebody sends who holds the rings, or another
//! version of this server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwe::JweContentEncryption as _;
use josekit::jwe::enc::aesgcm::AesgcmJweEncryption::A256gcm;

use super::Key;

/// The payload as it stands between the dots.
pub(crate) fn signed(key: &Key, header: &[u8], payload: &[u8]) -> Option<Vec<u8>> {
    let mut text = URL_SAFE_NO_PAD.encode(header).into_bytes();
    text.push(b'.');
    text.extend_from_slice(payload);
    let signature = key.signer().sign(&text).ok()?;
    text.push(b'.');
    text.extend_from_slice(URL_SAFE_NO_PAD.encode(signature).as_bytes());
    Some(text)
}

/// With a nonce that is no secret: nothing is kept by it.
pub(crate) fn encrypted(key: &Key, header: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let (header, nonce) = (URL_SAFE_NO_PAD.encode(header), [0; 12]);
    let (sealed, tag) = A256gcm.encrypt(key.cipher().ok()?, Some(&nonce), content, header.as_bytes()).ok()?;
    let [nonce, sealed, tag] = [&nonce[..], &sealed, &tag?].map(|part| URL_SAFE_NO_PAD.encode(part));
    Some(format!("{header}..{nonce}.{sealed}.{tag}").into_bytes())
}
