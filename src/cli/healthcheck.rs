//! `healthcheck`: is the server of this machine ready?

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use super::{CliError, wait_for};
use crate::config::Listen;

pub(super) const EXAMPLE: &str = "\
Example, of a compose file:
  healthcheck:
    test: [\"CMD\", \"/mcp-auth-sidecar\", \"healthcheck\"]";

const PATIENCE: Duration = Duration::from_secs(2);
const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// More than the head of any answer of ours.
const LONGEST: u64 = 4096;

/// Gives what the server says of itself, if that is 200.
pub(super) fn healthcheck(listen: &Listen) -> Result<String, CliError> {
    let shown = match listen {
        Listen::Tcp(address) => address.to_string(),
        Listen::Unix(path) => format!("unix:{}", path.display()),
    };
    let not_ready = |why: String| CliError::NotReady(format!("{shown} is not ready: {why}"));
    let answer = wait_for(async { tokio::time::timeout(PATIENCE, asked(listen)).await })?;
    let answer = answer.map_err(|_| not_ready(format!("no answer within {} s", PATIENCE.as_secs())))?;
    let answer = answer.map_err(|error| not_ready(format!("no answer: {error}")))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if status(head) == Some("200") => Ok(body.to_owned()),
        Some((head, _)) if status(head).is_some() => {
            Err(not_ready(format!("it answers {}", status(head).unwrap_or_default())))
        }
        _ => Err(not_ready("what it answers is no HTTP".to_owned())),
    }
}

async fn asked(listen: &Listen) -> io::Result<String> {
    match listen {
        Listen::Tcp(address) => answer(TcpStream::connect(address).await?).await,
        Listen::Unix(path) => answer(UnixStream::connect(path).await?).await,
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<String> {
    stream.write_all(REQUEST).await?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn status(head: &str) -> Option<&str> {
    let (_, rest) = head.strip_prefix("HTTP/1.")?.split_once(' ')?;
    rest.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))
}
