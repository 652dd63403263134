//! Where a request came from, past the proxies of ours.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;

/// The address of the caller: the entry of `X-Forwarded-For` that `hops` proxies of ours stand behind, counted
/// from the right; everything further left is the caller's own word. Without it the peer itself.
pub(super) fn address(request: &HttpRequest, hops: usize) -> Option<IpAddr> {
    let forwarded = request.headers().get_all("X-Forwarded-For");
    let entries: Vec<&str> =
        forwarded.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    let entry = hops.checked_sub(1).and_then(|behind| entries.iter().rev().nth(behind));
    entry.and_then(|entry| named(entry.trim())).or_else(|| request.peer_addr().map(|peer| peer.ip()))
}

/// Some balancers write the port, too.
fn named(entry: &str) -> Option<IpAddr> {
    entry.parse().ok().or_else(|| entry.parse().ok().map(|with_port: SocketAddr| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn entries_are_counted_from_the_right() {
        for (forwarded, hops, found) in [
            ("6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
            ("6.6.6.6, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
            ("203.0.113.7", 0, "127.0.0.9"),
            ("203.0.113.7", 2, "127.0.0.9"),
            ("nonsense", 1, "127.0.0.9"),
            ("2001:db8::1", 1, "2001:db8::1"),
            ("6.6.6.6:1, 203.0.113.7:41234", 1, "203.0.113.7"),
            ("[2001:db8::1]:41234", 1, "2001:db8::1"),
        ] {
            let peer = "127.0.0.9:1".parse().unwrap();
            let request =
                TestRequest::default().insert_header(("X-Forwarded-For", forwarded)).peer_addr(peer);
            assert_eq!(address(&request.to_http_request(), hops), found.parse().ok(), "{forwarded} {hops}");
        }
    }

    #[test]
    fn over_a_unix_socket_there_is_no_address_but_those() {
        for (forwarded, hops, found) in [
            ("6.6.6.6, 203.0.113.7", 1, "203.0.113.7"),
            ("6.6.6.6, 203.0.113.7, 10.0.0.1", 2, "203.0.113.7"),
            ("203.0.113.7", 0, ""),
            ("203.0.113.7", 2, ""),
            ("nonsense", 1, ""),
        ] {
            let request = TestRequest::default().insert_header(("X-Forwarded-For", forwarded));
            assert_eq!(address(&request.to_http_request(), hops), found.parse().ok(), "{forwarded} {hops}");
        }
    }
}
