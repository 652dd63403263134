//! Binds, then runs: the port is known before the first request.

mod last_word;
mod listen;
mod patient;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev;
use actix_web::web::Data;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::clock::{Clock, Timestamp};
use crate::config::{Config, ConfigError};
use crate::fetch::FetchError;
use crate::flow::Authority;
use crate::http::{App, Documents, Gateway, Limits};
use crate::provider::Provider;
use crate::rules::Rules;
use crate::seal::keys_dir::{self, Keys, KeysError};
use crate::spent::Spent;
use crate::telemetry::Telemetry;
use crate::telemetry::traces::{Traces, TracesError};
use listen::Bound;

/// A bound server, with its admin port.
pub struct Server {
    public: dev::Server,
    admin: dev::Server,
    address: Bound,
    admin_address: Bound,
    app: Data<App>,
    /// How often files are looked at.
    poll: Duration,
}

impl Server {
    /// Reads the keys and binds both ports. Call it inside an actix runtime.
    pub fn bind(config: Config, clock: Clock) -> Result<Self, StartError> {
        let keys =
            Keys::read(&config.keys_dir).map_err(|error| StartError::Keys(config.keys_dir.clone(), error))?;
        if let Some(warning) = keys_dir::warning(&config.keys_dir) {
            warn!("{warning}");
        }
        let rules = Arc::new(Rules::read(&config)?);
        let poll = Duration::from_secs(config.poll.0.unsigned_abs());
        let authorities = Authority::all(&config, &keys, &rules)?;
        let telemetry = counting(&config, &rules, clock.now());
        let app = Data::new(App {
            clock,
            documents: Documents::new(&authorities, &config.pages),
            authorities,
            keys,
            spent: Spent::new(&config.store, config.lifetimes.access)?,
            rules: Arc::clone(&rules),
            provider: config.proofs.id_token.map(Provider::new).transpose()?,
            limits: Limits::new(config.limits),
            telemetry,
            traces: config.traces.then(Traces::start).transpose()?,
            forwarded_hops: config.forwarded_hops,
            pages: config.pages,
            ending: AtomicBool::new(false),
        });
        let drain = u64::try_from(config.drain.0).unwrap_or_default();
        let gateway = Gateway::new(config.upstreams).map_err(StartError::Upstream)?;
        let (public, address) = listen::public(&config.listen, app.clone(), gateway, drain)?;
        let (admin, admin_address) = listen::admin(&config.admin_listen, app.clone())?;
        Ok(Self { public, admin, address, admin_address, app, poll })
    }

    /// None for a unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address.address
    }

    /// None for a unix socket.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address.address
    }

    /// For people: the address, or the path of the socket.
    pub fn listens(&self) -> &str {
        &self.address.shown
    }

    pub fn admin_listens(&self) -> &str {
        &self.admin_address.shown
    }

    /// Serves until SIGTERM or SIGINT, then lets open requests and streams end within the drain time; a second
    /// signal ends them at once. The admin port answers until the last of them is over.
    pub async fn run(self) -> io::Result<()> {
        let mut told = Told::new()?;
        let handle = self.public.handle();
        let admin = actix_web::rt::spawn(self.admin);
        let store = actix_web::rt::spawn(follow(self.app.clone()));
        let watch = actix_web::rt::spawn(watch(self.app.clone(), self.poll));
        let mut public = actix_web::rt::spawn(self.public);
        let ended = tokio::select! {
            ended = &mut public => ended,
            () = told.ended() => {
                info!("told to end; open requests go on");
                self.app.ending.store(true, Ordering::Relaxed);
                let drained = handle.stop(true);
                tokio::select! {
                    () = drained => {}
                    // actix takes no second order; whoever runs this lets the process end.
                    () = told.ended() => info!("told twice"),
                }
                Ok(Ok(()))
            }
        };
        store.abort();
        watch.abort();
        admin.abort();
        if let Some(traces) = &self.app.traces {
            traces.end();
        }
        ended.map_err(io::Error::other)?
    }
}

/// The signals that end a server.
struct Told {
    terminate: Signal,
    interrupt: Signal,
}

impl Told {
    fn new() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn ended(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Server({})", self.listens())
    }
}

/// Nothing has happened yet at any site, and every file has just been read.
fn counting(config: &Config, rules: &Rules, now: Timestamp) -> Telemetry {
    let telemetry = Telemetry::default();
    config.sites.iter().for_each(|site| telemetry.opened(&site.name));
    rules.names().chain(["keys"]).for_each(|file| telemetry.file_read(file, now));
    telemetry
}

/// Looks at the operator's files again and again, and at once on SIGHUP.
async fn watch(app: Data<App>, poll: Duration) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            () = tokio::time::sleep(poll) => {}
            _ = hangup.recv() => {}
        }
        app.keys.look(&app.telemetry, app.clock.now());
        app.rules.look(&app.telemetry, app.clock.now());
    }
}

/// Keeps up with what other replicas revoke.
async fn follow(app: Data<App>) {
    app.spent.follow(&app.clock).await;
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("MCP_AUTH_{0}: cannot listen on {1}: {2}")]
    Bind(&'static str, String, io::Error),
    #[error("the outgoing HTTP client cannot be made: {0}")]
    Client(#[from] FetchError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("MCP_AUTH_KEYS_DIR: {}", keys_sentence(.0, .1))]
    Keys(PathBuf, KeysError),
    #[error("traces cannot be sent: {0}")]
    Traces(#[from] TracesError),
    #[error("MCP_AUTH_UPSTREAM: {0}")]
    Upstream(Box<dyn std::error::Error + Send + Sync>),
}

fn keys_sentence(dir: &Path, error: &KeysError) -> String {
    if error.is_missing() {
        format!("there are no keys in {}; `mcp-auth-sidecar keys init` makes them", dir.display())
    } else {
        format!("the keys in {} cannot be used: {error}", dir.display())
    }
}
