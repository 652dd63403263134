//! Another of the ground's parts, with one change.

use crate::{
    ground::{Ground, free_ports, tool},
    part::Part,
};

/// What a file says → what it says in the twin.
pub(crate) type Change<'a> = (&'a str, &'a str);

/// A part beside the healthy ones, and where it listens. It ends with its handle.
#[derive(Debug)]
pub(crate) struct Twin {
    pub port: u16,
    _part: Part,
}

impl Twin {
    pub(crate) fn at(port: u16, it: Part) -> Self {
        Self { port, _part: it }
    }
}

impl Ground {
    /// `core.cfg` and `alpha.yaml`.
    pub(crate) fn proxy_files(&self) -> [String; 2] {
        [include_str!("../e2e/parts/core.cfg"), include_str!("../e2e/parts/alpha.yaml")].map(|text| {
            text.replace("@FOLDER@/upstream-secret", &self.file("proxy-secret"))
                .replace("@FOLDER@", &self.folder.display().to_string())
                .replace("@SIDECAR@", &self.sidecar.to_string())
                .replace("@PROVIDER@", &format!("http://127.0.0.1:{}", self.provider))
                .replace("@CLIENT@", "doctor.apps.example")
        })
    }

    /// oauth2-proxy with one line changed, in either file.
    pub(crate) fn proxy_with(&self, name: &'static str, (says, instead): Change<'_>) -> Twin {
        let files = self.proxy_files();
        let places = files.iter().map(|text| text.matches(says).count()).sum::<usize>();
        assert_eq!(places, 1, "{name}: the files have {says:?} so often");
        let [port] = free_ports();
        let files = files.map(|text| text.replace(says, instead));
        Twin::at(port, self.start_proxy(name, port, files))
    }

    /// oauth2-proxy before another sidecar, for an address with TLS.
    pub(crate) fn proxy_before(&self, name: &'static str, sidecar: u16, changes: &[Change<'_>]) -> Twin {
        let [port] = free_ports();
        let files = self.proxy_files().map(|text| {
            let text = text.replace(&format!("127.0.0.1:{}", self.sidecar), &format!("127.0.0.1:{sidecar}"));
            changes.iter().fold(text, |text, (says, instead)| text.replace(says, instead))
        });
        Twin::at(port, self.start_proxy(name, port, files))
    }

    pub(crate) fn start_proxy(&self, name: &'static str, port: u16, [core, alpha]: [String; 2]) -> Part {
        let alpha = alpha.replace("@PROXY@", &port.to_string());
        let program = [
            tool("bin/oauth2-proxy"),
            format!("--config={}", self.write(&format!("{name}/core.cfg"), &core)),
            format!("--alpha-config={}", self.write(&format!("{name}/alpha.yaml"), &alpha)),
        ];
        self.started(name, &program, &[], (port, "/ping"))
    }

    /// A sidecar with these settings changed; an empty value takes one away.
    pub(crate) fn sidecar_with(&self, name: &'static str, changes: &[(&str, &str)]) -> Twin {
        let [port, admin] = free_ports();
        Twin::at(port, self.start_sidecar(name, [port, admin], changes))
    }

    pub(crate) fn start_sidecar(
        &self,
        name: &'static str,
        ports: [u16; 2],
        changes: &[(&str, &str)],
    ) -> Part {
        let environment = self.settings(ports, changes);
        let program = [crate::ground::SIDECAR.to_owned(), "serve".to_owned()];
        self.started(name, &program, &environment, (ports[1], "/readyz"))
    }

    fn settings(&self, [port, admin]: [u16; 2], changes: &[(&str, &str)]) -> Vec<(String, String)> {
        let listen = |port: u16| format!("127.0.0.1:{port}");
        let settings = [
            ("MCP_AUTH_SITES", "internal,public".to_owned()),
            ("MCP_AUTH_INTERNAL_ISSUER", format!("http://localhost:{}", self.proxy)),
            ("MCP_AUTH_INTERNAL_REDIRECTS", "loopback,cursor".to_owned()),
            ("MCP_AUTH_PUBLIC_ISSUER", format!("http://127.0.0.1:{}", self.proxy)),
            ("MCP_AUTH_PUBLIC_REDIRECTS", "loopback,claude,cursor,vscode,chatgpt".to_owned()),
            ("MCP_AUTH_EMAIL_DOMAINS", "example.com".to_owned()),
            ("MCP_AUTH_LISTEN", listen(port)),
            ("MCP_AUTH_ADMIN_LISTEN", listen(admin)),
            ("MCP_AUTH_KEYS_DIR", self.file("keys")),
            ("MCP_AUTH_PROXY_SECRET_FILE", self.file("proxy-secret")),
            ("MCP_AUTH_ID_TOKEN_ISSUER", format!("http://127.0.0.1:{}", self.provider)),
            ("MCP_AUTH_ID_TOKEN_AUDIENCE", "doctor.apps.example".to_owned()),
            ("MCP_AUTH_REGISTER_PER_MINUTE", "0".to_owned()),
            // Who has no token never gets there.
            ("MCP_AUTH_UPSTREAM", "http://127.0.0.1:9".to_owned()),
        ];
        let kept = settings.into_iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
        let instead = changes.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let all = kept.chain(instead).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(crate) fn started(
        &self,
        name: &'static str,
        program: &[String],
        environment: &[(String, String)],
        (port, path): (u16, &str),
    ) -> Part {
        let mut started = Part::start(name, self.folder.join(format!("{name}.log")), program, environment);
        started.wait_until_it_answers(port, path).unwrap_or_else(|said| panic!("{said}"));
        started
    }
}
