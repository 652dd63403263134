//! nginx, as the edge before the proxies and as the balancer before the replicas.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::part::Part;
use crate::redis_server::within;
use crate::replica::SOON;

/// Whoever kills this shell, as the end of a test does, ends nginx with all its workers.
const WITH_ITS_WORKERS: &str = r#"setpriv --pdeathsig TERM nginx -c "$0"; exit $?"#;

pub(crate) struct Edge {
    plan: Plan,
    folder: PathBuf,
    /// Ends with this.
    _part: Part,
}

/// Where nginx listens, and who is behind it there.
pub(crate) struct Plan {
    pub(crate) edge: u16,
    pub(crate) proxies: Vec<String>,
    pub(crate) balancer: u16,
    pub(crate) replicas: Vec<String>,
}

impl Edge {
    pub(crate) async fn start(plan: Plan, home: &Path) -> Self {
        let folder = home.join("nginx");
        fs::create_dir(&folder).unwrap();
        let configuration = folder.join("nginx.conf");
        fs::write(&configuration, plan.filled(&folder, None)).unwrap();
        let program = ["/bin/sh", "-c", WITH_ITS_WORKERS, configuration.to_str().unwrap()].map(str::to_owned);
        let path = ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned());
        let part = Part::start("nginx", folder.join("log"), &program, &[path]);
        let edge = Self { plan, folder, _part: part };
        within(SOON, "nginx has workers", async || !edge.workers().is_empty()).await;
        edge
    }

    /// When this is through, nobody is sent there any more, and nobody that was is still there.
    pub(crate) async fn without(&self, address: &str) {
        self.reload(Some(address)).await;
    }

    pub(crate) async fn with_everybody(&self) {
        self.reload(None).await;
    }

    /// One line for each request, at the edge and at the balancer.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("ways")).unwrap()
    }

    /// Of who is at an address, or of the place of a port.
    pub(crate) fn name(&self, at: &str) -> String {
        let Plan { edge, proxies, balancer, replicas } = &self.plan;
        let places = [(edge.to_string(), "edge".to_owned()), (balancer.to_string(), "balancer".to_owned())];
        let numbered = |what: &'static str, all: &[String]| -> Vec<_> {
            all.iter().zip(1..).map(|(one, number)| (one.clone(), format!("{what} {number}"))).collect()
        };
        let all =
            places.into_iter().chain(numbered("oauth2-proxy", proxies)).chain(numbered("replica", replicas));
        all.into_iter().find(|(place, _)| place == at).expect("a place of the plan").1
    }

    async fn reload(&self, out: Option<&str>) {
        fs::write(self.folder.join("nginx.conf"), self.plan.filled(&self.folder, out)).unwrap();
        let old = self.workers();
        assert!(Command::new("kill").args(["-HUP", &self.master()]).status().unwrap().success());
        let replaced = async || {
            let now = self.workers();
            !now.is_empty() && now.iter().all(|worker| !old.contains(worker))
        };
        within(SOON, "new workers, and the old ones gone", replaced).await;
    }

    fn workers(&self) -> Vec<String> {
        let children = format!("/proc/{0}/task/{0}/children", self.master());
        let children = fs::read_to_string(children).unwrap_or_default();
        children.split_whitespace().map(str::to_owned).collect()
    }

    fn master(&self) -> String {
        fs::read_to_string(self.folder.join("nginx.pid")).unwrap_or_default().trim().to_owned()
    }
}

impl Plan {
    fn filled(&self, folder: &Path, out: Option<&str>) -> String {
        let servers = |addresses: &[String]| {
            let down = |address: &str| if Some(address) == out { " down" } else { "" };
            let server = |address: &String| format!("        server {address} max_fails=0{};", down(address));
            addresses.iter().map(server).collect::<Vec<_>>().join("\n")
        };
        include_str!("parts/nginx.conf")
            .replace("@FOLDER@", folder.to_str().unwrap())
            .replace("@EDGE@", &self.edge.to_string())
            .replace("@PROXIES@", &servers(&self.proxies))
            .replace("@BALANCER@", &self.balancer.to_string())
            .replace("@REPLICAS@", &servers(&self.replicas))
    }
}
