//! What is in the image, and what it says of itself.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::image::{Image, the_only};

const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";
/// In bytes.
const LARGEST: u64 = 20_000_000;

#[test]
fn there_is_one_program_with_its_licence_and_the_certificates_it_trusts_and_nobody_may_change_them() {
    let folder = TempDir::new().unwrap();
    let image = Image::unpacked(folder.path());
    let mut files = files_below(&image.root);
    files.sort();
    let relative: Vec<_> = files.iter().map(|file| file.strip_prefix(&image.root).unwrap()).collect();
    assert_eq!(relative, ["LICENSE", CERTIFICATES, "mcp-auth-sidecar"].map(Path::new));
    let modes = files.iter().map(|file| fs::metadata(file).unwrap());
    let modes: Vec<_> =
        modes.map(|file| (file.uid(), file.gid(), file.permissions().mode() & 0o7777)).collect();
    assert_eq!(modes, [(0, 0, 0o644), (0, 0, 0o644), (0, 0, 0o755)]);
    let bundle = fs::read_to_string(&files[1]).unwrap();
    assert!(bundle.matches("BEGIN CERTIFICATE").count() > 50, "these are few authorities");
}

#[test]
fn the_program_needs_no_loader_and_no_library() {
    let folder = TempDir::new().unwrap();
    let program = Image::unpacked(folder.path()).root.join("mcp-auth-sidecar");
    assert!(!shows(&program, "--segments").contains("INTERP"));
    let dynamic = shows(&program, "--dynamic");
    assert!(!dynamic.contains("NEEDED"), "{dynamic}");
    // And the same look finds them where they are.
    let own = std::env::current_exe().unwrap();
    assert!(shows(&own, "--segments").contains("INTERP") && shows(&own, "--dynamic").contains("NEEDED"));
}

#[test]
fn the_image_is_small() {
    let size = fs::metadata(the_only("tar")).unwrap().len();
    assert!(size < LARGEST, "{size} bytes");
}

#[test]
fn the_image_says_who_runs_it_and_how_and_what_it_is() {
    let folder = TempDir::new().unwrap();
    let image = Image::unpacked(folder.path());
    assert_eq!(image.name, concat!("mcp-auth-sidecar:", env!("CARGO_PKG_VERSION")));
    assert_eq!(image.config["User"], json!("65532:65532"));
    assert_eq!(image.words("Entrypoint"), ["/mcp-auth-sidecar"]);
    let check = image.config["Healthcheck"]["Test"].clone();
    assert_eq!(check, json!(["CMD", "/mcp-auth-sidecar", "healthcheck"]));
    assert!(image.words("Env").contains(&format!("SSL_CERT_FILE=/{CERTIFICATES}")));
    let label = |name: &str| image.config["Labels"][format!("org.opencontainers.image.{name}")].clone();
    assert_eq!(label("title"), json!("mcp-auth-sidecar"));
    assert_eq!(label("version"), json!(env!("CARGO_PKG_VERSION")));
    assert_eq!(label("licenses"), json!("Apache-2.0"));
    let revision = label("revision").as_str().unwrap().to_owned();
    let hash = revision.trim_end_matches("-changed");
    assert!(hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{revision}");
}

#[test]
fn the_list_of_parts_names_what_is_built_in() {
    let list: Value = serde_json::from_slice(&fs::read(the_only("json")).unwrap()).unwrap();
    assert_eq!(list["bomFormat"], json!("CycloneDX"));
    assert_eq!(list["metadata"]["component"]["version"], json!(env!("CARGO_PKG_VERSION")));
    let parts = list["components"].as_array().unwrap();
    let version = |name: &str| parts.iter().find(|part| part["name"] == name).map(|part| &part["version"]);
    // OpenSSL is in it, although cargo only builds with it.
    for (name, part) in [("openssl-src", "300."), ("actix-web", "4."), ("josekit", "0.")] {
        let found = version(name).and_then(Value::as_str).unwrap_or_default();
        assert!(found.starts_with(part), "{name} {found}");
    }
    assert!(version("proptest").is_none(), "what only the tests use");
}

#[test]
fn the_list_of_parts_is_one_as_cyclonedx_defines_it() {
    let list = fs::read_to_string(the_only("json")).unwrap();
    assert_eq!(complaint(&list), "");
    let spoilt = list.replace("\"application\"", "\"nothing\"");
    assert!(complaint(&spoilt).starts_with("'nothing' is not one of"));
}

/// What a reader that others wrote says against it.
fn complaint(list: &str) -> String {
    let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let mut python = Command::new(format!("{tests}/tools/.venv/bin/python"));
    let python =
        python.arg(format!("{tests}/image/parts/schema.py")).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut judge = python.spawn().expect("Python; `make tools` installs it");
    judge.stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    String::from_utf8(judge.wait_with_output().unwrap().stderr).unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn shows(program: &Path, what: &str) -> String {
    let output = Command::new("readelf").args(["--wide", what]).arg(program).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}
