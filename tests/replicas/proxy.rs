//! One oauth2-proxy, on a port that it keeps when it is started again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::harness::browser;
use crate::part::Part;
use crate::redis_server::within;
use crate::replica::SOON;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/bin/oauth2-proxy");
pub(crate) const OIDC_CLIENT: &str = "replicas.apps.example";

pub(crate) struct Proxy {
    port: u16,
    folder: PathBuf,
    part: Mutex<Option<Part>>,
}

impl Proxy {
    /// The secrets lie in the folder, one for all proxies of it.
    pub(crate) async fn start(port: u16, folder: &Path, (provider, sidecar): (&str, u16)) -> Self {
        let filled = |text: &str| {
            text.replace("@FOLDER@", folder.to_str().unwrap())
                .replace("@PROXY@", &port.to_string())
                .replace("@SIDECAR@", &sidecar.to_string())
                .replace("@PROVIDER@", provider)
                .replace("@CLIENT@", OIDC_CLIENT)
        };
        let proxy = Self { port, folder: folder.to_owned(), part: Mutex::default() };
        fs::write(proxy.file("cfg"), filled(include_str!("../e2e/parts/core.cfg"))).unwrap();
        fs::write(proxy.file("yaml"), filled(include_str!("../e2e/parts/alpha.yaml"))).unwrap();
        proxy.begin().await;
        proxy
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// SIGTERM, and another one that finds what lies in the folder by then.
    pub(crate) async fn restart(&self) {
        let id = fs::read_to_string(self.file("pid")).unwrap().trim().to_owned();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        within(SOON, "the proxy ended", async || !Path::new("/proc").join(&id).exists()).await;
        drop(self.part.lock().unwrap().take());
        self.begin().await;
    }

    async fn begin(&self) {
        let path = |extension| self.file(extension).display().to_string();
        let (pid, log) = (path("pid"), self.file("log"));
        let program = [
            "/bin/sh",
            "-c",
            r#"echo $$ >"$0"; exec "$@""#,
            &pid,
            PROGRAM,
            &format!("--config={}", path("cfg")),
            &format!("--alpha-config={}", path("yaml")),
        ]
        .map(str::to_owned);
        *self.part.lock().unwrap() = Some(Part::start("oauth2-proxy", log, &program, &[]));
        let ping = format!("http://{}/ping", self.address());
        let answers = async || browser().get(&ping).send().await.is_ok_and(|answer| answer.status() == 200);
        within(SOON, "the proxy answers", answers).await;
    }

    fn file(&self, extension: &str) -> PathBuf {
        self.folder.join(format!("oauth2-proxy-{}.{extension}", self.port))
    }
}
