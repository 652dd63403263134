//! A person's own machine: a home, a shell, the programs under the names that they have, and a browser that the person sees.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use reqwest::Url;

use crate::{
    landing::Landing,
    person::Person,
    stack::{Site, Stack, part_file, tool},
    terminal::Terminal,
};

#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) home: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Desk {
    /// Nothing is set up yet. Programs open the browser by `$BROWSER` or as `xdg-open`.
    pub(crate) fn of(name: &str, stack: &Stack) -> Self {
        let home = stack.folder.join(name);
        fs::create_dir_all(home.join("bin")).unwrap();
        fs::create_dir(home.join("work")).unwrap();
        let browser = part_file("browser.sh");
        symlink(&browser, home.join("bin/xdg-open")).unwrap();
        let programs = ["assistants/node_modules/.bin", "node_modules/.bin"].map(tool).join(":");
        let environment = vec![
            ("HOME", home.display().to_string()),
            ("PATH", format!("{}/bin:{programs}:/usr/bin:/bin", home.display())),
            ("BROWSER", browser),
            ("TERM", "xterm-256color".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
        ];
        Self { home, environment }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// A program of this machine, in the language of the shell.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.home.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A file below the home.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What the line says when it is done, and it must be done well.
    pub(crate) fn run(&self, line: &str) -> String {
        let Output { status, stdout, stderr } =
            self.shell(line).stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        assert!(status.success(), "{line}: {status}\n{said}");
        said
    }

    pub(crate) fn terminal(&self, line: &str) -> Terminal {
        Terminal::start(line, &self.home.join("work"), &self.environment)
    }

    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        let settings = self.environment.iter().map(|(name, value)| (name, value));
        command.args(["-c", line]).current_dir(self.home.join("work")).env_clear().envs(settings);
        command
    }

    /// The person signs in and allows at the address that the browser was asked to open, and is led back; it is returned.
    pub(crate) async fn allow(&self, person: &Person) -> String {
        let url = opened(&self.home).await;
        bring(&person.allow(&url).await.url).await;
        url
    }
}

/// What the site tells everybody.
pub(crate) async fn landing(site: &Site) -> Landing {
    let page = reqwest::get(site.url("/")).await.unwrap();
    assert_eq!(page.status(), 200);
    Landing::read(&page.text().await.unwrap())
}

/// The address that the browser of `browser.sh` was asked to open.
pub(crate) async fn opened(home: &Path) -> String {
    let began = Instant::now();
    loop {
        if let Ok(url) = fs::read_to_string(home.join("opened")) {
            fs::remove_file(home.join("opened")).unwrap();
            return url.trim_end().to_owned();
        }
        assert!(began.elapsed() < Duration::from_mins(3), "no browser was opened");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The client's own callback server may need a moment.
pub(crate) async fn bring(callback: &Url) {
    let began = Instant::now();
    while let Err(error) = reqwest::get(callback.clone()).await {
        assert!(began.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
