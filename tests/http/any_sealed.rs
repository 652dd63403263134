//! Whatever is done to a sealed value: it opens as it was, or not at all.

use crate::harness::any::for_any;
use crate::harness::{CLAUDE, LOOPBACK};
use mcp_auth_sidecar::artifact::{
    AccessToken, AuthorizationCode, Client, ClientDigest, Grant, Person, Question, RefreshToken,
};
use mcp_auth_sidecar::clock::Timestamp;
use mcp_auth_sidecar::oauth::Catalogue;
use mcp_auth_sidecar::seal::keys_dir::Keys;
use mcp_auth_sidecar::seal::{Artifact, Ring, Rings, Sealed, Sealer, new_jti, new_nonce, ring};
use proptest::prelude::*;
use std::fmt::Debug;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const LATER: Timestamp = Timestamp::from_secs(1_800_000_060);

/// X-21, AZ-11, AZ-87, AZ-88, TR-04, T12, T13: a value that is not the very one that was sealed opens nothing
#[test]
fn a_sealed_value_opens_as_it_was_and_in_no_other_way() {
    let sealers = ["https://mcp.example", "https://other.example"].map(sealer(rings()));
    let changes = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<char>(), 0_u8..8);
    opens_only_itself(&sealers, &client(), &changes);
    opens_only_itself(&sealers, &code(), &changes);
    opens_only_itself(&sealers, &refresh_token(), &changes);
    opens_only_itself(&sealers, &question(), &changes);
    opens_only_itself(&sealers, &access_token(), &changes);
}

fn opens_only_itself<T: Artifact + Debug>(
    [ours, theirs]: &[Sealer; 2],
    artifact: &T,
    changes: &(impl Strategy<Value = (prop::sample::Index, prop::sample::Index, char, u8)> + Clone),
) {
    let text = ours.seal(artifact).unwrap().into_text();
    let other = ours.seal(artifact).unwrap().into_text();
    let opened = ours.open(&Sealed::<T>::new(&text), NOW).unwrap();
    assert_eq!(format!("{opened:?}"), format!("{artifact:?}"));
    assert!(theirs.open(&Sealed::<T>::new(&text), NOW).is_err());
    for_any(2_000, changes.clone(), |(at, length, character, kind)| {
        let mutant = changed(&text, &other, (at, length, character, kind));
        let is_opened = ours.open(&Sealed::<T>::new(&mutant), NOW).is_ok();
        assert_eq!(is_opened, mutant == text || mutant == other, "{}: {mutant}", T::TYP);
    });
}

/// One thing done to a sealed text; parts of another one of the same kind may get in.
fn changed(
    text: &str,
    other: &str,
    (at, length, character, kind): (prop::sample::Index, prop::sample::Index, char, u8),
) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let place = at.index(characters.len());
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    let near = alphabet.chars().nth(length.index(alphabet.len())).unwrap();
    match kind {
        0 => characters[place] = character,
        1 => characters[place] = near,
        2 => characters.insert(place, near),
        3 => characters.truncate(place),
        4 => drop(characters.drain(..place)),
        5 => {
            let last = characters.len() - 1;
            characters[last] = near;
        }
        6 => characters.extend(std::iter::repeat_n(near, 1 + length.index(3))),
        _ => return spliced(text, other, at),
    }
    characters.into_iter().collect()
}

/// One part of the other in the place of its own.
fn spliced(text: &str, other: &str, at: prop::sample::Index) -> String {
    let (mut parts, others): (Vec<&str>, Vec<&str>) = (text.split('.').collect(), other.split('.').collect());
    let place = at.index(parts.len());
    parts[place] = others[place];
    parts.join(".")
}

fn rings() -> Rings {
    Rings::each(|of| Ring::from_json(of, ring::fresh(of, NOW).as_bytes())).unwrap()
}

fn sealer(rings: Rings) -> impl Fn(&str) -> Sealer {
    let keys = Keys::fixed(rings);
    move |issuer| Sealer::new(parsed(issuer), keys.clone())
}

fn client() -> Client {
    let uris = vec![parsed(CLAUDE), parsed(LOOPBACK)];
    Client { name: Some("Claude".to_owned()), ..Client::registered(new_jti(), NOW, uris) }
}

fn person() -> Person {
    Person { sub: parsed("1001"), email: parsed("alice@example.com") }
}

fn grant() -> Grant {
    Grant {
        person: person(),
        client: ClientDigest::of(&Sealed::new("a client")),
        scope: Catalogue::try_from(vec!["mcp".to_owned()]).unwrap().granted(None),
        resource: parsed("https://mcp.example/mcp"),
        auth_time: NOW,
        sid: new_jti(),
    }
}

fn code() -> AuthorizationCode {
    let challenge = Some(parsed("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
    AuthorizationCode {
        exp: LATER,
        grant: grant(),
        redirect_uri: parsed(CLAUDE),
        challenge,
        no_refresh: true,
    }
}

fn refresh_token() -> RefreshToken {
    RefreshToken { exp: LATER, grant: grant(), generation: 1, nonce: new_nonce() }
}

fn question() -> Question {
    Question {
        exp: LATER,
        person: person(),
        client: ClientDigest::of(&Sealed::new("a client")),
        client_jti: new_jti(),
        redirect_uri: parsed(CLAUDE),
        state: Some("state".to_owned()),
        challenge: None,
        scope: Catalogue::try_from(vec!["mcp".to_owned()]).unwrap().granted(None),
        resource: parsed("https://mcp.example/mcp"),
        by_policy: true,
        no_refresh: true,
    }
}

fn access_token() -> AccessToken {
    AccessToken {
        aud: parsed("https://mcp.example/mcp"),
        person: person(),
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
