//! Seals one artifact of each kind with new rings, for `tests/golden/VERSION`: `cargo run --example golden -- tests/golden/VERSION`.
//!
//! Every release makes its own; later ones must open them (`tests/golden.rs`).

use std::error::Error;
use std::fs;
use std::path::Path;

use mcp_auth_sidecar::artifact::{
    AccessToken, AuthorizationCode, Client, ClientDigest, Grant, Minted, Person, Question, RefreshToken,
    SecretDigest,
};
use mcp_auth_sidecar::clock::{Clock, Seconds};
use mcp_auth_sidecar::oauth::{Catalogue, Issuer, RedirectUri, Resource};
use mcp_auth_sidecar::seal::keys_dir::{self, Keys};
use mcp_auth_sidecar::seal::{Sealer, new_jti, new_nonce};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("where to? tests/golden/VERSION")?;
    let (dir, now) = (Path::new(&dir), Clock::system().now());
    keys_dir::init(dir, now)?;
    let sealer = Sealer::new(Issuer::try_from("https://mcp.example.com".to_owned())?, Keys::read(dir)?);

    let redirect_uri = RedirectUri::try_from("http://localhost:53124/callback".to_owned())?;
    let named = Client {
        name: Some("Golden".to_owned()),
        ..Client::registered(new_jti(), now, vec![redirect_uri.clone()])
    };
    let minted = Minted { secret: SecretDigest::of("golden secret"), pkce_optional: true };
    let minted = Client { minted: Some(minted), jti: new_jti(), ..named.clone() };
    let client_id = sealer.seal(&named)?;
    let person =
        Person { sub: "1001".to_owned().try_into()?, email: "alice@example.com".to_owned().try_into()? };
    let scope = Catalogue::try_from(vec!["mcp".to_owned()])?.granted(None);
    let resource = Resource::try_from("https://mcp.example.com/mcp".to_owned())?;
    let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned().try_into()?);
    let grant = Grant {
        person: person.clone(),
        client: ClientDigest::of(&client_id),
        scope: scope.clone(),
        resource: resource.clone(),
        auth_time: now,
        sid: new_jti(),
    };
    let question = Question {
        exp: now + Seconds(600),
        person: person.clone(),
        client: grant.client.clone(),
        client_jti: named.jti.clone(),
        redirect_uri: redirect_uri.clone(),
        state: Some("some state".to_owned()),
        challenge,
        scope: scope.clone(),
        resource: resource.clone(),
        by_policy: true,
        no_refresh: false,
    };
    let code = AuthorizationCode {
        exp: now + Seconds(60),
        grant: grant.clone(),
        redirect_uri,
        challenge: question.challenge.clone(),
        no_refresh: false,
    };
    let refresh =
        RefreshToken { exp: now + Seconds(604_800), generation: 1, nonce: new_nonce(), grant: grant.clone() };
    let access = AccessToken {
        aud: resource,
        person,
        client_id: client_id.as_str().to_owned(),
        scope,
        iat: now,
        exp: now + Seconds(3600),
        jti: new_jti(),
        auth_time: now,
        sid: grant.sid.clone(),
    };
    let artifacts = json!({
        "sealed_at": now,
        "client_id": client_id,
        "minted_client_id": sealer.seal(&minted)?,
        "question": sealer.seal(&question)?,
        "code": sealer.seal(&code)?,
        "refresh_token": sealer.seal(&refresh)?,
        "access_token": sealer.seal(&access)?,
    });
    fs::write(dir.join("artifacts.json"), serde_json::to_string_pretty(&artifacts)? + "\n")?;
    Ok(())
}
