//! nginx and Caddy as the edge of a topology: Debian's, with the shipped files where an operator would put them.

use std::fs;

use crate::{
    shipped::{Substitutions, on_loopback},
    stack::{Environment, Stack},
};

/// What Debian's own `nginx.conf` does, where nobody needs to be root; one process, so that none is left behind.
const AROUND: &str = "
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events {}
http {
    client_body_temp_path temp;
    proxy_temp_path temp;
    fastcgi_temp_path temp;
    uwsgi_temp_path temp;
    scgi_temp_path temp;
    include conf.d/*.conf;
}
";

/// Debian's.
const NGINX: &str = "/usr/sbin/nginx";
const CADDY: &str = "/usr/bin/caddy";

/// The file in the folder → where it lies beside nginx's own, and what changes in it.
pub(crate) type File<'a> = (&'a str, &'a str, Substitutions<'a>);

impl Stack {
    pub(crate) fn start_nginx(&mut self, files: &[File<'_>]) -> Result<(), String> {
        let program = self.nginx("nginx", files);
        self.start("nginx", &program, &[], (self.ports.public, "/"))
    }

    /// Its command line, when all files are in this folder.
    pub(crate) fn nginx(&self, folder: &str, files: &[File<'_>]) -> Vec<String> {
        fs::create_dir_all(self.folder.join(folder).join("temp")).unwrap();
        for (file, place, substitutions) in files {
            self.write(&format!("{folder}/{place}"), &on_loopback(&self.shipped(file), substitutions));
        }
        let around = self.write(&format!("{folder}/nginx.conf"), AROUND);
        [NGINX, "-p", &self.file(folder), "-c", &around].map(str::to_owned).to_vec()
    }

    pub(crate) fn start_caddy(&mut self, substitutions: &Substitutions<'_>) -> Result<(), String> {
        let (program, environment) = self.caddy("caddy", substitutions);
        self.start("caddy", &program, &environment, (self.ports.public, "/"))
    }

    /// Its command line, and where it may keep what it likes.
    pub(crate) fn caddy(
        &self,
        folder: &str,
        substitutions: &Substitutions<'_>,
    ) -> (Vec<String>, Environment) {
        let text = on_loopback(&self.shipped("Caddyfile"), substitutions);
        let file = self.write(&format!("{folder}/Caddyfile"), &text);
        let program = [CADDY, "run", "--adapter", "caddyfile", "--config", &file].map(str::to_owned);
        let home = |name: &str| (name.to_owned(), self.file(folder));
        (program.to_vec(), ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(home).to_vec())
    }

    /// Without TLS, each address is a port.
    pub(crate) fn for_the_listeners(&self) -> Substitutions<'static> {
        let (internal, public) = (self.ports.internal, self.ports.public);
        vec![
            ("10.0.0.5:443 ssl http2;", format!("127.0.0.1:{internal};")),
            ("server_name mcp.internal.example;", "server_name localhost;".to_owned()),
            ("ssl_certificate     /etc/nginx/tls/mcp.internal.example.pem;", String::new()),
            ("ssl_certificate_key /etc/nginx/tls/mcp.internal.example.key;", String::new()),
            (
                "10.0.0.5:443 ssl http2 default_server;\n    ssl_reject_handshake on;",
                format!("127.0.0.1:{internal} default_server;"),
            ),
            ("203.0.113.7:443 ssl http2;", format!("127.0.0.1:{public};")),
            ("server_name mcp.example.com;", "server_name 127.0.0.1;".to_owned()),
            ("ssl_certificate     /etc/nginx/tls/mcp.example.com.pem;", String::new()),
            ("ssl_certificate_key /etc/nginx/tls/mcp.example.com.key;", String::new()),
            (
                "203.0.113.7:443 ssl http2 default_server;\n    ssl_reject_handshake on;",
                format!("127.0.0.1:{public} default_server;"),
            ),
        ]
    }
}
