//! What a compact JWS or JWE says of itself (RFC 7515, RFC 7516), of which nothing is proven.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::clock::Timestamp;

/// For an operator who wonders what a text is; nothing is decided by it.
#[derive(Debug, Default)]
pub struct Unproven {
    pub typ: Option<String>,
    /// A name such as our keys have.
    pub kid: Option<String>,
    pub iss: Option<String>,
    pub exp: Option<Timestamp>,
}

impl Unproven {
    /// Of an encrypted text nothing but its header can be read.
    pub fn of(text: &str) -> Self {
        let parts: Vec<&str> = text.split('.').collect();
        let (header, claims) = match parts.as_slice() {
            [header, claims, _] => (json(header), json(claims)),
            [header, _, _, _, _] => (json(header), Value::Null),
            _ => return Self::default(),
        };
        let word = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            typ: word(&header["typ"]),
            kid: word(&header["kid"]).filter(|kid| is_thumbprint(kid)),
            iss: word(&claims["iss"]).filter(|iss| iss.bytes().all(|b| b.is_ascii_graphic())),
            exp: claims["exp"].as_i64().map(Timestamp::from_secs),
        }
    }
}

fn json(part: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// RFC 7638: a SHA-256 in base64url.
fn is_thumbprint(kid: &str) -> bool {
    kid.len() == 43 && kid.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(header: &str, claims: &str) -> String {
        [header, claims, "signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    #[test]
    fn what_a_text_says_of_itself_is_read_where_it_can_be() {
        let kid = "a".repeat(43);
        let header = format!(r#"{{"typ":"at+jwt","kid":"{kid}"}}"#);
        let said = Unproven::of(&text(&header, r#"{"iss":"https://mcp.example","exp":60}"#));
        assert_eq!((said.typ.as_deref(), said.kid), (Some("at+jwt"), Some(kid)));
        assert_eq!(said.iss.as_deref(), Some("https://mcp.example"));
        assert_eq!(said.exp, Some(Timestamp::from_secs(60)));
    }

    #[test]
    fn of_an_encrypted_text_the_header_is_read() {
        let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"code+jwt"}"#);
        assert_eq!(Unproven::of(&format!("{header}..a.b.c")).typ.as_deref(), Some("code+jwt"));
    }

    #[test]
    fn a_kid_has_the_length_and_the_alphabet_of_a_thumbprint() {
        for (kid, ours) in [
            ("a-_0Z".repeat(9)[..43].to_owned(), true),
            ("a".repeat(42), false),
            ("a".repeat(44), false),
            ("~".repeat(43), false),
        ] {
            let said = Unproven::of(&text(&format!(r#"{{"kid":"{kid}"}}"#), "{}"));
            assert_eq!(said.kid.is_some(), ours, "{kid}");
        }
    }

    #[test]
    fn nothing_is_read_out_of_what_is_neither() {
        let odd = text(r#"{"typ":1,"kid":"\u001b[2J"}"#, r#"{"iss":"a\u001b[2J","exp":"soon"}"#);
        for wrong in ["", "a.b.c", "a.b", "....", &odd, &text("[]", "7")] {
            let Unproven { typ, kid, iss, exp } = Unproven::of(wrong);
            assert!(typ.is_none() && kid.is_none() && iss.is_none() && exp.is_none(), "{wrong}");
        }
    }
}
