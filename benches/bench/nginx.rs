//! Debian's nginx as a plain reverse proxy: what the gateway is measured by.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Outcome;
use crate::process::{Process, until};
use crate::sidecar::free_address;
use crate::wire::{Wire, request};

/// As many workers as the gateway has on two cores, connections to the MCP server kept, no log. A client's is kept
/// unless it says otherwise. Events are not held back.
const CONFIGURATION: &str = "
daemon off;
worker_processes 2;
pid DIR/pid;
error_log DIR/error.log warn;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path DIR/body;
    proxy_temp_path DIR/proxy;
    fastcgi_temp_path DIR/fastcgi;
    scgi_temp_path DIR/scgi;
    uwsgi_temp_path DIR/uwsgi;
    keepalive_requests 1000000;
    upstream mcp {
        server UPSTREAM;
        keepalive 64;
        keepalive_requests 1000000;
    }
    server {
        listen LISTEN;
        location / {
            proxy_pass http://mcp;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
        }
        location /mcp/events {
            proxy_pass http://mcp;
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_buffering off;
        }
    }
}
";

pub(crate) struct Nginx {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    pub(crate) fn before(upstream: SocketAddr) -> Outcome<Self> {
        let (dir, address) = (TempDir::new()?, free_address()?);
        let text = CONFIGURATION
            .replace("DIR", &dir.path().display().to_string())
            .replace("UPSTREAM", &upstream.to_string())
            .replace("LISTEN", &address.to_string());
        let file = dir.path().join("nginx.conf");
        fs::write(&file, text)?;
        let mut command = Command::new("nginx");
        // Until it has read the configuration it would log elsewhere.
        command.args(["-e", "/dev/null", "-c"]).arg(file).stderr(Stdio::inherit());
        // Debian keeps it where the PATH of people does not look.
        command.env("PATH", "/usr/sbin:/usr/bin:/bin");
        let nginx = Self { process: Process::start(&mut command)?, address, _dir: dir };
        let hello = request(&["POST /mcp", "Host: any"], "{}");
        until("nginx answers", || Wire::to(address).ask(&hello))?;
        Ok(nginx)
    }
}
