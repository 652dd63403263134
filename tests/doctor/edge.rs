//! A real nginx as the edge: Debian's, with one thing in it that an operator may have written.

use std::fs;

use crate::{
    ground::{Ground, free_ports},
    twin::Twin,
};

/// Debian's.
const NGINX: &str = "/usr/sbin/nginx";

/// What does no harm, with places for what does.
const CONF: &str = "
daemon off;
master_process off;
error_log stderr;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    large_client_header_buffers 4 32k;
    proxy_http_version 1.1;
    proxy_buffer_size 32k; proxy_buffers 8 32k; proxy_busy_buffers_size 64k;
    server {
        listen 127.0.0.1:PORT LISTEN;
        server_name NAMES;
        proxy_set_header Host HOST;
        SERVER
        location / { LOCATION proxy_pass http://127.0.0.1:PROXY; }
    }
    OTHERS
}
";

/// What stands at the places; what is empty does no harm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conf<'a> {
    pub listen: &'a str,
    pub names: &'a str,
    pub host: &'a str,
    pub server: &'a str,
    pub location: &'a str,
    pub others: &'a str,
}

impl Default for Conf<'_> {
    fn default() -> Self {
        Self { listen: "", names: "_", host: "$http_host", server: "", location: "", others: "" }
    }
}

impl Ground {
    /// nginx before the healthy proxy.
    pub(crate) fn nginx(&self, name: &'static str, conf: Conf<'_>) -> Twin {
        self.nginx_before(name, self.proxy, conf)
    }

    pub(crate) fn nginx_before(&self, name: &'static str, proxy: u16, conf: Conf<'_>) -> Twin {
        let [port] = free_ports();
        let places = [
            ("LISTEN", conf.listen),
            ("NAMES", conf.names),
            ("HOST", conf.host),
            ("SERVER", conf.server),
            ("LOCATION", conf.location),
            ("OTHERS", conf.others),
            ("PORT", &port.to_string()),
            ("PROXY", &proxy.to_string()),
            ("SIDECAR", &self.sidecar.to_string()),
            ("ADMIN", &self.admin.to_string()),
            ("FOLDER", &self.folder.display().to_string()),
        ];
        let text = places.iter().fold(CONF.to_owned(), |text, (place, says)| text.replace(place, says));
        fs::create_dir_all(self.folder.join(name).join("temp")).unwrap();
        let file = self.write(&format!("{name}/nginx.conf"), &text);
        let program = [NGINX, "-p", &self.file(name), "-c", &file].map(str::to_owned);
        Twin::at(port, self.started(name, &program, &[], (port, "/")))
    }
}
