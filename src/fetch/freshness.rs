//! How long an answer says that it holds.

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap, HeaderValue};

use crate::clock::Seconds;

/// What is left of `max-age` (RFC 9111 §4.2): none where nothing is said, or that it must not be kept.
pub(super) fn freshness(headers: &HeaderMap) -> Option<Seconds> {
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_ascii_lowercase();
    let said: Vec<String> = headers.get_all(CACHE_CONTROL).iter().map(text).collect();
    let said: Vec<&str> = said.iter().flat_map(|line| line.split(',')).map(str::trim).collect();
    if said.iter().any(|directive| ["no-store", "no-cache"].contains(directive)) {
        return None;
    }
    let secs = |text: &str| {
        let secs: u64 = text.trim_matches('"').parse().ok()?;
        Some(i64::try_from(secs).unwrap_or(i64::MAX))
    };
    let max_age = said.iter().filter_map(|directive| secs(directive.strip_prefix("max-age=")?)).min()?;
    let age = headers.get(AGE).map(text).and_then(|age| secs(&age)).unwrap_or_default();
    Some(Seconds(max_age.saturating_sub(age)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // CIMD-17
    #[test]
    fn what_a_server_says_of_keeping_is_understood() {
        for (lines, age, expected) in [
            (&[][..], "", None),
            (&["max-age=300"][..], "", Some(300)),
            (&["public, Max-Age=300, must-revalidate"][..], "", Some(300)),
            (&["max-age=\"300\""][..], "", Some(300)),
            (&["max-age=300"][..], "100", Some(200)),
            (&["max-age=300"][..], "400", Some(-100)),
            (&["max-age=300", "max-age=60"][..], "", Some(60)),
            (&["max-age=300, no-store"][..], "", None),
            (&["no-store", "max-age=300"][..], "", None),
            (&["max-age=300, no-cache"][..], "", None),
            (&["s-maxage=300"][..], "", None),
            (&["max-age=-1"][..], "", None),
            (&["max-age=18446744073709551615"][..], "1", Some(i64::MAX - 1)),
            (&["max-age=soon"][..], "", None),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, line.parse().unwrap());
            }
            headers.insert(AGE, age.parse().unwrap());
            assert_eq!(freshness(&headers), expected.map(Seconds), "{lines:?} {age}");
        }
    }
}
