//! What remembers spent codes and families: this replica alone, or a Redis that all of them share.

use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use url::Url;

use super::read::{ConfigError, Read, socket};
use super::vars::Vars;

/// `MCP_AUTH_STORE`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Store {
    Memory,
    Redis(RedisStore),
}

/// A Redis, and as whom it is spoken to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedisStore {
    pub address: RedisAddress,
    pub database: i64,
    pub user: Option<String>,
    pub password_file: Option<PathBuf>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RedisAddress {
    Tcp(String, u16),
    Tls(String, u16),
    Unix(PathBuf),
}

/// A password belongs to a Redis, and a user of its to a password.
pub(super) fn store(vars: &Vars, read: &mut Read) -> Result<Store, ConfigError> {
    let store = read.value("STORE", vars.store.clone(), "memory", str::parse)?;
    let file = read.optional("STORE_PASSWORD_FILE", vars.store_password_file.clone(), str::parse)?;
    match store {
        Store::Memory if file.is_some() => {
            Err(ConfigError::new("STORE_PASSWORD_FILE", "memory has no password; is MCP_AUTH_STORE missing?"))
        }
        Store::Redis(redis) if redis.user.is_some() && file.is_none() => {
            Err(ConfigError::new("STORE_PASSWORD_FILE", "it is needed for the user of MCP_AUTH_STORE"))
        }
        Store::Memory => Ok(Store::Memory),
        Store::Redis(redis) => Ok(Store::Redis(RedisStore { password_file: file, ..redis })),
    }
}

const FORMS: &str = "it is memory, redis://HOST:PORT, rediss://HOST:PORT or redis+unix:///path";
const REDIS_PORT: u16 = 6379;

impl FromStr for Store {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if text == "memory" {
            return Ok(Self::Memory);
        }
        let url = Url::parse(text).map_err(|_| FORMS)?;
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name.starts_with("pass")) {
            return Err("a password is a file: MCP_AUTH_STORE_PASSWORD_FILE");
        }
        let (address, database) = match url.scheme() {
            "redis" | "rediss" => (tcp(&url)?, database(url.path().trim_start_matches('/'))?),
            "redis+unix" => (unix(&url)?, database_of_query(&url)?),
            _ => return Err(FORMS),
        };
        if url.fragment().is_some() {
            return Err(FORMS);
        }
        let user = Some(decoded(url.username())?).filter(|user| !user.is_empty());
        Ok(Self::Redis(RedisStore { address, database, user, password_file: None }))
    }
}

fn tcp(url: &Url) -> Result<RedisAddress, &'static str> {
    let host = url.host_str().filter(|host| !host.is_empty() && !host.contains('%')).ok_or(FORMS)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let port = url.port().unwrap_or(REDIS_PORT);
    match url.scheme() {
        _ if url.query().is_some() => Err(FORMS),
        "rediss" => Ok(RedisAddress::Tls(host, port)),
        _ => Ok(RedisAddress::Tcp(host, port)),
    }
}

fn unix(url: &Url) -> Result<RedisAddress, &'static str> {
    let path = decoded(url.path())?;
    let elsewhere = url.host_str().is_some_and(|host| !host.is_empty());
    if elsewhere || !path.starts_with('/') || path.ends_with('/') {
        return Err("redis+unix: needs an absolute path: redis+unix:///run/redis.sock");
    }
    socket(&path).map(RedisAddress::Unix)
}

fn database_of_query(url: &Url) -> Result<i64, &'static str> {
    match url.query().map(|query| query.strip_prefix("db=")) {
        None => Ok(0),
        Some(Some(number)) => database(number),
        Some(None) => Err("after the path of a socket there may be ?db=NUMBER alone"),
    }
}

fn database(number: &str) -> Result<i64, &'static str> {
    if number.is_empty() {
        return Ok(0);
    }
    number.parse::<u16>().map(i64::from).map_err(|_| "the database is a number")
}

fn decoded(text: &str) -> Result<String, &'static str> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| FORMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(text: &str) -> RedisStore {
        match text.parse() {
            Ok(Store::Redis(redis)) => redis,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_redis_is_at_a_host_behind_tls_or_at_a_socket() {
        let tcp = |host: &str, port| RedisAddress::Tcp(host.to_owned(), port);
        for (text, address, database, user) in [
            ("redis://cache", tcp("cache", 6379), 0, None),
            ("redis://10.0.0.1:7000/", tcp("10.0.0.1", 7000), 0, None),
            ("redis://[::1]:7000/3", tcp("::1", 7000), 3, None),
            ("redis://mcp@cache/3", tcp("cache", 6379), 3, Some("mcp")),
            ("rediss://cache.example", RedisAddress::Tls("cache.example".into(), 6379), 0, None),
            ("redis+unix:///run/r%20s.sock", RedisAddress::Unix("/run/r s.sock".into()), 0, None),
            ("redis+unix:///run/r.sock?db=3", RedisAddress::Unix("/run/r.sock".into()), 3, None),
        ] {
            let found = redis(text);
            assert_eq!((found.address, found.database), (address, database), "{text}");
            assert_eq!(found.user.as_deref(), user, "{text}");
        }
        assert_eq!("memory".parse(), Ok(Store::Memory));
    }

    #[test]
    fn what_is_no_store_is_refused_and_a_password_has_no_place_in_a_url() {
        for text in [
            "redis",
            "redis:",
            "redis://",
            "redis:///0",
            "redis://:7000",
            "redis://cache:99999",
            "redis://cache/first",
            "redis://cache/-1",
            "redis://cache?db=1",
            "rediss://cache/#insecure",
            "postgres://cache",
            "redis+unix://relative.sock",
            "redis+unix:///",
            "redis+unix:///run/r.sock?dbs=1",
        ] {
            assert!(text.parse::<Store>().is_err(), "{text}");
        }
        let long = |bytes: usize| format!("redis+unix:///{}", "r".repeat(bytes - 1)).parse::<Store>().is_ok();
        assert_eq!((long(107), long(108)), (true, false));
        for text in
            ["redis://:hunter2@cache", "rediss://mcp:hunter2@cache/1", "redis+unix:///r.sock?pass=hunter2"]
        {
            let refused = text.parse::<Store>().unwrap_err();
            assert!(refused.contains("MCP_AUTH_STORE_PASSWORD_FILE") && !refused.contains("hunter2"));
        }
    }
}
