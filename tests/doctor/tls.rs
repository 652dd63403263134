//! Certificates that are not trusted, for another name, over, or almost; and an address that has none.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

use crate::{
    edge::Conf,
    ground::{Ground, ground},
    said::{EVERYBODY, Said, doctor, trusting},
    twin::Twin,
};

const ADDRESS: &str = "https://mcp.example.com/mcp";

/// The ways of a certificate: its authority, its name, its days.
const CERTIFICATES: &str = r"
    set -e
    new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    for ca in ca another; do
        openssl req -x509 $new -days 90 -subj /CN=$ca -keyout $ca.key -out $ca.crt
    done
    leaf() {
        openssl req $new -subj /CN=$1 -keyout $1.key -out $1.csr
        echo subjectAltName=DNS:$4 >$1.names
        openssl x509 -req -days $3 -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -extfile $1.names -out $1.crt
    }
    leaf good ca 60 mcp.example.com
    leaf ending ca 13 mcp.example.com
    leaf expired ca -1 mcp.example.com
    leaf elsewhere ca 60 mcp.elsewhere.example
    leaf stranger another 60 mcp.example.com
";

/// nginx with this certificate before a proxy and a sidecar that know the address.
struct Tls {
    folder: String,
    proxy: Twin,
    _sidecar: Twin,
}

impl Tls {
    fn start(ground: &Ground) -> Self {
        let folder = ground.file("tls");
        fs::create_dir(&folder).unwrap();
        let mut bash = Command::new("bash");
        let made =
            bash.args(["-c", CERTIFICATES]).current_dir(&folder).stdin(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let sidecar = ground.sidecar_with("https", &[("MCP_AUTH_PUBLIC_ISSUER", "https://mcp.example.com")]);
        let secure = [("cookie_secure        = false", "cookie_secure = true")];
        let proxy = ground.proxy_before("https-proxy", sidecar.port, &secure);
        Self { folder, proxy, _sidecar: sidecar }
    }

    fn examined(&self, name: &'static str) -> Said {
        let ground = ground();
        let server =
            format!("ssl_certificate {0}/{name}.crt; ssl_certificate_key {0}/{name}.key;", self.folder);
        let conf = Conf { listen: "ssl", server: &server, ..Conf::default() };
        let edge = ground.nginx_before(name, self.proxy.port, conf);
        trusting(ADDRESS, Some(edge.port), &[], &[("SSL_CERT_FILE", &format!("{}/ca.crt", self.folder))])
    }
}

#[test]
fn a_certificate_that_assistants_refuse_is_named() {
    let tls = Tls::start(ground());
    tls.examined("good").is_healthy("good");
    for (name, cause, stopped) in [
        ("ending", "certificate_ending", 0),
        ("expired", "certificate_expired", EVERYBODY),
        ("elsewhere", "certificate_name", EVERYBODY),
        ("stranger", "certificate_untrusted", EVERYBODY),
    ] {
        let said = tls.examined(name);
        said.names(cause, name);
        assert_eq!(said.stopped().len(), stopped, "{name}");
    }
}

#[test]
fn an_address_without_tls_is_named() {
    let ground = ground();
    let said = doctor(ADDRESS, Some(ground.proxy), &[]);
    said.names("not_tls", "http answers there");
    let said = doctor("http://mcp.example.com/mcp", Some(ground.proxy), &[]);
    said.names("plain_http", "http is typed");
    assert_eq!(said.stopped().len(), EVERYBODY);
    assert_eq!(said.not_invited(), BTreeSet::new());
}
