//! Until when a certificate is good: the one field of X.509 that is read here.

use crate::clock::Timestamp;

/// The end of a certificate in DER (RFC 5280 §4.1).
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(der)?;
    let (_, mut fields, _) = element(certificate)?;
    // The version is there unless it is the first.
    if let Some((0xa0, _, further)) = element(fields) {
        fields = further;
    }
    // The serial number, the algorithm, the issuer; then the validity.
    for _ in 0..3 {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (_, _, rest) = element(validity)?;
    let (tag, end, _) = element(rest)?;
    time(tag, std::str::from_utf8(end).ok()?)
}

/// Tag, content, and what is behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = if first < 0x80 { (usize::from(first), rest) } else { long(first, rest)? };
    let (content, further) = rest.split_at_checked(length)?;
    Some((tag, content, further))
}

/// A length of several octets.
fn long(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let length =
        digits.iter().try_fold(0usize, |sum, &digit| sum.checked_mul(256)?.checked_add(digit.into()));
    Some((length?, rest))
}

/// `UTCTime`, whose years are those from 1950 on, or `GeneralizedTime`.
fn time(tag: u8, text: &str) -> Option<Timestamp> {
    let text = match tag {
        0x17 if text.get(..2)?.parse::<u8>().ok()? >= 50 => format!("19{text}"),
        0x17 => format!("20{text}"),
        _ => text.to_owned(),
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let written = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    let parsed: jiff::Timestamp = written.parse().ok()?;
    Some(Timestamp::from_secs(parsed.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence of what it holds.
    fn sequence(content: &[&[u8]]) -> Vec<u8> {
        let content = content.concat();
        [&[0x30, 0x82, 0, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
    }

    fn certificate(version: &[u8], end: &[u8]) -> Vec<u8> {
        let start = b"\x17\x0d250101000000Z";
        let (empty, validity) = (sequence(&[]), sequence(&[start, end]));
        sequence(&[&sequence(&[version, b"\x02\x01\x07", &empty, &empty, &validity])])
    }

    #[test]
    fn the_end_is_read_in_either_form_and_of_either_version() {
        let version = b"\xa0\x03\x02\x01\x02".as_slice();
        for (version, end, said) in [
            (version, b"\x17\x0d261125120000Z".as_slice(), Some("2026-11-25T12:00:00Z")),
            (b"", b"\x17\x0d261125120000Z", Some("2026-11-25T12:00:00Z")),
            (version, b"\x18\x0f20500101000000Z", Some("2050-01-01T00:00:00Z")),
            (version, b"\x17\x0d991125120000Z", Some("1999-11-25T12:00:00Z")),
            (version, b"\x17\x04soon", None),
        ] {
            let read = not_after(&certificate(version, end)).map(|end| end.to_string());
            assert_eq!(read.as_deref(), said);
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        let whole = certificate(b"", b"\x17\x0d261125120000Z");
        for cut in 0..whole.len() {
            assert_eq!(not_after(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(not_after(&[0x30, 0xff, 0xff]), None);
    }
}
