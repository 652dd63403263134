//! An address with http where TLS is spoken, or with https where it is not, at each edge that people have.

use std::process::Command;

use crate::{
    ground::{Ground, free_ports, ground},
    part::Part,
    said::{EVERYBODY, doctor},
};

const NGINX: &str = "
daemon off; master_process off; error_log stderr; pid nginx.pid; events {}
http {
    access_log off;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    server { listen 127.0.0.1:PLAIN; return 404; }
    server { listen 127.0.0.1:TLS ssl; ssl_certificate PEM; ssl_certificate_key PEM; return 404; }
}
";
const HAPROXY: &str = "
defaults
    mode http
    timeout client 60s
    timeout server 60s
    timeout connect 60s
frontend plain
    bind 127.0.0.1:PLAIN
    http-request return status 404
frontend tls
    bind 127.0.0.1:TLS ssl crt PEM
    http-request return status 404
";
const CADDY: &str = "
{
    admin off
    auto_https off
    default_bind 127.0.0.1
}
http://localhost:PLAIN {
    respond 404
}
https://localhost:TLS {
    tls PEM PEM
    respond 404
}
";

/// Its file, and how it is started with it.
const EDGES: [(&str, &str, &[&str]); 3] = [
    ("nginx-scheme", NGINX, &["/usr/sbin/nginx", "-p", "FOLDER", "-c", "FILE"]),
    ("haproxy-scheme", HAPROXY, &["/usr/sbin/haproxy", "-f", "FILE"]),
    ("caddy-scheme", CADDY, &["caddy", "run", "--adapter", "caddyfile", "--config", "FILE"]),
];

/// An edge with a port that speaks TLS beside one that does not.
struct Edge {
    plain: u16,
    tls: u16,
    _part: Part,
}

impl Edge {
    fn start(ground: &Ground, name: &'static str, conf: &str, program: &[&str]) -> Self {
        let [plain, tls] = free_ports();
        let places = [
            ("PLAIN", plain.to_string()),
            ("TLS", tls.to_string()),
            ("PEM", ground.file("scheme.pem")),
            ("FOLDER", ground.file(name)),
            ("FILE", ground.file(&format!("{name}/conf"))),
        ];
        let filled =
            |text: &str| places.iter().fold(text.to_owned(), |text, (place, says)| text.replace(place, says));
        ground.write(&format!("{name}/conf"), &filled(conf));
        std::fs::create_dir(ground.folder.join(name).join("temp")).unwrap();
        let program: Vec<String> = program.iter().map(|word| filled(word)).collect();
        let home = [("HOME".to_owned(), ground.file(name))];
        Self { plain, tls, _part: ground.started(name, &program, &home, (plain, "/")) }
    }
}

fn certified(ground: &Ground) {
    let pem = ground.file("scheme.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=localhost", "-keyout", &pem, "-out", &format!("{pem}.crt")])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let both = [pem.clone(), format!("{pem}.crt")].map(|file| std::fs::read_to_string(file).unwrap());
    ground.write("scheme.pem", &both.concat());
}

#[test]
fn the_wrong_scheme_is_named_whatever_the_edge_answers_to_it() {
    let ground = ground();
    certified(ground);
    for (name, conf, program) in EDGES {
        let edge = Edge::start(ground, name, conf, program);
        for (address, port, cause) in [
            (format!("http://localhost:{}/mcp", edge.tls), edge.tls, "tls_there"),
            (format!("https://localhost:{}/mcp", edge.plain), edge.plain, "not_tls"),
        ] {
            let said = doctor(&address, Some(port), &[]);
            said.names(cause, &format!("{name}: {address}"));
            assert_eq!(said.stopped().len(), EVERYBODY, "{name}: {address}");
        }
        // Where the scheme is right it is the answer that is wrong.
        doctor(&format!("http://localhost:{}/mcp", edge.plain), None, &[]).names("not_served", name);
    }
}

/// Neither oauth2-proxy nor the sidecar has TLS of its own in `deploy/`
#[test]
fn https_at_a_port_of_the_proxy_or_the_sidecar_is_named() {
    let ground = ground();
    for (name, port) in [("oauth2-proxy", ground.proxy), ("sidecar", ground.sidecar)] {
        doctor(&format!("https://localhost:{port}/mcp"), None, &[]).names("not_tls", name);
    }
}
