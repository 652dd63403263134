//! The deny file: the revocations that last.

use jiff::Timestamp as Rfc3339;
use url::Host;

use crate::artifact::{Client, Person};
use crate::clock::Timestamp;
use crate::oauth::RedirectUri;

/// Every rule of the file.
#[derive(Debug, Default)]
pub struct Deny(Vec<Rule>);

/// Whom or what a line is about, and up to when.
#[derive(Debug)]
struct Rule {
    about: About,
    /// Only what was consented to before this; without it everything, sign-in included.
    before: Option<Timestamp>,
}

#[derive(Debug)]
enum About {
    Client(String),
    Everything,
    Person(String),
    Redirect(String),
}

impl Deny {
    /// One rule a line: `person ADDRESS|SUB [before TIME]`, `client JTI [before TIME]`, `redirect HOST
    /// [before TIME]`, `before TIME`; `#` begins a comment; TIME is of RFC 3339. Refuses a file with a line that
    /// does not parse, and names the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().enumerate();
        let rules = lines.filter_map(|(at, line)| match rule(line) {
            Ok(None) => None,
            Ok(Some(rule)) => Some(Ok(rule)),
            Err(reason) => Some(Err(format!("line {}: {reason}", at + 1))),
        });
        rules.collect::<Result<_, _>>().map(Self)
    }

    /// Is this person denied what they consent, or consented, to at that time?
    pub fn denies_person(&self, person: &Person, consent: Timestamp) -> bool {
        self.any(consent, |about| match about {
            About::Everything => true,
            About::Person(name) => {
                name == person.sub.as_str() || name.to_lowercase() == person.email.as_str().to_lowercase()
            }
            About::Client(_) | About::Redirect(_) => false,
        })
    }

    /// Is this client denied, by itself or because it can be answered nowhere else?
    pub fn denies_client(&self, client: &Client, consent: Timestamp) -> bool {
        let by_itself = |about: &About| matches!(about, About::Client(jti) if jti == client.jti.as_str());
        let uris = &client.redirect_uris;
        let nowhere = !uris.is_empty() && uris.iter().all(|uri| self.denies_redirect(uri, consent));
        nowhere || self.any(consent, by_itself)
    }

    /// May nobody be answered there?
    pub fn denies_redirect(&self, uri: &RedirectUri, consent: Timestamp) -> bool {
        let host = uri.host();
        self.any(
            consent,
            |about| matches!(about, About::Redirect(denied) if denied.eq_ignore_ascii_case(&host)),
        )
    }

    fn any(&self, consent: Timestamp, is_about: impl Fn(&About) -> bool) -> bool {
        self.0.iter().any(|rule| rule.before.is_none_or(|before| consent < before) && is_about(&rule.about))
    }
}

fn rule(line: &str) -> Result<Option<Rule>, &'static str> {
    let line = line.split('#').next().unwrap_or_default();
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let about = |kind: &str, name: &str| {
        let name = name.to_owned();
        match kind {
            "client" => Ok(About::Client(name)),
            "person" => Ok(About::Person(name)),
            "redirect" => host(&name).map(About::Redirect),
            _ => Err("a rule begins with person, client, redirect or before"),
        }
    };
    Ok(Some(match words.as_slice() {
        [] => return Ok(None),
        ["before", when] => Rule { about: About::Everything, before: Some(time(when)?) },
        [kind, name] => Rule { about: about(kind, name)?, before: None },
        [kind, name, "before", when] => Rule { about: about(kind, name)?, before: Some(time(when)?) },
        _ => {
            return Err(
                "a rule is `person NAME`, `client JTI` or `redirect HOST`, with or without `before TIME`, or `before TIME`",
            );
        }
    }))
}

/// As redirect URIs spell it: a line that no URI could ever meet would deny nothing, and nobody would know.
fn host(text: &str) -> Result<String, &'static str> {
    let host = Host::parse(text).map(|host| host.to_string());
    host.ok()
        .filter(|host| RedirectUri::try_from(format!("https://{host}/")).is_ok())
        .ok_or("HOST is a host alone, such as app.example, without scheme, port and path")
}

