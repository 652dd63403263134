//! Whatever text comes: a value is taken whole and says again what it was made of, or it is refused.

use crate::harness::Vars;
use crate::harness::any::{for_any, text_like};
use mcp_auth_sidecar::config::Config;
use mcp_auth_sidecar::oauth::{Catalogue, EmailAddress, Issuer, RedirectUri, Resource, Subject};
use mcp_auth_sidecar::rules::{Deny, People};
use mcp_auth_sidecar::site::RedirectPolicy;
use proptest::prelude::*;
use url::Url;

const URIS: &[&str] = &[
    "https://claude.ai/api/mcp/auth_callback",
    "https://a.example:8443/cb?tenant=1&x=%20",
    "http://localhost:33418/callback",
    "http://127.0.0.1/cb",
    "http://[::1]:1/?a=b",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "javascript://x/%0aalert(1)",
    "http://evil.example/cb",
    "https://user:password@a.example/",
];

/// AZ-15, AZ-19, REG-15, REG-16, T4: what is taken is kept as it is, and admits itself
#[test]
fn a_redirect_uri_is_its_text_and_admits_itself_and_both_ways() {
    let loopback = RedirectPolicy::try_from(vec!["loopback".to_owned()]).unwrap();
    for_any(10_000, (text_like(URIS), text_like(URIS)), |(text, other)| {
        let Ok(uri) = RedirectUri::try_from(text.clone()) else { return };
        assert_eq!(uri.as_str(), text);
        assert_eq!(Url::parse(&text).unwrap().as_str(), text);
        assert_eq!(RedirectUri::try_from(String::from(uri.clone())).unwrap(), uri);
        assert!(uri.admits(&uri) && !text.contains(['#', '@', ' ', '*']), "{text}");
        let (is_http, host) = (text.starts_with("http:"), uri.host());
        assert!(!is_http || ["127.0.0.1", "[::1]", "localhost"].contains(&host.as_str()), "{text}");
        assert_eq!((uri.is_loopback(), loopback.admits(&uri)), (is_http, is_http), "{text}");
        assert!(text.contains(uri.destination()) && uri.destination().contains(&host), "{text}");
        if let Ok(other) = RedirectUri::try_from(other) {
            assert_eq!(uri.admits(&other), other.admits(&uri), "{text} {}", other.as_str());
            assert!(!uri.admits(&other) || uri.host() == other.host());
        }
    });
}

/// REG-16, X-20: nothing that no URI holds (RFC 3986 2)
#[test]
fn a_redirect_uri_holds_the_characters_of_a_uri_and_no_other() {
    for_any(10_000, text_like(URIS), |text| {
        let ours = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&byte);
        assert!(RedirectUri::try_from(text.clone()).is_err() || text.bytes().all(ours), "{text}");
    });
    for text in ["http://localhost:1/cb?\\x", "http://localhost:1/cb?{x}", "http://localhost:1/cb|x"] {
        assert!(RedirectUri::try_from(text.to_owned()).is_err(), "{text}");
    }
}

/// AZ-45: a resource that would mean another one when it is read again is none
#[test]
fn a_resource_with_two_slashes_at_its_end_is_no_resource() {
    for text in ["https://mcp.example.com/mcp//", "https://mcp.example.com//"] {
        assert!(Resource::try_from(text.to_owned()).is_err(), "{text}");
    }
}

/// AZ-41, AZ-45, ASM-07: one spelling, which means itself
#[test]
fn a_name_that_is_taken_is_taken_again_as_it_was_kept() {
    let origins: &[&str] = &["https://mcp.example.com", "http://localhost:4180", "https://MCP.example:443/"];
    for_any(2_000, text_like(origins), |text| {
        if let Ok(issuer) = Issuer::try_from(text.clone()) {
            let kept = issuer.as_str().to_owned();
            assert!(!kept.ends_with('/') && kept.is_ascii() && issuer.is_host(issuer.authority()), "{kept}");
            assert_eq!(Issuer::try_from(kept).unwrap(), issuer, "{text}");
        }
    });
    let resources: &[&str] =
        &["https://mcp.example.com/mcp", "https://mcp.example.com", "HTTPS://h.example/a/b/"];
    for_any(2_000, text_like(resources), |text| {
        let is_plain = !text.ends_with("//");
        if let Some(resource) = Resource::try_from(text.clone()).ok().filter(|_| is_plain) {
            assert_eq!(format!("{}{}", resource.origin(), resource.path()), resource.as_str(), "{text}");
            assert!(resource.covers(resource.path()) && !resource.as_str().contains(['?', '#']), "{text}");
            assert_eq!(Resource::try_from(resource.as_str().to_owned()).unwrap(), resource, "{text}");
        }
    });
    for_any(2_000, text_like(&["alice@example.com", "josé@Example.com", "1080001"]), |text| {
        let subject = Subject::try_from(text.clone()).map(|subject| subject.as_str().to_owned());
        let address = EmailAddress::try_from(text.clone()).map(|address| address.as_str().to_owned());
        for kept in [subject, address].into_iter().flatten() {
            assert!(kept == text && !kept.contains([',', '\n', '\r', '\0']), "{text:?}");
        }
    });
}

/// AZ-37, TR-05: what is granted is of the catalogue, whatever is asked
#[test]
fn scopes_are_always_some_of_the_catalogue() {
    let catalogue = Catalogue::try_from(["mcp", "a:b", "c"].map(str::to_owned).to_vec()).unwrap();
    for_any(
        2_000,
        (text_like(&["mcp a:b", " c  mcp", "offline_access"]), text_like(&["mcp", "a:b c"])),
        |(asked, later)| {
            let granted = catalogue.granted(Some(&asked));
            assert!(granted.iter().count() > 0, "{asked}");
            assert!(granted.iter().all(|scope| ["mcp", "a:b", "c"].contains(&scope)), "{asked}");
            if let Ok(narrowed) = granted.narrowed(Some(&later), &catalogue) {
                assert!(narrowed.iter().all(|scope| granted.contains(scope)), "{asked} then {later}");
            }
        },
    );
}

