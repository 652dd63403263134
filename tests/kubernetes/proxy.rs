//! oauth2-proxy is set up as in every test that runs it, but for what an edge with TLS changes.

use super::overlay::shipped;

/// What plain http on loopback, and a folder and ports of their own, make of it in the tests.
const IN_THE_TESTS: [(&str, &str); 9] = [
    (r#""__Host-mcp_auth""#, r#""mcp_auth""#),
    ("cookie_secure        = true", "cookie_secure        = false"),
    (r#""0.0.0.0:4180""#, r#""127.0.0.1:@PROXY@""#),
    ("127.0.0.1:8080", "127.0.0.1:@SIDECAR@"),
    ("/etc/oauth2-proxy/cookie-secret", "@FOLDER@/cookie-secret"),
    ("/etc/oauth2-proxy/client-secret", "@FOLDER@/client-secret"),
    ("/etc/oauth2-proxy/proxy-secret", "@FOLDER@/upstream-secret"),
    ("1234-abc.apps.googleusercontent.com", "@CLIENT@"),
    ("https://accounts.google.com", "@PROVIDER@"),
];

#[test]
fn the_proxys_configuration_is_the_one_that_the_tests_run() {
    for file in ["core.cfg", "alpha.yaml"] {
        let ours = shipped(&format!("deploy/kubernetes/component/{file}"));
        let theirs = shipped(&format!("tests/e2e/parts/{file}"));
        let ours = IN_THE_TESTS.iter().fold(ours, |text, (ours, theirs)| text.replace(ours, theirs));
        assert_eq!(without_comments(&ours), without_comments(&theirs), "{file}");
    }
}

fn without_comments(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).collect()
}
