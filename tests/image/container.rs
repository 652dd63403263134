//! The image run as a runtime runs it: its own root, which nobody can write to, its own user, no privileges, and what is mounted.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder};
use tokio::time::sleep;

use crate::harness::{Ask, browser};
use crate::image::Image;

/// As nobody else uses them in a network of one's own.
const LISTEN: &str = "127.0.0.1:8080";
const ADMIN: &str = "127.0.0.1:8081";
const NOBODY: u32 = 65532;
const PATIENCE: Duration = Duration::from_mins(1);
const A_MOMENT: Duration = Duration::from_millis(50);

/// The image with its mounts: what a runtime mounts for every container, keys, and secrets.
pub(crate) struct Box {
    image: Image,
    folder: PathBuf,
}

impl Box {
    /// The mounts are gone with the namespace that this is called in.
    pub(crate) fn prepared(folder: &Path, hosts: &str, resolv: &str) -> Self {
        let image = Image::unpacked(folder);
        for (name, text) in [("hosts", hosts), ("resolv.conf", resolv)] {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o644)).unwrap();
            File::create(image.root.join("etc").join(name)).unwrap();
        }
        for (name, place) in [("keys", "keys"), ("secrets", "run/secrets")] {
            fs::create_dir(folder.join(name)).unwrap();
            chown(folder.join(name), Some(NOBODY), Some(NOBODY)).unwrap();
            fs::create_dir_all(image.root.join(place)).unwrap();
        }
        let script = r#"
            set -e
            mount --bind "$1/root" "$1/root"
            mount --bind "$1/hosts" "$1/root/etc/hosts"
            mount --bind "$1/resolv.conf" "$1/root/etc/resolv.conf"
            mount --bind "$1/keys" "$1/root/keys"
            mount --bind "$1/secrets" "$1/root/run/secrets"
            # The devices that every runtime supplies.
            mkdir "$1/root/dev"
            for each in null zero full random urandom tty; do
                touch "$1/root/dev/$each"
                mount --bind "/dev/$each" "$1/root/dev/$each"
            done
            for each in /run/secrets /etc/resolv.conf /etc/hosts ""; do mount -o remount,bind,ro "$1/root$each"; done
        "#;
        let mounted = Command::new("bash").args(["-c", script, "mount"]).arg(folder).status().unwrap();
        assert!(mounted.success());
        Self { image, folder: folder.to_owned() }
    }

    /// A file in /run/secrets.
    pub(crate) fn secret(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.join("secrets").join(name);
        fs::write(&path, text).unwrap();
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }

    pub(crate) fn root(&self) -> &Path {
        &self.image.root
    }

    /// Runs one command to its end.
    pub(crate) fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.command(settings).args(arguments).output().unwrap()
    }

    pub(crate) async fn start(&self, settings: &[(&str, &str)]) -> Container<'_> {
        let log = self.folder.join("log");
        let mut command = self.command(settings);
        let process = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut container = Container { of: self, listen: LISTEN, admin: ADMIN, process, log };
        container.waits_until_healthy().await;
        container
    }

    /// Whoever the image says, what it says, without a capability, with no more than its own variables and these.
    fn command(&self, settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--no-new-privs", "--bounding-set=-all,+sys_chroot,+setuid,+setgid", "chroot"]);
        command.arg(format!("--userspec={}", self.image.config["User"].as_str().unwrap())).arg("--groups=");
        command.arg(self.root()).args(self.image.words("Entrypoint")).stdin(Stdio::null()).env_clear();
        let own = self.image.words("Env");
        command.envs(own.iter().filter_map(|variable| variable.split_once('=')));
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").envs(settings.iter().copied());
        command
    }
}

/// It ends with its handle.
pub(crate) struct Container<'a> {
    of: &'a Box,
    listen: &'static str,
    admin: &'static str,
    process: Child,
    log: PathBuf,
}

impl Container<'_> {
    /// As `docker` asks, by the image's own word.
    async fn waits_until_healthy(&mut self) {
        let begun = Instant::now();
        while !self.is_healthy() {
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{ended:?}: {}", self.said());
            sleep(A_MOMENT).await;
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.of.run(&["healthcheck"], &[]).status.success()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        browser().request(method, format!("http://{}{path}", self.listen)).header("Host", "localhost:4180")
    }

    pub(crate) async fn metrics(&self) -> String {
        browser().get(format!("http://{}/metrics", self.admin)).answer().await.text()
    }

    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn status(&self, name: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().to_owned()
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