/// Fractions count: consent is known by the second that it fell into.
fn time(text: &str) -> Result<Timestamp, &'static str> {
    let parsed: Result<Rfc3339, _> = text.parse();
    parsed
        .map(|time| Timestamp::from_secs(time.as_second() + i64::from(time.subsec_nanosecond() > 0)))
        .map_err(|_| "TIME is one of RFC 3339, such as 2026-11-25T12:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::Jti;

    const NOON: i64 = 1_795_608_000;

    fn alice() -> Person {
        Person {
            sub: "1001".to_owned().try_into().unwrap(),
            email: "alice@example.com".to_owned().try_into().unwrap(),
        }
    }

    fn client(uri: &str) -> Client {
        Client::registered(
            Jti("abc".to_owned()),
            Timestamp::from_secs(0),
            vec![uri.to_owned().try_into().unwrap()],
        )
    }

    #[test]
    fn a_rule_is_about_a_person_a_client_a_host_or_everything_before_a_time() {
        let (before, after) = (Timestamp::from_secs(NOON - 1), Timestamp::from_secs(NOON));
        for (line, then, now) in [
            ("person alice@example.com", true, true),
            ("person ALICE@example.com  # left", true, true),
            ("person 1001", true, true),
            ("person JOSÉ@example.com", false, false),
            ("person bob@example.com", false, false),
            ("person 1001 before 2026-11-25T12:00:00Z", true, false),
            ("person 1001 before 2026-11-25T13:00:00+01:00", true, false),
            ("person 1001 before 2026-11-25T12:00:00.5Z", true, true),
            ("before 2026-11-25T12:00:00Z", true, false),
            ("client abc", false, false),
            ("# person 1001", false, false),
            ("", false, false),
        ] {
            let deny = Deny::parse(line).unwrap();
            assert_eq!(
                (deny.denies_person(&alice(), before), deny.denies_person(&alice(), after)),
                (then, now),
                "{line}"
            );
        }
        for (line, uri, denied) in [
            ("client abc", "https://a.example/cb", true),
            ("client abd", "https://a.example/cb", false),
            ("redirect A.example", "https://a.example/cb", true),
            ("redirect a.example", "https://b.example/cb", false),
            ("redirect münchen.example", "https://xn--mnchen-3ya.example/cb", true),
            ("redirect 127.1", "http://127.0.0.1:1/cb", true),
            ("redirect [::1]", "http://[::1]:1/cb", true),
            ("redirect localhost", "http://localhost:1/cb", true),
            ("redirect anysphere.cursor-mcp", "cursor://anysphere.cursor-mcp/oauth/callback", true),
            ("redirect com.example.app", "com.example.app:/cb", true),
            ("person 1001", "https://a.example/cb", false),
        ] {
            assert_eq!(Deny::parse(line).unwrap().denies_client(&client(uri), after), denied, "{line} {uri}");
        }
    }

    #[test]
    fn a_person_is_denied_in_any_case_of_letters() {
        let jose = Person { email: "josé@Example.com".to_owned().try_into().unwrap(), ..alice() };
        for line in ["person JOSÉ@example.com", "person josé@EXAMPLE.com"] {
            assert!(Deny::parse(line).unwrap().denies_person(&jose, Timestamp::from_secs(NOON)), "{line}");
        }
    }

    #[test]
    fn a_line_that_does_not_parse_is_named() {
        for wrong in [
            "persons 1001",
            "person",
            "person 1001 before yesterday",
            "before",
            "person a b",
            "redirect https://a.example/cb",
            "redirect a.example:8443",
            "redirect a.example/cb",
            "redirect u@a.example",
            "redirect *.a.example",
            "person 1 after 2026-11-25T12:00:00Z",
        ] {
            let reason = Deny::parse(&format!("# a comment\n{wrong}\n")).unwrap_err();
            assert!(reason.starts_with("line 2: "), "{wrong}: {reason}");
        }
    }
}
