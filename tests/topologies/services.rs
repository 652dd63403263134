//! The services of a compose file as plain processes: commands, variables and files are the file's, in folders and on ports of their own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    program::tool,
    shipped::Substitutions,
    stack::{Environment, SIDECAR},
};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/compose");

#[derive(Debug)]
pub(crate) struct Services {
    pub project: Value,
    folder: PathBuf,
    substitutions: Substitutions<'static>,
}

impl Services {
    /// Of the files in `folder`; the substitutions are all that differs from a container.
    pub(crate) fn of(folder: &Path, substitutions: Substitutions<'static>) -> Self {
        let read = read(folder);
        assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
        let project: Value = serde_json::from_slice(&read.stdout).unwrap();
        for (text, _) in &substitutions {
            assert!(project.to_string().replace("\\\"", "\"").contains(text), "{text} is not there");
        }
        Self { project, folder: folder.to_owned(), substitutions }
    }

    /// The command line and the variables.
    pub(crate) fn process(&self, name: &str) -> (Vec<String>, Environment) {
        let service = &self.project["services"][name];
        let changes = [self.files(name), self.substitutions.clone()].concat();
        let program = match service["image"].as_str().unwrap().split(':').next().unwrap() {
            "quay.io/oauth2-proxy/oauth2-proxy" => vec![tool("bin/oauth2-proxy")],
            "mcp-auth-sidecar" => vec![SIDECAR.to_owned()],
            "redis" => vec![],
            other => panic!("nothing here stands for {other}"),
        };
        let arguments = service["command"].as_array().into_iter().flatten();
        let arguments = arguments.map(|argument| fitted(argument.as_str().unwrap(), &changes));
        let variables = service["environment"].as_object().into_iter().flatten();
        let variables =
            variables.map(|(name, value)| (name.clone(), fitted(value.as_str().unwrap(), &changes)));
        (program.into_iter().chain(arguments).collect(), variables.collect())
    }

    /// Where a service finds a file → where it lies here.
    fn files(&self, name: &str) -> Substitutions<'static> {
        let list = |kind: &str| self.project["services"][name][kind].as_array().cloned().unwrap_or_default();
        let place = |item: &Value, kind: &str| item[kind].as_str().unwrap().to_owned();
        let mut files = vec![];
        for volume in list("volumes") {
            files.push((place(&volume, "target"), place(&volume, "source")));
        }
        for secret in list("secrets") {
            let source = &self.project["secrets"][place(&secret, "source")];
            files.push((place(&secret, "target"), place(source, "file")));
        }
        for memory in list("tmpfs") {
            let path = memory.as_str().unwrap().split(':').next().unwrap().to_owned();
            let here = self.folder.join(format!("{name}-memory")).display().to_string();
            fs::create_dir_all(&here).unwrap();
            files.push((path, here));
        }
        for config in list("configs") {
            let (source, path) = (place(&config, "source"), place(&config, "target"));
            files.push((path, self.folder.join(source).display().to_string()));
        }
        let files: Substitutions<'static> =
            files.into_iter().map(|(path, here)| (&*path.leak(), here)).collect();
        for config in list("configs") {
            let content = place(&self.project["configs"][place(&config, "source")], "content");
            let changes = [files.clone(), self.substitutions.clone()].concat();
            fs::write(self.folder.join(place(&config, "source")), fitted(&content, &changes)).unwrap();
        }
        files
    }
}

/// What docker compose would make of the files in a folder, or its complaint.
pub(crate) fn read(folder: &Path) -> Output {
    Command::new(tool("bin/compose")).arg(folder.join("compose.yaml")).env_clear().output().unwrap()
}

/// The shipped files, with secrets and keys made as the README says; `settings` is what `.env` is to hold.
pub(crate) fn copy(folder: &Path, settings: &[(&str, String)]) {
    fs::create_dir_all(folder).unwrap();
    fs::copy(format!("{SHIPPED}/compose.yaml"), folder.join("compose.yaml")).unwrap();
    let shipped = fs::read_to_string(format!("{SHIPPED}/.env")).unwrap();
    let set = |line: &str| {
        let name = line.split('=').next().unwrap();
        let value = settings.iter().find(|(setting, _)| *setting == name);
        value.map_or_else(|| line.to_owned(), |(_, value)| format!("{name}={value}"))
    };
    let lines: Vec<_> = shipped.lines().map(set).collect();
    fs::write(folder.join(".env"), lines.join("\n") + "\n").unwrap();
    for name in ["keys", "secrets", "redis"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    for name in ["cookie-secret", "proxy-secret", "client-secret", "redis-password"] {
        fs::write(folder.join("secrets").join(name), sidecar(&["secret"])).unwrap();
    }
    sidecar(&["keys", "init", "--dir", folder.join("keys").to_str().unwrap()]);
}

fn sidecar(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(SIDECAR).args(arguments).env_clear().output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    output.stdout
}

/// Read once from left to right, the longest first: what was put in is not changed again.
fn fitted(text: &str, changes: &Substitutions<'_>) -> String {
    let (mut fitted, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let here = changes.iter().filter(|(from, _)| rest.starts_with(from));
        if let Some((from, to)) = here.max_by_key(|(from, _)| from.len()) {
            fitted += to;
            rest = &rest[from.len()..];
        } else {
            fitted.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    fitted
}
