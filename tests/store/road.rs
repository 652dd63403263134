//! A road to Redis on which scripts can be held up, as a lost packet holds them up.

use std::path::PathBuf;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

pub(crate) struct Road {
    pub(crate) url: String,
    clear: watch::Sender<bool>,
}

impl Road {
    pub(crate) async fn to(socket: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}", listener.local_addr().unwrap());
        let (clear, seen) = watch::channel(true);
        tokio::spawn(async move {
            while let Ok((traveller, _)) = listener.accept().await {
                tokio::spawn(travel(traveller, socket.clone().into(), seen.clone()));
            }
        });
        Self { url, clear }
    }

    pub(crate) fn block(&self) {
        self.clear.send_replace(false);
    }

    pub(crate) fn clear(&self) {
        self.clear.send_replace(true);
    }
}

/// What was on its way arrives, whether or not the sender is still there.
async fn travel(from: TcpStream, to: PathBuf, mut clear: watch::Receiver<bool>) {
    let (mut there, mut back) = from.into_split();
    let (mut answers, mut redis) = UnixStream::connect(to).await.unwrap().into_split();
    let returning = tokio::spawn(async move { copy(&mut answers, &mut back).await });
    let mut chunk = vec![0; 65_536];
    while let Ok(length @ 1..) = there.read(&mut chunk).await {
        let script = chunk[..length].windows(4).any(|word| word == b"EVAL");
        if script && clear.wait_for(|clear| *clear).await.is_err() {
            return;
        }
        redis.write_all(&chunk[..length]).await.unwrap();
    }
    drop(redis);
    let _ = returning.await;
}
