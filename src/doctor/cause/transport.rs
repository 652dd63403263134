//! What is wrong before a byte of HTTP: names, certificates, time.

use super::Cause;

impl Cause {
    pub(in super::super) const CERTIFICATE_ENDING: Self = Self {
        word: "certificate_ending",
        title: "The certificate ends within two weeks.",
        looks: "Nothing yet; then every assistant fails at once, without a page that says why.",
        change: "At the edge: whatever renews ssl_certificate (or Caddy's own renewal) does not; renew it and reload.",
    };

    pub(in super::super) const CERTIFICATE_EXPIRED: Self = Self {
        word: "certificate_expired",
        title: "The certificate has expired, or is not valid yet.",
        looks: "\"Could not connect\" in every assistant; a browser shows a warning.",
        change: "At the edge: renew the file of ssl_certificate (nginx) or tls (Caddy), and reload.",
    };

    pub(in super::super) const CERTIFICATE_NAME: Self = Self {
        word: "certificate_name",
        title: "The certificate is for another name.",
        looks: "\"Could not connect\" in every assistant; a browser shows a warning.",
        change: "At the edge: a certificate with this host among its names in ssl_certificate, of the server with this server_name.",
    };

    pub(in super::super) const CERTIFICATE_UNTRUSTED: Self = Self {
        word: "certificate_untrusted",
        title: "The certificate is not trusted here: its authority is unknown, or a link of its chain is missing.",
        looks: "\"fetch failed\" in programs on Node, no connection from a vendor's cloud. A browser may fill in the link by itself.",
        change: "At the edge: the whole chain in ssl_certificate. With an authority of your own: SSL_CERT_FILE here, NODE_EXTRA_CA_CERTS for programs on Node; vendors' clouds take public ones only.",
    };

    pub(in super::super) const CLOCK_DIFFERS: Self = Self {
        word: "clock_differs",
        title: "The clock there and the clock here differ by more than a minute.",
        looks: "People sign in, and are asked to sign in again at once: tokens are not valid yet, or no longer.",
        change: "On the host that is wrong: switch on its time service (timedatectl set-ntp true).",
    };

    pub(in super::super) const NOT_TLS: Self = Self {
        word: "not_tls",
        title: "The address says https, and what answers there speaks no TLS.",
        looks: "\"Could not connect\" in every assistant.",
        change: "At the edge: `listen … ssl` (nginx), or the port that speaks TLS in the address; on the machine itself, http.",
    };

    pub(in super::super) const PLAIN_HTTP: Self = Self {
        word: "plain_http",
        title: "The address is http, which assistants take on the machine itself only.",
        looks: "The address is refused, or sign-in ends in an error; tokens would travel in the clear.",
        change: "Give people the https address, which MCP_AUTH_<SITE>_ISSUER names; let the edge end TLS.",
    };

    pub(in super::super) const SLOW: Self = Self {
        word: "slow",
        title: "An answer takes longer than assistants wait for.",
        looks: "mcp-remote gives up on a document after 5 s, Claude after 10 s; people see a failed connection, sometimes.",
        change: "What is slow lies behind the path that was seen: the edge's resolver, a replica that is not ready, an upstream that is away.",
    };

    pub(in super::super) const TLS_THERE: Self = Self {
        word: "tls_there",
        title: "The address says http, and what answers there speaks TLS.",
        looks: "\"400 Bad Request\", or a connection that fails, in every assistant.",
        change: "Write https in the address, and in MCP_AUTH_<SITE>_ISSUER; or give the port of the edge that speaks no TLS.",
    };

    pub(in super::super) const UNREACHED: Self = Self {
        word: "unreached",
        title: "A connection ends without an answer.",
        looks: "\"Could not connect\", at this step.",
        change: "At the edge: the upstream of this path (proxy_pass, reverse_proxy), and whether it runs.",
    };
}
