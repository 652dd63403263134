//! The connection to Redis: made at first need, made anew when it broke, never waited for long.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo,
    RedisError, RedisResult,
};
use tokio::sync::OnceCell;
use tracing::{error, info};

use crate::config::{RedisAddress, RedisStore};

/// So long a command waits for its answer, the connection included.
const PATIENCE: Duration = Duration::from_secs(2);

/// The store could not be asked, or did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("the store is away")]
pub struct Away(#[source] RedisError);

impl Away {
    /// The store answered, but too late to do what it was asked.
    pub(super) fn late() -> Self {
        Self(io::Error::from(io::ErrorKind::TimedOut).into())
    }
}

/// One connection for all who ask at once.
pub(super) struct Link {
    client: Client,
    current: Mutex<Arc<OnceCell<MultiplexedConnection>>>,
    answers: AtomicBool,
}

impl Link {
    pub(super) fn new(store: &RedisStore, password: Option<&str>) -> RedisResult<Self> {
        let address = match &store.address {
            RedisAddress::Tcp(host, port) => ConnectionAddr::Tcp(host.clone(), *port),
            RedisAddress::Tls(host, port) => {
                ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
            }
            RedisAddress::Unix(path) => ConnectionAddr::Unix(path.clone()),
        };
        let info = address.into_connection_info()?;
        let mut settings = info.redis_settings().clone().set_db(store.database).set_skip_set_lib_name();
        if let Some(user) = &store.user {
            settings = settings.set_username(user);
        }
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        let tcp = TcpSettings::default().set_nodelay(true);
        let client = Client::open(info.set_redis_settings(settings).set_tcp_settings(tcp))?;
        Ok(Self { client, current: Mutex::default(), answers: AtomicBool::new(true) })
    }

    /// Did the store answer when it was last asked?
    pub(super) fn answers(&self) -> bool {
        self.answers.load(Ordering::Relaxed)
    }

    /// Sends a command that may be sent twice, and takes note whether the store answers.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        let answer = self.ask_aside(command).await;
        self.note(answer.as_ref().err());
        answer
    }

    /// The same for what need not be answered.
    pub(super) async fn ask_aside<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Away> {
        let connection = self.current();
        let asked = tokio::time::timeout(PATIENCE, self.ask_on(&connection, command)).await;
        let answer = asked.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()));
        // After whatever failure: the other end may be gone without a word, or no longer be the one that takes writes.
        if answer.is_err() {
            self.forget(&connection);
        }
        answer.map_err(Away)
    }

    /// A connection that broke meanwhile is made anew, once.
    async fn ask_on<T: FromRedisValue>(
        &self,
        connection: &Arc<OnceCell<MultiplexedConnection>>,
        command: &Cmd,
    ) -> RedisResult<T> {
        let mut first = self.connected(connection).await?;
        match command.query_async(&mut first).await {
            Err(error) if !is_answer(&error) => {
                self.forget(connection);
                let mut second = self.connected(&self.current()).await?;
                command.query_async(&mut second).await
            }
            answer => answer,
        }
    }

    async fn connected(&self, cell: &OnceCell<MultiplexedConnection>) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        cell.get_or_try_init(|| self.client.get_multiplexed_async_connection_with_config(&config))
            .await
            .cloned()
    }

    fn current(&self) -> Arc<OnceCell<MultiplexedConnection>> {
        Arc::clone(&self.current.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget(&self, broken: &Arc<OnceCell<MultiplexedConnection>>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, broken) {
            *current = Arc::default();
        }
    }

    /// One line when it goes, one when it comes.
    fn note(&self, failure: Option<&Away>) {
        let answered = self.answers.swap(failure.is_none(), Ordering::Relaxed);
        match failure {
            Some(Away(cause)) if answered => {
                // As a text: what is displayed as it stands could be lines of its own.
                error!(cause = cause.to_string(), "the store is away");
            }
            None if !answered => info!("the store answers"),
            _ => {}
        }
    }
}

fn is_answer(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType)
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Link(…)")
    }
}