/// T14, T27: a file of the operator's is read or refused in one line
#[test]
fn any_file_of_rules_is_read_or_refused_in_one_line() {
    let deny: &[&str] = &[
        "person alice@example.com before 2026-11-25T12:00:00Z\n",
        "client abc\nredirect cb.example # x\nbefore 2026-11-25T12:00:00+01:00",
    ];
    let people: &[&str] = &["alice@example.com\n@ops.example # all\n", "\u{feff}alice@example.com"];
    for_any(2_000, (text_like(deny), text_like(people)), |(deny, people)| {
        for refused in [Deny::parse(&deny).err(), People::parse(&people).err()].into_iter().flatten() {
            assert!(!refused.is_empty() && !refused.contains('\n'), "{refused:?}");
        }
    });
}

const NAMES: &[&str] = &[
    "MCP_AUTH_SITES",
    "MCP_AUTH_DEFAULT_ISSUER",
    "MCP_AUTH_DEFAULT_RESOURCES",
    "MCP_AUTH_DEFAULT_REDIRECTS",
    "MCP_AUTH_DEFAULT_REGISTRATION",
    "MCP_AUTH_DEFAULT_CLIENT_DOCUMENTS",
    "MCP_AUTH_DEFAULT_ORIGINS",
    "MCP_AUTH_DEFAULT_PEOPLE_FILE",
    "MCP_AUTH_A_ISSUER",
    "MCP_AUTH_LISTEN",
    "MCP_AUTH_ADMIN_LISTEN",
    "MCP_AUTH_FORWARDED_HOPS",
    "MCP_AUTH_KEYS_DIR",
    "MCP_AUTH_KEYS_POLL_SECS",
    "MCP_AUTH_PROXY_SECRET_FILE",
    "MCP_AUTH_ID_TOKEN_ISSUER",
    "MCP_AUTH_ID_TOKEN_AUDIENCE",
    "MCP_AUTH_ID_TOKEN_MAX_AGE_SECS",
    "MCP_AUTH_EMAIL_DOMAINS",
    "MCP_AUTH_SCOPES",
    "MCP_AUTH_CONSENT",
    "MCP_AUTH_ACCESS_TOKEN_SECS",
    "MCP_AUTH_CODE_SECS",
    "MCP_AUTH_REFRESH_TOKEN_SECS",
    "MCP_AUTH_REFRESH_GRACE_SECS",
    "MCP_AUTH_STORE",
    "MCP_AUTH_DENY_FILE",
    "MCP_AUTH_UPSTREAM",
    "MCP_AUTH_REGISTER_PER_MINUTE",
    "MCP_AUTH_DRAIN_SECS",
    "MCP_AUTH_PRODUCT_NAME",
    "MCP_AUTH_ACCENT",
    "MCP_AUTH_LOG",
    "MCP_AUTH_LOG_FORMAT",
    "MCP_AUTH_SERVICE_PORT_HTTP",
    "HOME",
];
const VALUES: &[&str] = &[
    "https://mcp.example.com",
    "http://localhost:4180",
    "https://mcp.example.com/mcp,https://mcp.example.com",
    "loopback,claude,https://a.example/cb",
    "off",
    "pinned",
    "127.0.0.1:0",
    "unix:/run/x.sock",
    "default,a",
    "example.com",
    "never",
    "600",
    "0",
    "18446744073709551616",
    "/mcp=http://127.0.0.1:9000",
    "info,mcp_auth_sidecar=debug",
    "text",
    "#0b57d0",
];

/// Start-up: any environment is a configuration that holds, or one line that names a variable
#[test]
fn any_environment_holds_or_names_its_mistake() {
    let names = text_like(NAMES).prop_map(|name| name.replace(char::is_control, "_"));
    let variables = prop::collection::vec((names, text_like(VALUES)), 0..12);
    for_any(5_000, (any::<bool>(), variables), |(complete, others)| {
        let good = [
            ("MCP_AUTH_DEFAULT_ISSUER", "https://mcp.example.com"),
            ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
            ("MCP_AUTH_PROXY_SECRET_FILE", "/run/secret"),
        ];
        let good = good.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let vars: Vars = good.into_iter().filter(|_| complete).chain(others).collect();
        let is_one_line = vars.iter().all(|(_, value)| !value.contains('\n'));
        match Config::from_vars(vars) {
            Err(mistake) => {
                let sentence = mistake.to_string();
                assert!(sentence.starts_with("MCP_AUTH_") && sentence.contains(": "), "{sentence:?}");
                assert!(!is_one_line || !sentence.contains('\n'), "{sentence:?}");
            }
            Ok(config) => {
                let issuers: Vec<&str> = config.sites.iter().map(|site| site.issuer.as_str()).collect();
                assert!(!issuers.is_empty() && config.scopes.iter().count() > 0);
                assert!((1..issuers.len()).all(|at| !issuers[..at].contains(&issuers[at])), "{issuers:?}");
                assert!(config.domains.iter().count() > 0 && config.lifetimes.code.0 <= 600);
                let proofs = &config.proofs;
                assert!(proofs.secret_file.is_some() || proofs.id_token.is_some() || proofs.unix_socket);
            }
        }
    });
}
