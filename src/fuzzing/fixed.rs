//! What stays as it is during a run: the keys, whose private parts are 1, 2 and 3, the time and the site.

use std::sync::{Arc, LazyLock};

use crate::clock::Timestamp;
use crate::config::Config;
use crate::flow::Authority;
use crate::oauth::Issuer;
use crate::rules::Rules;
use crate::seal::keys_dir::Keys;
use crate::seal::{Purpose, Ring, Rings, Sealer};

pub(super) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const ISSUER: &str = "https://mcp.example";

pub(super) static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let ring = |purpose| {
        let text: &[u8] = match purpose {
            Purpose::Access => include_bytes!("keys/access.json"),
            Purpose::Session => include_bytes!("keys/session.json"),
            Purpose::Registration => include_bytes!("keys/registration.json"),
        };
        Ring::from_json(purpose, text)
    };
    Keys::fixed(Rings::each(ring).unwrap())
});

pub(super) static OURS: LazyLock<Sealer> = LazyLock::new(|| sealer(ISSUER));
/// Of another site with the same keys.
pub(super) static THEIRS: LazyLock<Sealer> = LazyLock::new(|| sealer("https://other.example"));

pub(super) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| {
    let vars = [
        ("MCP_AUTH_DEFAULT_ISSUER", ISSUER),
        ("MCP_AUTH_DEFAULT_REDIRECTS", "loopback,claude,cursor"),
        ("MCP_AUTH_EMAIL_DOMAINS", "example.com"),
        ("MCP_AUTH_LISTEN", "unix:/run/sidecar.sock"),
    ];
    let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::from_vars(vars).unwrap();
    let rules = Arc::new(Rules::read(&config).unwrap());
    Authority::new(config.sites[0].clone(), &config, KEYS.clone(), rules).unwrap()
});

fn sealer(issuer: &str) -> Sealer {
    Sealer::new(Issuer::try_from(issuer.to_owned()).unwrap(), KEYS.clone())
}
