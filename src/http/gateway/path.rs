//! What is guarded is decided on the same string that is sent on, so nothing in it may mean two things.

use actix_web::http::Uri;
use url::Url;

/// The address at the upstream, byte for byte as the client sent path and query; none if the path is not plain.
pub(super) fn target(origin: &str, uri: &Uri) -> Option<Url> {
    if !is_plain(uri.path()) {
        return None;
    }
    let sent = uri.path_and_query()?.as_str();
    let url = Url::parse(&format!("{origin}{sent}")).ok()?;
    // The URL parser would change what it finds odd: then it is not passed on.
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    (format!("{}{query}", url.path()) == sent).then_some(url)
}

/// Does every reader understand the same path? Not where it has dot or empty segments, a backslash, or those or a
/// slash or control character in percent signs.
pub(crate) fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        if segment == "." || segment == ".." || (segment.is_empty() && !last) || hides(segment) {
            return false;
        }
    }
    true
}

fn hides(segment: &str) -> bool {
    segment.contains('\\')
        || segment.split('%').skip(1).any(|rest| {
            let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
            byte.is_none_or(|byte| byte.is_ascii_control() || matches!(byte, b'.' | b'/' | b'\\'))
        })
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
            let url = target("http://127.0.0.1:9000", &same.parse().unwrap());
            assert_eq!(
                url.map(String::from).as_deref(),
                Some(format!("http://127.0.0.1:9000{same}").as_str())
            );
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
        ] {
            let uri: Result<Uri, _> = wrong.parse();
            assert!(uri.is_err() || target("http://127.0.0.1:9000", &uri.unwrap()).is_none(), "{wrong}");
        }
    }
}
