//! Files that decide who comes in: the deny file, the people file, key rings.

use std::str;

use jiff::Timestamp as Rfc3339;
use url::Url;

use super::fixed::NOW;
use crate::artifact::{Client, Person};
use crate::clock::{Seconds, Timestamp};
use crate::oauth::{EmailAddress, Jti, RedirectUri};
use crate::rules::{Deny, People};
use crate::seal::{Purpose, Ring, State, ring as rings};

/// A deny file that is taken refuses what each of its lines says.
pub fn deny_file(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let deny = match Deny::parse(text) {
        Ok(deny) => deny,
        Err(reason) => return assert!(reason.starts_with("line "), "{reason}"),
    };
    for line in text.lines() {
        let words: Vec<&str> = line.split('#').next().unwrap().split_ascii_whitespace().collect();
        let [kind, rest @ ..] = words.as_slice() else { continue };
        // What can be nobody's name denies nobody.
        if *kind == "person" && persons(rest[0]).is_empty() {
            continue;
        }
        let before = rest.last().filter(|_| *kind == "before" || rest.len() == 3);
        let end = before.map(|when| whole_second_from(when.parse().unwrap()));
        let when = end.map_or(NOW, |end| end + Seconds(-1));
        assert!(refuses(&deny, kind, rest[0], when), "{line}");
        assert!(refuses(&Deny::parse(line).unwrap(), kind, rest[0], when), "{line}");
        if let Some(end) = end {
            assert!(!refuses(&Deny::parse(line).unwrap(), kind, rest[0], end), "{line}");
        }
    }
    assert!(
        Deny::parse(&format!("{text}\nperson 1001"))
            .unwrap()
            .denies_person(&person("1001", "a@b.example"), NOW)
    );
    assert!(Deny::parse(&format!("{text}\nperson")).is_err());
}

/// The first that is not before this.
fn whole_second_from(time: Rfc3339) -> Timestamp {
    let second = (time.as_nanosecond() + 999_999_999).div_euclid(1_000_000_000);
    Timestamp::from_secs(i64::try_from(second).unwrap())
}

/// In every spelling in which it can come.
fn refuses(deny: &Deny, kind: &str, name: &str, when: Timestamp) -> bool {
    match kind {
        "before" => deny.denies_person(&person("1001", "a@b.example"), when),
        "client" => deny.denies_client(&Client::registered(Jti(name.to_owned()), NOW, Vec::new()), when),
        "person" => persons(name).iter().all(|person| deny.denies_person(person, when)),
        "redirect" => deny.denies_redirect(&callback(name), when),
        other => panic!("{other} is no kind of rule"),
    }
}

fn person(sub: &str, email: &str) -> Person {
    let text = str::to_owned;
    Person { sub: text(sub).try_into().unwrap(), email: text(email).try_into().unwrap() }
}

/// Who is called so: by the subject, or by the address in small and capital letters.
fn persons(name: &str) -> Vec<Person> {
    let addresses = [name.to_owned(), name.to_lowercase(), name.to_ascii_uppercase()];
    let by_address = addresses.into_iter().filter(|text| EmailAddress::try_from(text.clone()).is_ok());
    let by_sub = Some(name).filter(|name| crate::oauth::Subject::try_from((*name).to_owned()).is_ok());
    let by_address = by_address.map(|email| person("somebody", &email));
    by_address.chain(by_sub.map(|sub| person(sub, "a@b.example"))).collect()
}

/// A redirect URI of a host: one that has none should not have been taken.
fn callback(host: &str) -> RedirectUri {
    let url = Url::parse(&format!("https://{host}/cb")).unwrap();
    RedirectUri::try_from(String::from(url)).unwrap()
}

/// A people file that is taken lets in whom each of its lines names, and nobody else.
pub fn people_file(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(people) = People::parse(text) else { return };
    let lines = text.lines().map(|line| line.split('#').next().unwrap().trim());
    let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    assert!(!lines.is_empty());
    for line in &lines {
        let named = if line.starts_with('@') { format!("anybody{line}") } else { (*line).to_owned() };
        for spelling in [named.to_ascii_uppercase(), named.to_lowercase(), named] {
            let Ok(address) = EmailAddress::try_from(spelling) else { continue };
            assert!(people.contains(&address), "{address:?}");
        }
    }
    let stranger = EmailAddress::try_from("stranger@nowhere.invalid".to_owned()).unwrap();
    let named = |line: &&str| {
        ["stranger@nowhere.invalid", "@nowhere.invalid"].contains(&line.to_lowercase().as_str())
    };
    assert_eq!(people.contains(&stranger), lines.iter().any(named));
    assert!(People::parse(&format!("{text}\nnobody")).is_err());
}

/// A ring that is taken has one key that seals, comes back from its own text, and publishes nothing private.
pub fn ring(data: &[u8]) {
    for purpose in Purpose::ALL {
        let ring = match Ring::from_json(purpose, data) {
            Ok(ring) => ring,
            Err(reason) => {
                assert!(reason.to_string().len() < 100, "{reason}");
                continue;
            }
        };
        let records = ring.records();
        assert_eq!(records.iter().filter(|record| record.state == State::Active).count(), 1);
        assert!(ring.iter().all(|key| key.encrypts() == purpose.encrypts()));
        let again = Ring::from_json(purpose, rings::to_json(records.clone()).as_bytes()).unwrap();
        let kids = |ring: &Ring| ring.iter().map(|key| key.record().kid().to_owned()).collect::<Vec<_>>();
        assert_eq!(kids(&again), kids(&ring));
        for key in ring.jwks(NOW)["keys"].as_array().unwrap() {
            assert!(
                key.get("d").is_none()
                    && key.get("k").is_none()
                    && ring.find(key["kid"].as_str().unwrap(), NOW).is_some()
            );
        }
        assert!(ring.find(ring.active().record().kid(), NOW).is_some());
    }
}
