//! `HAProxy` as the resource's guard: it reads the token itself, with a configuration as its documentation shows it.

use std::{fs, process::Command};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::Value;

use crate::{
    ground::{Ground, free_port, part_file},
    verifiers::{Tokens, Verdicts},
};

/// Debian installs it here.
const PROGRAM: &str = "/usr/sbin/haproxy";

/// Its name and version.
pub(crate) fn name() -> String {
    let said = Command::new(PROGRAM).arg("-v").output().unwrap().stdout;
    let version = String::from_utf8_lossy(&said).split_whitespace().nth(2).map(str::to_owned);
    format!("HAProxy {}", version.unwrap())
}

pub(crate) async fn verdicts(ground: &Ground, tokens: &Tokens) -> Result<Verdicts, String> {
    let (port, key, configuration) =
        (free_port(), ground.folder.join("access.pem"), ground.folder.join("haproxy.cfg"));
    fs::write(&key, published_key(ground).await).unwrap();
    let filled = fs::read_to_string(part_file("haproxy.cfg"))
        .unwrap()
        .replace("@PORT@", &port.to_string())
        .replace("@ISSUER@", &ground.public.issuer)
        .replace("@AUDIENCE@", &ground.public.resource)
        .replace("@KEY@", &key.display().to_string());
    fs::write(&configuration, filled).unwrap();
    let program = [PROGRAM, "-db", "-f", configuration.to_str().unwrap()].map(str::to_owned);
    let mut haproxy = ground.part("haproxy", &program, &[]);
    haproxy.wait_until_it_answers(port, "/")?;

    let http = reqwest::Client::new();
    let mut verdicts = Verdicts::new();
    for (kind, token) in tokens {
        let request = http.get(format!("http://127.0.0.1:{port}/")).bearer_auth(token);
        let status = request.send().await.map_err(|error| error.to_string())?.status();
        verdicts.insert((*kind).to_owned(), status == 200);
    }
    Ok(verdicts)
}

/// The one that signs: these rings were never rotated.
async fn published_key(ground: &Ground) -> String {
    let jwks = reqwest::get(format!("{}/oauth/jwks", ground.public.issuer)).await.unwrap();
    let jwks: Value = jwks.json().await.unwrap();
    let coordinate = |name| URL_SAFE_NO_PAD.decode(jwks["keys"][0][name].as_str().unwrap()).unwrap();
    pem(&coordinate("x"), &coordinate("y"))
}

/// A point on P-256 as a `SubjectPublicKeyInfo` (RFC 5480 §2), for `HAProxy` reads no JWKS.
fn pem(x: &[u8], y: &[u8]) -> String {
    const BEFORE_THE_POINT: &[u8] =
        b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";
    let text = STANDARD.encode([BEFORE_THE_POINT, x, y].concat());
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}
