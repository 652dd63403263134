//! What a 401 says of the way to a token (RFC 6750 §3, RFC 9728 §5.1).

/// The parameters of a `Bearer` challenge.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Challenge {
    pub(super) resource_metadata: Option<String>,
    pub(super) error: Option<String>,
}

impl Challenge {
    /// As strict clients read it: the scheme as it is spelt, every value in quotes.
    pub(super) fn of(header: &str) -> Option<Self> {
        let mut rest = header.strip_prefix("Bearer")?.trim_start();
        let mut challenge = Self::default();
        while let Some((name, value, further)) = parameter(rest) {
            match name {
                "resource_metadata" => challenge.resource_metadata = Some(value.to_owned()),
                "error" => challenge.error = Some(value.to_owned()),
                _ => {}
            }
            rest = further;
        }
        Some(challenge)
    }
}

/// `name="value"`, and what is behind it.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once("=\"")?;
    let (value, further) = rest.split_once('"')?;
    Some((name.trim(), value, further.trim_start_matches([',', ' '])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_as_the_strictest_client_reads_it() {
        let challenge = |metadata: Option<&str>, error: Option<&str>| {
            let text = |value: Option<&str>| value.map(str::to_owned);
            Some(Challenge { resource_metadata: text(metadata), error: text(error) })
        };
        let url = "https://h/.well-known/oauth-protected-resource/mcp";
        for (header, read) in [
            (format!("Bearer resource_metadata=\"{url}\", scope=\"mcp\""), challenge(Some(url), None)),
            (
                format!("Bearer error=\"invalid_token\", resource_metadata=\"{url}\""),
                challenge(Some(url), Some("invalid_token")),
            ),
            ("Bearer".to_owned(), challenge(None, None)),
            (format!("Bearer resource_metadata={url}"), challenge(None, None)),
            (format!("bearer resource_metadata=\"{url}\""), None),
            ("Basic realm=\"token\"".to_owned(), None),
        ] {
            assert_eq!(Challenge::of(&header), read, "{header}");
        }
    }
}
