//! What is wrong before a byte of HTTP: names, certificates, time.

use serde::Serialize;

use super::Words;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Transport {
    #[error("The certificate ends within two weeks.")]
    CertificateEnding,
    #[error("The certificate has expired, or is not valid yet.")]
    CertificateExpired,
    #[error("The certificate is for another name.")]
    CertificateName,
    #[error(
        "The certificate is not trusted here: its authority is unknown, or a link of its chain is missing."
    )]
    CertificateUntrusted,
    #[error("The clock there and the clock here differ by more than a minute.")]
    ClockDiffers,
    #[error("The address says https, and what answers there speaks no TLS.")]
    NotTls,
    #[error("The address is http, which assistants take on the machine itself only.")]
    PlainHttp,
    #[error("An answer takes longer than assistants wait for.")]
    Slow,
    #[error("The address says http, and what answers there speaks TLS.")]
    TlsThere,
    #[error("A connection ends without an answer.")]
    Unreached,
}

impl Transport {
    pub(super) fn words(self) -> Words {
        let (looks, change) = match self {
            Self::CertificateEnding => (
                "Nothing yet; then every assistant fails at once, without a page that says why.",
                "At the edge: whatever renews ssl_certificate (or Caddy's own renewal) does not; renew it and reload.",
            ),
            Self::CertificateExpired => (
                "\"Could not connect\" in every assistant; a browser shows a warning.",
                "At the edge: renew the file of ssl_certificate (nginx) or tls (Caddy), and reload.",
            ),
            Self::CertificateName => (
                "\"Could not connect\" in every assistant; a browser shows a warning.",
                "At the edge: a certificate with this host among its names in ssl_certificate, of the server with this server_name.",
            ),
            Self::CertificateUntrusted => (
                "\"fetch failed\" in programs on Node, no connection from a vendor's cloud. A browser may fill in the link by itself.",
                "At the edge: the whole chain in ssl_certificate. With an authority of your own: SSL_CERT_FILE here, NODE_EXTRA_CA_CERTS for programs on Node; vendors' clouds take public ones only.",
            ),
            Self::ClockDiffers => (
                "People sign in, and are asked to sign in again at once: tokens are not valid yet, or no longer.",
                "On the host that is wrong: switch on its time service (timedatectl set-ntp true).",
            ),
            Self::NotTls => (
                "\"Could not connect\" in every assistant.",
                "At the edge: `listen … ssl` (nginx), or the port that speaks TLS in the address; on the machine itself, http.",
            ),
            Self::PlainHttp => (
                "The address is refused, or sign-in ends in an error; tokens would travel in the clear.",
                "Give people the https address, which MCP_AUTH_<SITE>_ISSUER names; let the edge end TLS.",
            ),
            Self::Slow => (
                "mcp-remote gives up on a document after 5 s, Claude after 10 s; people see a failed connection, sometimes.",
                "What is slow lies behind the path that was seen: the edge's resolver, a replica that is not ready, an upstream that is away.",
            ),
            Self::TlsThere => (
                "\"400 Bad Request\", or a connection that fails, in every assistant.",
                "Write https in the address, and in MCP_AUTH_<SITE>_ISSUER; or give the port of the edge that speaks no TLS.",
            ),
            Self::Unreached => (
                "\"Could not connect\", at this step.",
                "At the edge: the upstream of this path (proxy_pass, reverse_proxy), and whether it runs.",
            ),
        };
        Words { looks, change }
    }
}
