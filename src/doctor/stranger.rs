//! Who else answers, if it is not whom the protocol speaks of.

use url::Url;

use super::answer::Answer;
use super::cause::Cause;
use super::probe::Ask;

pub(super) fn stranger(ask: &Ask, answer: &Answer) -> Option<Cause> {
    if answer.is_redirect() {
        return Some(redirected(ask.url(), answer));
    }
    Some(match answer.status {
        421 => Cause::MISDIRECTED,
        429 => Cause::TOO_MANY,
        502..=504 => Cause::UPSTREAM_AWAY,
        _ if answer.is_sign_in_page() || answer.is_sign_in_refused() => Cause::SIGN_IN_ASKED,
        // A bare 401 or 404 is what it says, in whatever dress.
        401 | 404 | 405 => return None,
        _ if answer.is_html() => Cause::HTML_INSTEAD,
        403 => Cause::UNEXPECTED,
        _ => return None,
    })
}

/// To a sign-in, or only to another spelling.
fn redirected(asked: &Url, answer: &Answer) -> Cause {
    let to = answer.location(asked);
    let leaves = to.is_none_or(|to| to.host() != asked.host() || to.path().starts_with("/oauth2/"));
    if leaves { Cause::SIGN_IN_ASKED } else { Cause::REDIRECTED }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.insert(*name, value.parse().unwrap());
        }
        Answer { status, headers: all, body: body.to_owned(), ..Answer::default() }
    }

    #[test]
    fn whoever_else_answers_is_named() {
        let ask = Ask::get(Url::parse("https://mcp.example.com/oauth/jwks").unwrap());
        let html = [("content-type", "text/html")];
        for (answer, cause) in [
            (
                answer(302, &[("location", "https://accounts.google.com/auth?x")], ""),
                Some(Cause::SIGN_IN_ASKED),
            ),
            (answer(302, &[("location", "/oauth2/start?rd=%2F")], ""), Some(Cause::SIGN_IN_ASKED)),
            (answer(403, &html, "<form action=\"/oauth2/start\">"), Some(Cause::SIGN_IN_ASKED)),
            (answer(307, &[("location", "/oauth/jwks/")], ""), Some(Cause::REDIRECTED)),
            (answer(200, &html, "<html>"), Some(Cause::HTML_INSTEAD)),
            (answer(200, &[], "<!doctype html>"), Some(Cause::HTML_INSTEAD)),
            (answer(421, &[], "{}"), Some(Cause::MISDIRECTED)),
            (answer(502, &html, "<html>"), Some(Cause::UPSTREAM_AWAY)),
            (answer(403, &html, "<html>"), Some(Cause::HTML_INSTEAD)),
            (answer(403, &[], "{}"), Some(Cause::UNEXPECTED)),
            (answer(401, &[], "{}\n"), Some(Cause::SIGN_IN_ASKED)),
            (answer(401, &[("www-authenticate", "Bearer")], "{}"), None),
            (answer(404, &html, "<html>"), None),
            (answer(304, &[], ""), None),
            (answer(404, &[], "{}"), None),
            (answer(200, &[], "{}"), None),
        ] {
            assert_eq!(stranger(&ask, &answer), cause, "{}", answer.shown());
        }
    }
}
