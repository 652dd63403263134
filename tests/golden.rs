//! What a release sealed, this one opens: `client_id`s for ever, everything else between a release and the next.

#![expect(clippy::unwrap_used, reason = "what fails in a test, panics")]

use std::fs;
use std::path::{Path, PathBuf};

use mcp_auth_sidecar::artifact::{AccessToken, AuthorizationCode, Client, Question, RefreshToken};
use mcp_auth_sidecar::clock::{Seconds, Timestamp};
use mcp_auth_sidecar::oauth::{CodeVerifier, Issuer};
use mcp_auth_sidecar::seal::keys_dir::Keys;
use mcp_auth_sidecar::seal::{Artifact, Sealed, Sealer};
use serde_json::Value;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The folder of one release.
struct Golden {
    sealer: Sealer,
    artifacts: Value,
    sealed_at: Timestamp,
}

impl Golden {
    fn read(dir: &Path) -> Self {
        let artifacts: Value =
            serde_json::from_slice(&fs::read(dir.join("artifacts.json")).unwrap()).unwrap();
        let issuer = Issuer::try_from("https://mcp.example.com".to_owned()).unwrap();
        let sealed_at = Timestamp::from_secs(artifacts["sealed_at"].as_i64().unwrap());
        Self { sealer: Sealer::new(issuer, Keys::read(dir).unwrap()), artifacts, sealed_at }
    }

    fn opened<T: Artifact>(&self, name: &str, now: Timestamp) -> T {
        let sealed = Sealed::<T>::new(self.artifacts[name].as_str().unwrap());
        self.sealer.open(&sealed, now).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn client_id(&self) -> Sealed<Client> {
        Sealed::new(self.artifacts["client_id"].as_str().unwrap())
    }
}

/// Each release has a folder with its rings and one artifact of each kind; the last is this release's own.
fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut releases: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    releases.sort();
    releases
}

/// REG-31, T33
#[test]
fn a_client_id_of_any_release_opens_for_ever() {
    for release in releases() {
        let golden = Golden::read(&release);
        let in_thirty_years = golden.sealed_at + Seconds(30 * 365 * 86_400);
        let client: Client = golden.opened("client_id", in_thirty_years);
        assert_eq!(client.name.as_deref(), Some("Golden"));
        assert!(client.admits(&"http://localhost:1/callback".to_owned().try_into().unwrap()));
        let minted: Client = golden.opened("minted_client_id", in_thirty_years);
        assert!(
            minted.minted.is_some_and(|minted| minted.secret.is_of("golden secret") && minted.pkce_optional)
        );
    }
}

#[test]
fn everything_of_the_last_release_opens_and_redeems() {
    let golden = Golden::read(releases().last().unwrap());
    let now = golden.sealed_at;
    let question: Question = golden.opened("question", now);
    assert_eq!(question.state.as_deref(), Some("some state"));
    let code: AuthorizationCode = golden.opened("code", now);
    let verifier = CodeVerifier::try_from(VERIFIER.to_owned()).unwrap();
    let grant = code.redeem(&golden.client_id(), None, Some(&verifier)).unwrap();
    let refresh: RefreshToken = golden.opened("refresh_token", now);
    assert_eq!(refresh.redeem(&golden.client_id()).unwrap().grant.sid, grant.sid);
    let access: AccessToken = golden.opened("access_token", now);
    assert_eq!((access.sid, access.person.email.as_str()), (grant.sid, "alice@example.com"));
}

#[test]
fn this_release_has_its_own_folder() {
    let own = releases().iter().any(|release| release.ends_with(env!("CARGO_PKG_VERSION")));
    assert!(own, "cargo run --example golden -- tests/golden/{}", env!("CARGO_PKG_VERSION"));
}
