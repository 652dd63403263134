//! A test in a process of its own, which trusts an authority of ours: OpenSSL reads `SSL_CERT_FILE` from its
//! environment alone.

use std::any::type_name;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use tempfile::TempDir;
use tokio::runtime::Builder;

const FOLDER: &str = "FOLDER_OF_THE_TESTS_AUTHORITY";
/// Nobody listens there: who asked a proxy of the environment would get nothing.
const NO_PROXY: &str = "http://127.0.0.1:9";

/// The authority, and certificates by their names: `good`; `expired`; `elsewhere`, for another host; `stranger`, of
/// another authority.
pub(crate) struct Authority(PathBuf);

impl Authority {
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Runs the test that calls this, there.
pub(crate) fn in_a_process_that_trusts<F: AsyncFnOnce(Authority)>(test: F) {
    match env::var_os(FOLDER) {
        Some(folder) => {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(test(Authority(folder.into())));
        }
        None => again(name_of::<F>()),
    }
}

fn again(test: &str) {
    let folder = authority();
    let mut process = Command::new(env::current_exe().unwrap());
    process.args([test, "--exact", "--nocapture"]).stdin(Stdio::null());
    process.env(FOLDER, folder).env("SSL_CERT_FILE", folder.join("ca.crt"));
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    process.envs(proxies.map(|name| (name, NO_PROXY))).env_remove("NO_PROXY").env_remove("no_proxy");
    let said = process.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success() && out.contains("1 passed"), "{test}\n{out}\n{err}");
}

/// `http::fetched::its_name::{{closure}}`, as the test runner calls it.
fn name_of<F>() -> &'static str {
    let path = type_name::<F>().split_once("::").map_or("", |(_, path)| path);
    path.split("::{{").next().unwrap_or_default()
}

fn authority() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER.get_or_init(certificates).path()
}

fn certificates() -> TempDir {
    let folder = TempDir::new().unwrap();
    let script = r"
        set -e
        new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
        for ca in ca another; do
            openssl req -x509 $new -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.crt
        done
        leaf() {
            openssl req $new -subj /CN=$1 -keyout $1.ec -out $1.csr
            openssl pkcs8 -topk8 -nocrypt -in $1.ec -out $1.key
            echo subjectAltName=$4 >$1.names
            openssl x509 -req -days $3 -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -extfile $1.names -out $1.crt
        }
        leaf good ca 2 DNS:localhost,IP:127.0.0.1
        leaf expired ca -1 DNS:localhost,IP:127.0.0.1
        leaf elsewhere ca 2 DNS:app.example
        leaf stranger another 2 DNS:localhost,IP:127.0.0.1
    ";
    let mut bash = Command::new("bash");
    let made = bash.args(["-c", script]).current_dir(&folder).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "openssl is needed: {}", String::from_utf8_lossy(&made.stderr));
    folder
}
