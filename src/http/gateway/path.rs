//! What is guarded is decided on the same string that is sent on, so nothing in it may mean two things.

use actix_web::http::Uri;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::oauth::Resource;
use crate::oauth::resource::is_at_or_below;
use crate::site::Site;

/// The target for the upstream, byte for byte as the client sent path and query; none if the path is not plain.
pub(super) fn target(uri: &Uri) -> Option<hyper::Uri> {
    let sent = uri.path_and_query()?.as_str();
    let reads_the_same = is_plain(uri.path()) && (sent.bytes().all(is_kept) || is_kept_by_a_parser(sent));
    if reads_the_same { sent.parse().ok() } else { None }
}

/// What a URL may have in its path and query (RFC 3986 §3.3, §3.4), but for the one that parsers encode in a query.
fn is_kept(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&()*+,;=:@/?".contains(&byte)
}

/// What a URL parser would change is odd, and not passed on.
fn is_kept_by_a_parser(sent: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://any{sent}")) else { return false };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", url.path()) == sent
}

/// Does every reader understand the same path? Not where it has dot or empty segments, with parameters or without,
/// a backslash, those or a slash, semicolon or control character in percent signs, or what is not UTF-8.
pub(crate) fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let ends_in_slash = segment.is_empty() && segments.peek().is_none();
        if !ends_in_slash && (is_dots_or_nothing(segment) || hides(segment)) {
            return false;
        }
    }
    true
}

/// Could the MCP server find a longer resource in a path than the one that guards it? Most servers decode letters,
/// some take no notice of case, others cut off parameters.
pub(crate) fn leads_deeper(path: &str, resource: &Resource, site: &Site) -> bool {
    let deeper =
        |other: &&Resource| other.origin() == resource.origin() && other.path().len() > resource.path().len();
    let mut deeper = site.resources.iter().filter(deeper).peekable();
    if deeper.peek().is_none() {
        return false;
    }
    let path = as_read(path);
    deeper.any(|other| is_at_or_below(&as_read(other.path()), &path))
}

fn as_read(path: &str) -> String {
    let segments =
        path.split('/').map(|segment| percent_decode_str(name(segment)).decode_utf8_lossy().to_lowercase());
    segments.collect::<Vec<_>>().join("/")
}

/// A segment without its parameters (RFC 3986 §3.3).
fn name(segment: &str) -> &str {
    segment.split_once(';').map_or(segment, |(name, _)| name)
}

fn is_dots_or_nothing(segment: &str) -> bool {
    matches!(name(segment), "" | "." | "..")
}

fn hides(segment: &str) -> bool {
    let mut encoded = segment.split('%').skip(1).map(byte);
    let text = percent_decode_str(segment).decode_utf8();
    segment.contains('\\')
        || encoded.any(|byte| byte.is_none_or(|byte| b"./;\\".contains(&byte)))
        || text.map_or(true, |text| text.contains(char::is_control))
}

/// What stands behind a percent sign.
fn byte(rest: &str) -> Option<u8> {
    let digits = rest.get(..2).filter(|two| two.bytes().all(|digit| digit.is_ascii_hexdigit()));
    u8::from_str_radix(digits?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_passed_on_as_it_came_or_not_at_all() {
        for same in [
            "/mcp",
            "/mcp/",
            "/mcp/a%20b",
            "/mcp/a;b=c",
            "/mcp?x=%2e%2e/../&y=//",
            "/mcp/%7Euser",
            "/mcp/...",
            "/",
        ] {
            let target = target(&same.parse().unwrap());
            assert_eq!(target.map(|target| target.to_string()).as_deref(), Some(same));
        }
        for wrong in [
            "/mcp/../x",
            "/mcp/..",
            "/mcp/.",
            "/mcp/./x",
            "//mcp",
            "/mcp//x",
            "/mcp/%2e%2e/x",
            "/mcp/%2E",
            "/mcp/a%2fb",
            "/mcp/a%5cb",
            "/mcp/a%00",
            "/mcp/%0d%0a",
            "/mcp/%7f",
            "/mcp/%",
            "/mcp/%zz",
            "/mcp/a\\b",
            "/mcp/.%2e/x",
            "/mcp/..;/x",
            "/mcp/..;a=b/x",
            "/mcp/.;/x",
            "/mcp/;/x",
            "/mcp/;x",
            "/mcp/..%3b/x",
            "/mcp/%c0%ae%c0%ae/x",
            "/mcp/%ff",
            "/mcp/%+2e",
        ] {
            let uri: Result<Uri, _> = wrong.parse();
            assert!(uri.is_err() || target(&uri.unwrap()).is_none(), "{wrong}");
        }
    }
}
