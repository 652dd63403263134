//! Strict decoding of queries and forms: empty is absent, and what came twice stays twice.

use std::borrow::Cow;

/// The parameters of an `application/x-www-form-urlencoded` text (RFC 6749 appendix B), in their order.
#[derive(Default)]
pub(crate) struct Params(pub(crate) Vec<(String, String)>);

impl Params {
    /// Refuses a broken percent sign and what is not UTF-8. A parameter without value counts as omitted
    /// (RFC 6749 §3.1, §3.2).
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Undecodable> {
        let (params, undecodable) = Self::parse_in_part(text);
        if undecodable.is_empty() { Ok(params) } else { Err(Undecodable) }
    }

    /// What can be decoded, and the names of what cannot.
    pub(super) fn parse_in_part(text: &[u8]) -> (Self, Vec<String>) {
        let (mut params, mut undecodable) = (Vec::new(), Vec::new());
        for (name, value) in pairs(text) {
            match (decode(name), decode(value)) {
                (Ok(name), Ok(value)) => params.push((name, value)),
                (name, _) => undecodable.push(name.unwrap_or_default()),
            }
        }
        (Self(params), undecodable)
    }

    /// The value of a parameter that may be there once (RFC 6749 §3.1).
    pub(super) fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(Repeated(name)),
        }
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has_any(&self, names: &[&str]) -> bool {
        self.0.iter().any(|(name, _)| names.contains(&name.as_str()))
    }
}

/// As they were sent, without those that have no value.
fn pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|&b| b == b'&').filter_map(|pair| {
        let (name, value) = pair.split_at(pair.iter().position(|&b| b == b'=')?);
        Some((name, &value[1..])).filter(|(_, value)| !value.is_empty())
    })
}

/// Percent signs and bytes that mean nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Undecodable;

/// A parameter that is there more than once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Repeated(pub(super) &'static str);

/// One value of the form encoding: `+` is a space.
pub(super) fn decode(text: &[u8]) -> Result<String, Undecodable> {
    if !text.contains(&b'+') && !text.contains(&b'%') {
        return std::str::from_utf8(text).map(str::to_owned).map_err(|_| Undecodable);
    }
    let mut bytes = text.iter().copied();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => (hex(bytes.next())? << 4) | hex(bytes.next())?,
            other => other,
        });
    }
    String::from_utf8(decoded).map_err(|_| Undecodable)
}

fn hex(digit: Option<u8>) -> Result<u8, Undecodable> {
    let digit = digit.and_then(|digit| char::from(digit).to_digit(16)).ok_or(Undecodable)?;
    u8::try_from(digit).map_err(|_| Undecodable)
}

/// Does a `Content-Type` name this media type? Parameters and letter case do not matter (RFC 9110 §8.3.1).
pub(super) fn is_media_type(content_type: Option<Cow<'_, str>>, wanted: &str) -> bool {
    let content_type = content_type.unwrap_or_default();
    content_type.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    //
    #[test]
    fn values_are_decoded_strictly_and_empty_ones_are_absent() {
        let params = Params::parse(b"a=1+2%203&b=&c&=x&d=%C3%A9&e==&e=2&&f=%2B").map_err(|_| ()).unwrap();
        assert_eq!(params.one("a"), Ok(Some("1 2 3")));
        assert_eq!((params.one("b"), params.one("c")), (Ok(None), Ok(None)));
        assert_eq!((params.one("d"), params.one("f")), (Ok(Some("é")), Ok(Some("+"))));
        assert_eq!(params.one("e"), Err(Repeated("e")));
        assert_eq!(params.all("e").collect::<Vec<_>>(), ["=", "2"]);
    }

    #[test]
    fn what_is_no_percent_encoded_utf_8_is_refused() {
        for wrong in [&b"a=%"[..], b"a=%f", b"a=%zz", b"a=%ff", b"%zz=a", b"a=\xff", b"a=%C3"] {
            assert!(Params::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_named_beside_what_can() {
        let (params, undecodable) = Params::parse_in_part(b"a=1&b=%ff&c=%zz&%zz=2&b=2&d=%&e=%&");
        assert_eq!((params.one("a"), params.one("b")), (Ok(Some("1")), Ok(Some("2"))));
        assert_eq!((params.0.len(), undecodable), (2, ["b", "c", "", "d", "e"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_media_type_may_have_parameters_and_any_case() {
        for (text, same) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/json", false),
            ("", false),
        ] {
            assert_eq!(is_media_type(Some(text.into()), "application/json"), same, "{text}");
        }
    }
}
